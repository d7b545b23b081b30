// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { inspect } = require('node:util');
const chat = require('@polyai/chat');
const { simulated, until } = require('./simulated.js');

const host = simulated();

test('a conversation, from the greeting to the close', async () => {
  const talk = await host.client().create({ integrationAttributes: { customer_name: 'Sam' } });
  assert.equal(talk.greeting.response, 'Hello Sam.');
  assert.equal(talk.greeting.conversationId, talk.id);
  const reply = await talk.respond('human');
  assert.deepEqual([reply.response, reply.endConversation], ['I am putting you through.', false]);
  assert.deepEqual([reply.handoff.destination, reply.handoff.reason, reply.handoff.raw.priority], ['returns-desk', 'customer_request', 2]);
  assert.equal(reply.headers.get('x-SIMULATOR'), 'simulator, no PolyAI service contacted');
  assert.deepEqual(JSON.parse(reply.rawJson).response, reply.response);
  assert.equal(JSON.parse(JSON.stringify(reply)).handoff.destination, 'returns-desk');
  assert.equal((await talk.close()).wasOver, false);
  assert.deepEqual([talk.state, talk.isOver], ['closed', true]);
  await assert.rejects(talk.respond('hello'), chat.ConversationEndedError);
});

test('text arrives as it was given', async () => {
  const talk = await host.client().create();
  assert.equal((await talk.respond('héllo 😀\0end')).response, 'You said: héllo 😀\0end');
  await assert.rejects(talk.respond('half \ud800'), { kind: 'invalid_argument', delivery: 'not_sent', message: /^[^]*message holds a lone surrogate, .*toWellFormed/ });
  for (const metadata of [{ half: '\udc00' }, { '\udc00': 'half' }, { deep: ['\ud800'] }]) {
    await assert.rejects(talk.respond('hello', { metadata }), { kind: 'invalid_argument', message: /metadata holds a lone surrogate/ });
  }
  assert.equal((await host.received('respond')).length, 1);
});

test('a message, an empty one and none are three requests', async () => {
  const talk = await host.client().create();
  for (const message of ['hello', '', null, undefined]) await talk.respond(message);
  const bodies = (await host.received('respond')).map((each) => JSON.parse(each.body));
  assert.deepEqual(bodies.map((body) => body.message), ['hello', '', undefined, undefined]);
});

test('by the id alone, and by an attached conversation', async () => {
  const client = host.client();
  const { id } = await client.create();
  assert.equal((await client.respond(id, 'one')).response, 'You said: one');
  assert.equal((await client.attach(id).respond('two')).conversationId, id);
  assert.equal((await client.closeConversation(id)).wasOver, false);
  assert.throws(() => client.attach(''), chat.InvalidArgumentError);
  assert.throws(() => client.attach(7), { message: /conversationId must be a string, not number/ });
});

test('closing if that is still of use sends nothing to a conversation that is over', async () => {
  const talk = await host.client().create();
  assert.equal((await talk.respond('bye')).endConversation, true);
  assert.equal(await talk.closeIfOpen(), null);
  assert.equal((await host.received('close')).length, 0);
});

test('the end of a scope closes, and says so where that fails', async () => {
  const talk = await host.client().create();
  await talk[Symbol.asyncDispose]();
  assert.equal((await host.received('close')).length, 1);
  const another = await host.client({ maxAttempts: 1 }).create();
  await host.simulator.fault({ when: { operation: 'close' }, action: { answer: { status: 503 } } });
  await assert.rejects(another[Symbol.asyncDispose](), chat.ServerError);
});

test('a client says what it was made of, and no secret', () => {
  const client = host.client({ timeoutMs: 8000, retry503: true, proxy: 'http://sam:sesame@127.0.0.1:9', allowPlainHttp: true });
  const settings = Object.fromEntries(client.settings.map((each) => [each.name, each]));
  assert.deepEqual(settings.timeout_ms, { name: 'timeout_ms', value: '8000', origin: 'given explicitly' });
  assert.equal(settings.api_key.value, 'set');
  assert.equal(client.dialect, 'current');
  const shown = inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client) + JSON.stringify(client.settings);
  assert.ok(!/simulator-key|simulator-token|sesame/.test(shown), shown);
});

test('what is wrong with options is said', () => {
  const wrong = [
    [{ apiKey: undefined }, 'configuration', /api_key/],
    [{ timeout: 5 }, 'invalid_argument', /unknown option "timeout"; known are .*timeoutMs/],
    [{ timeoutMs: 0 }, 'configuration', /timeout_ms .*0 must be from 1/],
    [{ timeoutMs: {} }, 'invalid_argument', /timeoutMs must be a number, not object/],
    [{ onLog: 'console' }, 'invalid_argument', /onLog must be a function/],
    [{ toString: 'console' }, 'invalid_argument', /unknown option "toString"/],
    [{ onLog() {}, logLevel: 'loud' }, 'invalid_argument', /one of warn, info, debug/],
    [{ apiKey: 'sesame ' }, 'configuration', /holds a space/],
  ];
  for (const [options, kind, text] of wrong) {
    assert.throws(() => host.client(options), (error) => {
      assert.ok(error instanceof chat.ChatError && !error.message.includes('sesame'));
      assert.deepEqual([error.kind, error.delivery, error.mayResend], [kind, 'not_sent', true]);
      assert.match(error.message, text);
      return true;
    });
  }
});

test('a BigInt goes with all its digits, and a text that looks like one stays a text', async () => {
  for (const [given, shown] of [[89441100681234567890n, '89441100681234567890'], [-7n, '-7'], ['"1"', '"1"']]) {
    const talk = await host.client().create({ integrationAttributes: { customer_name: given, deep: [{ also: given }] } });
    assert.ok(talk.greeting.response.includes(`Hello ${shown}`), talk.greeting.response);
  }
});

test('what is wrong with a request rejects, and nothing is sent', async () => {
  const talk = await host.client().create();
  const circle = {};
  circle.circle = circle;
  const wrong = [
    [{ variantId: 'a' }, /unknown field of a respond "variantId"; known are .*asrLangCode/],
    [{ metadata: [1] }, /metadata must be an object, not an array/],
    [{ metadata: circle }, /metadata cannot be written as JSON/],
    [{ metadata: { much: Number.NaN } }, /metadata cannot be written as JSON: it holds NaN/],
    [{ metadata: new Map([['a', 1]]) }, /metadata cannot be written as JSON: it holds a Map/],
    [{ metadata: { deep: [new Set([1])] } }, /metadata cannot be written as JSON: it holds a Set/],
    [{ metadata: { toJSON: () => undefined } }, /metadata must be an object, not undefined/],
    [{ metadata: { toJSON: () => [1] } }, /metadata must be an object, not an array/],
    [{ metadata: { toJSON: () => { throw new Error('4929'); } } }, /metadata cannot be written as JSON: .*throws/],
    [{ timeoutMs: 0 }, /timeoutMs must be a number of milliseconds above 0/],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, /timeoutMs must be/],
    [{ timeoutMs: '5' }, /timeoutMs must be a number, not string/],
    [{ headers: { 'X-API-KEY': 'mine' } }, /X-API-KEY/i],
    [{ headers: { a: 1 } }, /the header "a" must be a string, not number/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ signal: { aborted: false, addEventListener() {} } }, /signal must be an AbortSignal/],
    ['soon', /options must be an object/],
  ];
  for (const [options, text] of wrong) {
    await assert.rejects(talk.respond('hello', options), (error) => {
      assert.deepEqual([error.kind, error.delivery], ['invalid_argument', 'not_sent'], String(error));
      assert.match(error.message, text);
      return true;
    });
  }
  await assert.rejects(talk.respond(7), { message: /message must be a string, not number/ });
  assert.equal((await host.received('respond')).length, 0);
});

test('an error tells all that the core knows', async () => {
  await host.simulator.fault({ when: { operation: 'respond' }, action: { answer: { status: 503, retry_after: { seconds: 7 } } } });
  const talk = await host.client().create();
  await assert.rejects(talk.respond('my card is 4929'), (error) => {
    assert.ok(error instanceof chat.ServerError && error instanceof Error);
    assert.equal(error.name, 'ServerError');
    assert.deepEqual([error.kind, error.delivery, error.mayResend, error.status, error.retryAfterMs], ['server', 'unknown', false, 503, 7000]);
    assert.deepEqual([error.attempts.length, error.attempts[0].isRetried, error.attempts[0].operation], [1, false, 'respond']);
    assert.equal(error.headers.get('retry-after'), '7');
    assert.equal(error.correlationId, error.headers.get('X-PolyAI-Correlation-Id'));
    assert.ok(error.message.includes(error.correlationId) && error.message.includes(error.explanation));
    assert.equal(JSON.parse(JSON.stringify(error)).http_status, 503);
    assert.ok(!inspect(error, { depth: 9 }).includes('4929'));
    return true;
  });
  assert.equal(talk.state, 'in_doubt');
  const nobody = host.client({ baseUrl: 'http://127.0.0.1:1', maxAttempts: 1 });
  await assert.rejects(nobody.create(), (error) => {
    assert.ok(error instanceof chat.ConnectError && error.cause instanceof Error);
    assert.match(error.cause.message, /refused/i);
    return true;
  });
});

test('a header that is not UTF-8 is its bytes', async () => {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'X-Odd': '\xff', 'X-Twice': ['one', 'two'] });
    response.end('{"conversation_id": "c-1", "response": "Hello.", "news": [1]}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { greeting } = await host.client({ baseUrl: `http://127.0.0.1:${server.address().port}` }).create();
    assert.deepEqual(greeting.headers.getAll('x-odd'), [Buffer.of(0xff)]);
    assert.deepEqual([greeting.headers.get('X-Odd'), greeting.headers.has('X-Odd'), greeting.headers.has('X-None')], [null, true, false]);
    assert.deepEqual(greeting.headers.getAll('X-Twice'), ['one', 'two']);
    assert.deepEqual(JSON.parse(JSON.stringify(greeting)).headers.find(([name]) => name === 'x-odd'), ['x-odd', [0xff]]);
    assert.deepEqual(greeting.unknownFields, { news: [1] });
    assert.equal(inspect(greeting), "Greeting('Hello.')");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('listeners hear of each attempt before the call is over, and cannot harm it', async () => {
  const heard = [];
  const client = host.client({
    onAttempt: (attempt) => heard.push(['attempt', attempt.operation, attempt.startedAtUnixMs > 0]),
    onLog: (level, line) => heard.push([level, line.includes('attempt 1')]),
  });
  await client.create();
  assert.deepEqual(heard, [['attempt', 'create', true], ['debug', true]]);
  const quiet = [];
  const warned = [];
  const onWarning = (warning) => warned.push(warning.message);
  process.on('warning', onWarning);
  const throwing = host.client({
    logLevel: 'info',
    onLog: (level) => quiet.push(level),
    onAttempt() {
      throw new Error('of the listener');
    },
  });
  await throwing.create();
  const later = async () => {
    throw new Error('of the later one');
  };
  await host.client({ onAttempt: later }).create();
  const odd = Object.create(null);
  for (const thrown of [odd, Symbol('odd')]) {
    await host.client({ onAttempt() { throw thrown; } }).create();
  }
  await host.client({ onAttempt: () => ({ then: (_, reject) => reject(new Error('of the thenable')) }) }).create();
  await until(() => warned.length >= 5, 'the warnings');
  process.off('warning', onWarning);
  assert.deepEqual(quiet, []);
  const threw = 'A listener of @polyai/chat threw:';
  assert.deepEqual(warned, [
    `${threw} Error: of the listener`,
    `${threw} Error: of the later one`,
    `${threw} [Object: null prototype] {}`,
    `${threw} Symbol(odd)`,
    `${threw} Error: of the thenable`,
  ]);
});

test('counters and recent attempts', async () => {
  const client = host.client();
  await (await client.create()).respond('hello');
  const metrics = client.metrics();
  assert.deepEqual([metrics.create.calls, metrics.respond.calls, metrics.attempts, metrics.openedConnections], [1, 1, 2, 1]);
  assert.deepEqual([metrics.respond.failures, metrics.respond.latency[0].upToMs > 0], [{}, true]);
  const attempts = client.recentAttempts();
  assert.deepEqual(attempts.map((each) => each.operation), ['create', 'respond']);
  assert.deepEqual(client.recentAttempts(attempts[0].serial).map((each) => each.operation), ['respond']);
  assert.match(client.recentLogLines(attempts[0].serial)[0].text, /^respond attempt 1/);
  assert.throws(() => client.recentAttempts(-1), chat.InvalidArgumentError);
});

test('environment and profile', async () => {
  const before = { ...process.env };
  const folder = mkdtempSync(path.join(tmpdir(), 'polyai-node-'));
  try {
    Object.assign(process.env, host.environment, { POLYAI_TIMEOUT_MS: '9000' });
    const client = chat.ChatClient.fromEnvironment({ closeTimeoutMs: 4000 });
    assert.equal((await client.create()).greeting.response, 'Hello there.');
    const settings = Object.fromEntries(client.settings.map((each) => [each.name, each]));
    assert.deepEqual([settings.timeout_ms.origin, settings.close_timeout_ms.value], ['environment variable POLYAI_TIMEOUT_MS', '4000']);
    const file = path.join(folder, 'config.toml');
    writeFileSync(file, `[desk]\nbase_url = "${host.simulator.url}"\napi_key = "simulator-key"\ntoken = "simulator-token"\n`);
    const { accountId, projectId } = host.simulator.clientOptions;
    const profiled = chat.ChatClient.fromProfile('desk', { file, accountId, projectId });
    assert.equal(profiled.baseUrl, client.baseUrl);
    assert.throws(() => chat.ChatClient.fromProfile('none', { file }), chat.ConfigurationError);
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    rmSync(folder, { recursive: true });
  }
});

test('replaced credentials and a shutdown', async () => {
  const client = host.client({ apiKey: 'another-key' });
  await assert.rejects(client.create(), chat.AuthenticationError);
  client.replaceCredentials('simulator-key', 'simulator-token');
  const talk = await client.create();
  assert.throws(() => client.replaceCredentials('a b', 'c'), chat.InvalidArgumentError);
  const turn = talk.start('never');
  await host.simulator.counts();
  await client.close();
  assert.equal(turn.done, true);
  await assert.rejects(turn.promise, { kind: 'cancelled' });
  await assert.rejects(client.create(), { kind: 'cancelled', delivery: 'not_sent' });
});
