// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Runs what the guide and the README show, each block as a module of its own.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { program, simulated } = require('./simulated.js');

const root = path.join(__dirname, '../../..');
const modules = path.join(path.dirname(require.resolve('@polyai/chat/package.json')), '../..');
const host = simulated();
const scratch = mkdtempSync(path.join(tmpdir(), 'polyai-node-'));
symlinkSync(modules, path.join(scratch, 'node_modules'));
symlinkSync(program, path.join(scratch, 'polyai-chat'));
after(() => rmSync(scratch, { recursive: true }));

/** Blocks may use these without making them. */
const FRAME = `import * as chat from '@polyai/chat';
const said = [];
globalThis.say = (...words) => said.push(words);
const given = { ...chat, client: chat.ChatClient.fromEnvironment() };
given.talk = await given.client.create();
`;

/** A block as a module: what it imports or makes itself is not given. Node 20 has no \`await using\`, so that is a \`const\` there. */
function asModule(block) {
  const names = ['ChatClient', 'ChatError', 'ConversationEndedError', 'client', 'talk'];
  const own = names.filter((name) => new RegExp(`^import .*\\b${name}\\b|\\b(const|using) ${name} =`, 'm').test(block));
  const imports = block.match(/^import .*$/gm) ?? [];
  const body = block.replace(/^import .*$/gm, '').replace(/\bawait using (?=\w+ =)/g, 'const ');
  const taken = names.filter((name) => !own.includes(name));
  return `${imports.join('\n')}\n${FRAME}const { ${taken.join(', ')} } = given;\n${body}\n`;
}

function run(file) {
  return new Promise((resolve) => {
    // A test runner that is started by another one runs nothing when it inherits this.
    const { NODE_TEST_CONTEXT, ...environment } = host.environment;
    const env = { ...environment, PATH: `${scratch}:${process.env.PATH}`, NODE_PATH: '' };
    const child = spawn(process.execPath, file.endsWith('.test.mjs') ? ['--test', '--test-reporter=tap', file] : [file], { cwd: scratch, env, timeout: 120_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part) => {
        output += part;
      });
    }
    child.on('close', (status) => resolve({ status, output }));
  });
}

for (const document of ['docs/node.md', 'bindings/node/README.md']) {
  const text = readFileSync(path.join(root, document), 'utf8');
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);
  assert.ok(blocks.length > 0, `${document} shows no JavaScript`);
  for (const [number, block] of blocks.entries()) {
    test(`${document} ${number + 1}: ${block.split('\n', 1)[0]}`, async () => {
      const isTest = block.includes("'node:test'");
      const file = path.join(scratch, `${path.basename(document, '.md')}-${number}${isTest ? '.test' : ''}.mjs`);
      writeFileSync(file, isTest ? block.replace(/\bawait using (?=\w+ =)/g, 'const ') : asModule(block));
      const { status, output } = await run(file);
      assert.equal(status, 0, output);
      if (isTest) assert.match(output, /^# pass 1$/m);
    });
  }
}
