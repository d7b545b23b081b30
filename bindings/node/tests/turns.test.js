// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const assert = require('node:assert/strict');
const { getEventListeners, once } = require('node:events');
const { readFile } = require('node:fs/promises');
const { test } = require('node:test');
const chat = require('@polyai/chat');
const { simulated, until } = require('./simulated.js');

const host = simulated();
const isHeard = (count = 1) => until(async () => (await host.received('respond')).length >= count, 'the turn is heard');

test('a turn is awaited as a promise is, more than once, and waited for a while', async () => {
  const talk = await host.client().create();
  const endless = talk.start('never');
  assert.equal(endless.done, false);
  assert.match(endless.correlationId, /^[0-9a-f-]{36}$/);
  assert.equal(await endless.wait(0), false);
  endless.cancel();
  await assert.rejects(endless.promise, { kind: 'cancelled' });
  const turn = (await host.client().create()).start('slow');
  const order = [];
  const filler = turn.wait(60_000).then((done) => order.push(done));
  const reply = await turn.finally(() => order.push('finally'));
  await filler;
  assert.equal(reply, await turn);
  assert.equal(reply, await turn.promise);
  assert.deepEqual([reply.response, reply.correlationId, turn.done, await turn.wait(1)], ['That took a while.', turn.correlationId, true, true]);
  assert.deepEqual(order.sort(), ['finally', true]);
  await assert.rejects(turn.wait(-1), chat.InvalidArgumentError);
  const created = await host.client().startCreate();
  assert.ok(created instanceof chat.Conversation);
});

test('a cancelled turn says whether the agent may have heard it', async () => {
  const talk = await host.client().create();
  const turn = talk.start('never');
  await isHeard();
  turn.cancel();
  await assert.rejects(turn.promise, (error) => {
    assert.ok(error instanceof chat.CallCancelledError);
    assert.deepEqual([error.delivery, error.mayResend, error.phase], ['unknown', false, 'headers']);
    return true;
  });
  turn.cancel();
});

test('a signal that is aborted before sends nothing', async () => {
  const client = host.client();
  const talk = await client.create();
  const signal = AbortSignal.abort('hung up');
  const calls = [
    () => talk.respond('hello', { signal }),
    () => client.create({ signal }),
    () => talk.close({ signal }),
    () => talk.closeIfOpen({ signal }),
    () => client.respond(talk.id, 'hello', { signal }),
    () => client.closeConversation(talk.id, { signal }),
    () => client.warmUp(1000, { signal }),
  ];
  for (const call of calls) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof chat.CallCancelledError, String(call));
      assert.deepEqual([error.delivery, error.mayResend, error.cause], ['not_sent', true, 'hung up']);
      return true;
    });
  }
  assert.equal((await host.simulator.received()).length, 1);
});

test('a signal that is aborted during a call ends it for good', async () => {
  const talk = await host.client().create();
  const controller = new AbortController();
  const waiting = talk.respond('never', { signal: controller.signal });
  const queued = talk.respond('hello', { signal: controller.signal });
  await isHeard();
  controller.abort(new Error('hung up'));
  const [first, second] = (await Promise.allSettled([waiting, queued])).map((each) => each.reason);
  assert.deepEqual([first.kind, first.delivery, first.mayResend, first.cause.message], ['cancelled', 'unknown', false, 'hung up']);
  assert.deepEqual([second.kind, second.delivery, second.mayResend], ['cancelled', 'not_sent', true]);
  await assert.rejects(talk.respond('hello', { signal: controller.signal }), { kind: 'cancelled', delivery: 'not_sent' });
  assert.equal((await host.received('respond')).length, 1);
});

test('a signal whose listener cannot be taken off leaves the outcome as it is', async () => {
  const talk = await host.client().create();
  const signal = {
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error('of the signal');
    },
  };
  const warned = once(process, 'warning');
  assert.equal((await talk.respond('hello', { signal })).response, 'You said: hello');
  assert.match((await warned)[0].message, /A signal of @polyai\/chat threw: Error: of the signal/);
});

test('a signal that serves many calls keeps no listeners of theirs', async () => {
  const client = host.client();
  const talk = await client.create();
  const { signal } = new AbortController();
  for (let turn = 0; turn < 3; turn += 1) await talk.respond('hello', { signal });
  await client.warmUp(20_000, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  const late = new AbortController();
  await talk.respond('hello', { signal: late.signal });
  late.abort();
  await assert.rejects(talk.respond('hello', { signal: late.signal }), { kind: 'cancelled', delivery: 'not_sent' });
});

test('files are read while 64 turns are under way', async () => {
  const client = host.client();
  const talks = await Promise.all(Array.from({ length: 64 }, () => client.create()));
  const order = [];
  const turns = talks.map((talk) => talk.start('never'));
  await isHeard(64);
  const all = Promise.allSettled(turns).then(() => order.push('turns'));
  for (let file = 0; file < 8; file += 1) {
    await readFile(__filename);
    order.push('file');
  }
  assert.ok(turns.every((turn) => !turn.done));
  assert.deepEqual(order, Array(8).fill('file'));
  client.shutDown();
  await all;
});

test('turns of one conversation are sent in the order of the calls', async () => {
  const talk = await host.client().create();
  const said = ['one', 'two', 'three', 'four'];
  await Promise.all(said.map((message) => talk.respond(message)));
  const bodies = (await host.received('respond')).map((each) => JSON.parse(each.body).message);
  assert.deepEqual(bodies, said);
});

test('a connection that is opened ahead serves the first turn', async () => {
  const client = host.client();
  await client.warmUp(20_000);
  await client.create();
  assert.equal(client.metrics().openedConnections, 1);
  assert.equal((await host.simulator.received())[0].number_on_connection, 1);
  await assert.rejects(client.warmUp(0), chat.InvalidArgumentError);
  await assert.rejects(client.warmUp('soon'), chat.InvalidArgumentError);
});
