// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { test } = require('node:test');
const { simulated } = require('./simulated.js');

const host = simulated();
/** What a program that hangs is ended after. */
const PATIENCE_MS = 120_000;

/** Runs a program with a client of the simulator, and gives what became of it. */
function run(program, ...flags) {
  const code = `const chat = require('@polyai/chat');
    const client = chat.ChatClient.fromEnvironment();
    const heard = async () => {
      const answer = await fetch(process.env.POLYAI_BASE_URL + '/_simulator/received');
      return (await answer.json()).filter((each) => each.operation === 'respond').length;
    };
    (async () => { ${program} })();`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, '-e', code], { env: host.environment, timeout: PATIENCE_MS });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part) => {
        output += part;
      });
    }
    child.on('close', (status, signal) => resolve({ status, signal, output }));
  });
}

test('an idle client does not keep the process alive, and a call under way does', async () => {
  const idle = await run("await client.create(); console.log('idle');");
  assert.deepEqual(idle, { status: 0, signal: null, output: 'idle\n' });
  const busy = await run("const talk = await client.create(); talk.start('slow').then((reply) => console.log(reply.response));");
  assert.deepEqual(busy, { status: 0, signal: null, output: 'That took a while.\n' });
});

test('process.exit with a call under way ends the process', async () => {
  const ended = await run(`const talk = await client.create(); talk.start('never');
    while (await heard() < 1);
    console.log('exit'); process.exit(7);`);
  assert.deepEqual(ended, { status: 7, signal: null, output: 'exit\n' });
});

test('a turn that fails and that nobody awaits is no unhandled rejection', async () => {
  const cancelled = await run(`const talk = await client.create(); const turn = talk.start('never');
    while (await heard() < 1);
    turn.cancel(); while (!turn.done) await new Promise(setImmediate);
    const failing = talk.start('never'); client.shutDown(); while (!failing.done) await new Promise(setImmediate);
    console.log('fine');`);
  assert.deepEqual(cancelled, { status: 0, signal: null, output: 'fine\n' });
  const ignored = await run("client.shutDown(); client.create();");
  assert.equal(ignored.status, 1, 'a promise that nobody handles is reported as any other');
  assert.match(ignored.output, /CallCancelledError/);
});

test('a simulator keeps no process alive, and its end is waited for', async () => {
  const start = "const { PolyaiSimulator } = require('@polyai/chat/testing');"
    + 'const simulator = await PolyaiSimulator.start({ program: process.env.POLYAI_PROGRAM }); const { length } = await simulator.received();';
  assert.deepEqual(await run(`${start} console.log(length);`), { status: 0, signal: null, output: '0\n' });
  const stopped = await run(`${start} await simulator.stop(); await simulator.stop();
    console.log(await fetch(simulator.url).then(() => 'it runs', () => 'it is gone'));`);
  assert.deepEqual(stopped, { status: 0, signal: null, output: 'it is gone\n' });
  const missing = await run("await require('@polyai/chat/testing').PolyaiSimulator.start({ program: 'no-such-program' }).catch((e) => console.log(e.message));");
  assert.match(missing.output, /there is no program no-such-program, .* option `program`/);
  const wrong = await run(`const { PolyaiSimulator } = require('@polyai/chat/testing');
    await PolyaiSimulator.start({ program: process.env.POLYAI_PROGRAM, script: 'greting = 1' }).catch((e) => console.log(e.message));`);
  assert.match(wrong.output, /did not start: [^]*greting/);
});

const WORKERS = `const { Worker } = require('node:worker_threads');
  const { once } = require('node:events');
  const code = 'const chat = require("@polyai/chat"); const { parentPort } = require("node:worker_threads");'
    + 'const client = chat.ChatClient.fromEnvironment(); (async () => { const talk = await client.create();'
    + 'parentPort.postMessage((await talk.respond("hello")).response); talk.start("never"); talk.start("never"); })();';`;

test('each worker thread has clients of its own, and its end ends their calls', async () => {
  const ended = await run(`${WORKERS}
    const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }));
    for (const [said] of await Promise.all(workers.map((worker) => once(worker, 'message')))) console.log(said);
    while (await heard() < 8);
    await Promise.all(workers.map((worker) => worker.terminate()));
    const talk = await client.create();
    console.log((await talk.respond('after them')).response);`);
  assert.deepEqual(ended, { status: 0, signal: null, output: `${'You said: hello\n'.repeat(4)}You said: after them\n` });
});

test('workers that are ended at any moment harm nothing', async () => {
  const ended = await run(`${WORKERS}
    for (let round = 0; round < 12; round += 1) {
      const worker = new Worker(code, { eval: true });
      if (round % 3) await once(worker, 'online'); else await once(worker, 'message');
      if (round % 2) await new Promise(setImmediate);
      await worker.terminate();
    }
    console.log('fine');`);
  assert.deepEqual(ended, { status: 0, signal: null, output: 'fine\n' });
});

test('what is dropped is freed, with its connections', async () => {
  const freed = await run(
    `const { readdirSync, readlinkSync } = require('node:fs');
    const sockets = () => readdirSync('/proc/self/fd').filter((each) => {
      try { return readlinkSync('/proc/self/fd/' + each).startsWith('socket:'); } catch { return false; }
    }).length;
    await heard(); const before = sockets(); let left = 0;
    const registry = new FinalizationRegistry(() => { left -= 1; });
    const keep = (object) => { left += 1; registry.register(object); return object; };
    await (async () => {
      for (let each = 0; each < 8; each += 1) {
        const another = keep(chat.ChatClient.fromEnvironment({ onAttempt: () => another }));
        const talk = keep(await another.create());
        keep(await talk.respond('hello'));
        const turn = keep(talk.start('hello'));
        await turn;
      }
    })();
    for (let each = 0; each < 2000 && (left > 0 || sockets() > before); each += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(left, sockets() <= before);`,
    '--expose-gc',
  );
  assert.deepEqual(freed, { status: 0, signal: null, output: '0 true\n' });
});

test('a call under way is listened to though its client and its turn are held by nobody', async () => {
  const heard = await run(
    `const attempts = [];
    let left = 0;
    const registry = new FinalizationRegistry(() => { left -= 1; });
    const keep = (object) => { left += 1; registry.register(object); return object; };
    await (async () => {
      const another = keep(chat.ChatClient.fromEnvironment({ onAttempt: (attempt) => attempts.push(attempt.operation) }));
      const { id } = await another.create();
      another.startRespond(id, 'slow');
    })();
    for (let each = 0; each < 2000 && (left > 0 || attempts.length < 2); each += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(left, attempts.join());`,
    '--expose-gc',
  );
  assert.deepEqual(heard, { status: 0, signal: null, output: '0 create,respond\n' });
});

test('many simulators have one listener of the end of the process between them', async () => {
  const started = await run(`const { PolyaiSimulator } = require('@polyai/chat/testing');
    const before = process.listenerCount('exit');
    const start = () => PolyaiSimulator.start({ program: process.env.POLYAI_PROGRAM });
    const simulators = [await start(), await start(), await start()];
    const during = process.listenerCount('exit');
    await Promise.all(simulators.map((each) => each.stop()));
    console.log(during - before, process.listenerCount('exit') - before);`);
  assert.deepEqual(started, { status: 0, signal: null, output: '1 0\n' });
});
