// SPDX-License-Identifier: Apache-2.0 OR MIT
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { ChatClient } from '@polyai/chat';
import { PolyaiSimulator } from '@polyai/chat/testing';
import { webhook } from '../webhook.js';

const SECRET = 'webhook-secret';
const script = `
greeting = "Hello."
default_reply = "You said: {message}"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true
`;
let simulator;
let server;
let url;
let closeConversations;
const logged = [];

before(async () => {
  simulator = await PolyaiSimulator.start({ script, program: process.env.POLYAI_PROGRAM });
});
beforeEach(async () => {
  await simulator.reset();
  logged.length = 0;
  await serve();
});

async function serve(options, most) {
  const client = new ChatClient({ ...simulator.clientOptions, maxAttempts: 1, ...options });
  const made = webhook({ client, secret: SECRET, log: (line) => logged.push(line), mostKept: most });
  closeConversations = made.closeConversations;
  server?.close();
  server = made.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}/messages`;
}
after(async () => {
  server.close();
  await simulator.stop();
});

const sign = (body, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

async function deliver(message, signature) {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const headers = { 'Content-Type': 'application/json', 'X-Signature': signature ?? sign(body) };
  const answer = await fetch(url, { method: 'POST', body, headers });
  const text = await answer.text();
  return { status: answer.status, retryAfter: answer.headers.get('Retry-After'), body: text.startsWith('{') ? JSON.parse(text) : text };
}

const received = async (operation) => (await simulator.received()).filter((each) => each.operation === operation).length;

test('a sender has a conversation, until the agent ends it', async () => {
  const said = async (id, text) => (await deliver({ id, sender: 'sam', text })).body;
  assert.deepEqual(await said('1', 'hello'), { text: 'You said: hello', over: false, handoff: null });
  assert.deepEqual((await said('2', 'human')).handoff, { destination: 'returns-desk' });
  assert.equal((await said('3', 'bye')).over, true);
  assert.equal(await received('create'), 1);
  assert.equal((await said('4', 'again')).text, 'You said: again');
  assert.equal(await received('create'), 2);
});

test('what is not signed, or no message, is refused and reaches nobody', async () => {
  const message = { id: '1', sender: 'sam', text: 'hello' };
  for (const signature of ['', 'sha256=00', sign(JSON.stringify(message), 'another')]) {
    assert.equal((await deliver(message, signature)).status, 401);
  }
  for (const wrong of ['', 'no JSON', '{}', '{"id":1,"sender":"sam","text":"hello"}', 'null']) assert.equal((await deliver(wrong)).status, 400);
  assert.equal((await simulator.received()).length, 0);
  assert.throws(() => webhook({ secret: '' }), /secret/);
});

test('a message that is delivered again is not said again', async () => {
  const message = { id: 'm-1', sender: 'sam', text: 'hello' };
  const answers = await Promise.all([deliver(message), deliver(message)]);
  assert.deepEqual(answers[0], answers[1]);
  assert.deepEqual(await deliver(message), answers[0]);
  assert.equal(await received('respond'), 1);
});

test('what was surely not heard may be delivered again, and what may have been heard goes to a person', async () => {
  await simulator.fault({ when: { operation: 'respond', nth: 1 }, action: { answer: { status: 429, retry_after: { seconds: 7 } } } });
  const message = { id: 'm-1', sender: 'sam', text: 'hello' };
  assert.deepEqual(await deliver(message), { status: 503, retryAfter: '7', body: { error: 'rate_limited' } });
  assert.equal((await deliver(message)).body.text, 'You said: hello');
  await simulator.reset();
  await simulator.fault({ when: { operation: 'respond' }, action: { answer: { status: 503 } } });
  const lost = await deliver({ id: 'm-2', sender: 'sam', text: 'cancel my order' });
  assert.deepEqual([lost.status, lost.body.handoff], [200, { destination: 'people', reason: 'server' }]);
  assert.deepEqual(await deliver({ id: 'm-2', sender: 'sam', text: 'cancel my order' }), lost);
  assert.equal(await received('respond'), 1);
  // Nobody waits for a day, whatever the service asks for.
  await simulator.reset();
  await simulator.fault({ when: { operation: 'respond' }, action: { answer: { status: 429, retry_after: { seconds: 86_400 } } } });
  assert.equal((await deliver({ id: 'm-3', sender: 'sam', text: 'my order' })).retryAfter, '300');
  assert.ok(logged.length === 3 && logged.every((line) => !line.includes('order')), String(logged));
});

test('a create that failed is tried anew with the next message', async () => {
  await simulator.fault({ when: { operation: 'create', nth: 1 }, action: { answer: { status: 429 } } });
  assert.equal((await deliver({ id: '1', sender: 'sam', text: 'hello' })).status, 503);
  assert.equal((await deliver({ id: '1', sender: 'sam', text: 'hello' })).status, 200);
});

test('a failure that does not pass is told once, and asks nobody again', async () => {
  await serve({ apiKey: 'another-key' });
  const message = { id: '1', sender: 'sam', text: 'hello' };
  for (let delivery = 0; delivery < 3; delivery += 1) {
    assert.deepEqual(await deliver(message), { status: 500, retryAfter: null, body: { error: 'authentication' } });
  }
  assert.equal(await received('create'), 1);
  assert.equal(logged.length, 1, String(logged));
});

test('a text that cannot be sent is a bad request', async () => {
  const { status, body } = await deliver({ id: '1', sender: 'sam', text: 'half \ud800' });
  assert.equal(status, 400);
  assert.match(body.error, /lone surrogate/);
  assert.equal(await received('respond'), 0);
});

test('what fails unexpectedly is tried anew when it is delivered again', async () => {
  const client = new ChatClient(simulator.clientOptions);
  let creates = 0;
  const failingOnce = {
    create(options) {
      creates += 1;
      if (creates === 1) throw new RangeError('a defect');
      return client.create(options);
    },
  };
  const { app } = webhook({ client: failingOnce, secret: SECRET, log: (line) => logged.push(line) });
  server.close();
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}/messages`;
  const message = { id: '1', sender: 'sam', text: 'hello' };
  assert.deepEqual(await deliver(message), { status: 500, retryAfter: null, body: 'Internal Server Error' });
  assert.equal((await deliver(message)).body.text, 'You said: hello');
  assert.match(String(logged), /^a defect: "RangeError: a defect\\n +at /);
});

test('what Express refuses tells nobody where the program lies, and fills no log', async () => {
  for (const options of [
    { headers: { 'Content-Encoding': 'x'.repeat(3000) }, body: 'x' },
    { headers: { 'Content-Encoding': 'gzip' }, body: 'no gzip' },
    { body: 'x'.repeat(70_000) },
  ]) {
    const answer = await fetch(url, { method: 'POST', ...options });
    const text = await answer.text();
    assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
    assert.ok(text.length < 50 && !text.includes('at '), text);
  }
  assert.deepEqual(logged, []);
});

test('an id is one line, and the own one of its sender', async () => {
  const hostile = 'm-1\nwarn: forged \u001b[31m\u202e';
  for (const wrong of [{ id: hostile, sender: 'sam' }, { id: '1', sender: hostile }, { id: 'x'.repeat(201), sender: 'sam' }]) {
    assert.equal((await deliver({ ...wrong, text: 'hello' })).status, 400);
  }
  assert.equal((await deliver({ id: '1', sender: 'sam', text: 'hello' })).body.text, 'You said: hello');
  assert.equal((await deliver({ id: '1', sender: 'kim', text: 'and me' })).body.text, 'You said: and me');
  assert.equal(await received('create'), 2);
});

test('what a hostile service says is one line of the log, without keys and words', async () => {
  const message = `${'My card 4242 1881 was stolen'} simulator-key simulator-token\r\nforged \u001b[31m\u202e`;
  const forms = [message, encodeURIComponent(message), Buffer.from(message).toString('base64')].join(' ');
  const answer = { status: 422, body: { json: { error_code: forms, error_message: forms + 'x'.repeat(100_000) } } };
  await simulator.fault({ when: { operation: 'respond' }, action: { answer } });
  const given = await deliver({ id: '1', sender: 'sam', text: 'My card 4242 1881 was stolen' });
  assert.deepEqual(given, { status: 500, retryAfter: null, body: { error: 'rejected' } });
  assert.equal(logged.length, 1);
  assert.ok(logged[0].length < 4096 && !/[\p{Cc}\p{Cf}]/u.test(logged[0]), logged[0]);
  assert.ok(!/4242|simulator-(key|token)|NDI0/.test(logged[0]), logged[0]);
});

test('a conversation that makes room for another one is closed, and the rest at the end', async () => {
  await serve({}, 2);
  for (const sender of ['sam', 'kim', 'lee']) assert.equal((await deliver({ id: sender, sender, text: 'hello' })).status, 200);
  await closeConversations();
  assert.deepEqual([await received('create'), await received('close')], [3, 3]);
});

test('the program starts, answers, closes its conversations and ends', async () => {
  const { baseUrl, apiKey, token, accountId, projectId } = simulator.clientOptions;
  const keys = { POLYAI_BASE_URL: baseUrl, POLYAI_API_KEY: apiKey, POLYAI_TOKEN: token, POLYAI_ACCOUNT_ID: accountId, POLYAI_PROJECT_ID: projectId };
  const program = spawn(process.execPath, ['server.js'], { env: { ...process.env, ...keys, PORT: '0', WEBHOOK_SECRET: SECRET } });
  const ended = once(program, 'close');
  let said = '';
  const port = await new Promise((resolve, reject) => {
    for (const stream of [program.stdout, program.stderr]) {
      stream.on('data', (part) => {
        said += part;
        const listening = said.match(/listening at port (\d+)\n/);
        if (listening) resolve(listening[1]);
      });
    }
    ended.then(() => reject(new Error(`the program ended: ${said}`)), reject);
  });
  url = `http://127.0.0.1:${port}/messages`;
  assert.equal((await deliver({ id: '1', sender: 'sam', text: 'hello' })).body.text, 'You said: hello');
  program.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], said);
  assert.equal(await received('close'), 1);
});
