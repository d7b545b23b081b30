// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const chat = require('@polyai/chat');

const built = path.dirname(path.dirname(require.resolve('@polyai/chat/package.json')));
const scratch = mkdtempSync(path.join(tmpdir(), 'polyai-node-'));
after(() => rmSync(scratch, { recursive: true }));

/** What a program says that loads the package from a folder with this platform package. */
function loaded(name, makePlatform, code = "require('@polyai/chat')") {
  const modules = path.join(scratch, name, 'node_modules/@polyai');
  mkdirSync(modules, { recursive: true });
  cpSync(path.join(built, 'chat'), path.join(modules, 'chat'), { recursive: true });
  makePlatform?.(path.join(modules, 'chat-linux-x64-gnu'));
  const file = path.join(scratch, name, 'program.js');
  writeFileSync(file, `${code.startsWith('import') ? '' : "'use strict';"}${code}`);
  const ran = spawnSync(process.execPath, [file], { encoding: 'utf8', env: { ...process.env, NODE_PATH: '' } });
  assert.equal(ran.status, 1);
  return ran.stderr;
}

function platform(folder, version, code) {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: '@polyai/chat-linux-x64-gnu', version, main: 'index.js' }));
  writeFileSync(path.join(folder, 'index.js'), code);
}

test('a platform package that is missing or another one is named, with what to install', () => {
  const remedy = `npm install @polyai/chat-linux-x64-gnu@${chat.version}`;
  const missing = loaded('missing');
  assert.match(missing, /ERR_POLYAI_CHAT_MODULE/);
  assert.ok(missing.includes(remedy) && missing.includes('is not installed') && missing.includes('--omit=optional'), missing);
  const older = loaded('older', (folder) => platform(folder, '0.0.9', "exports.VERSION = '0.0.9'"));
  assert.ok(older.includes(remedy) && older.includes('found version 0.0.9'), older);
  const other = loaded('other', (folder) => platform(folder, '0.1.0', ''));
  assert.ok(other.includes(remedy) && other.includes('found another module'), other);
  const broken = loaded('broken', (folder) => {
    cpSync(path.join(built, 'chat-linux-x64-gnu'), folder, { recursive: true });
    writeFileSync(path.join(folder, 'polyai-chat.node'), 'this is no library');
  });
  assert.ok(broken.includes(remedy) && broken.includes('cannot be loaded') && /invalid ELF header|file too short/.test(broken), broken);
});

test('a system without a module is told which there are', () => {
  const code = "Object.defineProperty(process, 'arch', { value: 'riscv64' }); require('@polyai/chat')";
  assert.match(loaded('system', undefined, code), /no native module for linux-riscv64-gnu; it runs on linux-x64-gnu/);
  const musl = "process.report.getReport = () => ({ header: {} }); require('@polyai/chat')";
  assert.match(loaded('musl', undefined, musl), /no native module for linux-x64-musl/);
});

test('a module for another C library that is installed is not blamed', () => {
  const musl = "process.report.getReport = () => ({ header: {} }); require('@polyai/chat')";
  const broken = (folder) => platform(folder, chat.version, "throw new Error('no libc.so.6')");
  assert.match(loaded('of-glibc', broken, musl), /no native module for linux-x64-musl; it runs on linux-x64-gnu[^]*no libc\.so\.6/);
});

test('import and require give the same, by the same names', () => {
  const folder = path.join(scratch, 'esm');
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  cpSync(built, path.join(folder, 'node_modules/@polyai'), { recursive: true });
  writeFileSync(
    path.join(folder, 'program.mjs'),
    `import { createRequire } from 'node:module';
    import * as imported from '@polyai/chat';
    import { PolyaiSimulator } from '@polyai/chat/testing';
    const required = createRequire(import.meta.url)('@polyai/chat');
    const differing = Object.keys(required).filter((name) => imported[name] !== required[name]);
    console.log(differing.length, Object.keys(required).length, typeof PolyaiSimulator, imported.default === required);`,
  );
  const said = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_PATH: '' } });
  assert.equal(said, `0 ${Object.keys(chat).length} function true\n`);
});

test('npm installs what is published, and runs no script', { skip: process.env.POLYAI_NPM ? false : 'npm is not there' }, () => {
  const folder = path.join(scratch, 'installed');
  const project = path.join(folder, 'project');
  mkdirSync(project, { recursive: true });
  const env = { ...process.env, npm_config_cache: path.join(folder, 'cache'), npm_config_userconfig: path.join(folder, 'npmrc') };
  const npm = (cwd, ...args) => execFileSync(process.env.POLYAI_NPM, args, { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const name of ['chat', 'chat-linux-x64-gnu']) npm(path.join(built, name), 'pack', '--pack-destination', folder);
  const packed = readdirSync(folder).filter((each) => each.endsWith('.tgz')).map((each) => path.join(folder, each));
  writeFileSync(path.join(project, 'package.json'), '{"private": true}');
  // The platform package first: the other one then needs no registry.
  npm(project, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...packed.sort().reverse());
  const said = execFileSync(process.execPath, ['-e', "console.log(require('@polyai/chat').version)"], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: '' },
  });
  assert.equal(said, `${chat.version}\n`);
  const files = readdirSync(path.join(project, 'node_modules/@polyai/chat'));
  for (const needed of ['index.js', 'index.d.ts', 'answers.d.ts', 'error.d.ts', 'metrics.d.ts', 'tables.d.ts', 'LICENSE-MIT', 'README.md']) assert.ok(files.includes(needed), needed);
  const { scripts } = JSON.parse(JSON.stringify(require('@polyai/chat/package.json')));
  assert.equal(scripts, undefined);
});
