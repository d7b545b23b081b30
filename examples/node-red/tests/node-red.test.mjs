// SPDX-License-Identifier: Apache-2.0 OR MIT
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PolyaiSimulator } from '@polyai/chat/testing';

const PATIENCE_MS = 120_000;
const example = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const script = `
greeting = "Hello {attribute.name|there}."
default_reply = "You said: {message}"

[[rules]]
message = "absent"
reply = "Are you still there?"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true
`;

/** What is posted to /chat goes through the node, and what comes out of it back, with the output that it came from. */
function flows(simulator) {
  const { baseUrl, accountId, projectId } = simulator.clientOptions;
  const at = { z: 'tab', x: 0, y: 0 };
  const through = (id, func, wires) => ({ id, type: 'function', ...at, func, outputs: 1, wires: [wires] });
  return [
    { id: 'tab', type: 'tab', label: 'chat' },
    { id: 'project', type: 'polyai-project', baseUrl, accountId, projectId },
    { id: 'in', type: 'http in', ...at, url: '/chat', method: 'post', wires: [['read']] },
    through('read', 'return Object.assign(msg, msg.payload, { payload: msg.payload.text });', ['chat']),
    { id: 'chat', type: 'polyai-chat', ...at, project: 'project', wires: [['reply'], ['handoff']] },
    through('reply', shown('reply'), ['out']),
    through('handoff', shown('handoff'), ['out']),
    { id: 'catch', type: 'catch', ...at, scope: ['chat'], wires: [['failure']] },
    through('failure', "msg.payload = { output: 'catch', ...(msg.polyai ?? { text: msg.error.message }) }; return msg;", ['out']),
    { id: 'out', type: 'http response', ...at, statusCode: '200', wires: [] },
  ];
}

function shown(output) {
  return `const { payload: text, conversationId, endConversation, handoff } = msg;
    msg.payload = { output: '${output}', text, conversationId, endConversation, handoff };
    return msg;`;
}

let simulator;
let host;
let ended;
let url;
let folder;
let said = '';

before(async () => {
  simulator = await PolyaiSimulator.start({ script, program: process.env.POLYAI_PROGRAM });
  folder = await mkdtemp(path.join(tmpdir(), 'polyai-node-red-'));
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(example, path.join(folder, 'node_modules/node-red-contrib-polyai-chat'));
  await writeFile(path.join(folder, 'package.json'), '{"dependencies": {"node-red-contrib-polyai-chat": "0.1.0"}}');
  await writeFile(path.join(folder, 'flows.json'), JSON.stringify(flows(simulator)));
  const { apiKey, token } = simulator.clientOptions;
  await writeFile(path.join(folder, 'flows_cred.json'), JSON.stringify({ project: { apiKey, token } }));
  await writeFile(
    path.join(folder, 'settings.js'),
    `module.exports = { uiPort: 0, uiHost: '127.0.0.1', flowFile: 'flows.json', credentialSecret: false, httpAdminRoot: false,
      telemetry: { enabled: false, updateNotification: false }, editorTheme: { tours: false } };`,
  );
  const red = path.join(path.dirname(createRequire(import.meta.url).resolve('node-red/package.json')), 'red.js');
  host = spawn(process.execPath, ['--preserve-symlinks', red, '--userDir', folder], { env: { ...process.env, NODE_RED_ENABLE_PROJECTS: 'false' } });
  ended = once(host, 'close');
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Node-RED did not start:\n${said}`)), PATIENCE_MS);
    const heard = (part) => {
      said += part;
      const server = said.match(/Server now running at (http:\S+)\n/);
      if (!server || !said.includes('Started flows')) return;
      url = `${server[1]}/chat`;
      clearTimeout(timer);
      resolve();
    };
    host.stdout.on('data', heard);
    host.stderr.on('data', heard);
    ended.then(() => reject(new Error(`Node-RED ended:\n${said}`)), reject);
  });
});
beforeEach(() => simulator.reset());
after(async () => {
  host?.kill();
  await ended;
  await simulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function say(body) {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  return await answer.json();
}

test('a conversation goes through the flow, and is kept by its id', async () => {
  const greeting = await say({ attributes: { name: 'Sam' } });
  assert.deepEqual([greeting.output, greeting.text, greeting.endConversation, greeting.handoff], ['reply', 'Hello Sam.', false, null]);
  const { conversationId } = greeting;
  assert.equal((await say({ conversationId, text: 'hello' })).text, 'You said: hello');
  assert.equal((await say({ conversationId })).text, 'Are you still there?');
  const handoff = await say({ conversationId, text: 'human' });
  assert.deepEqual([handoff.output, handoff.handoff], ['handoff', { destination: 'returns-desk' }]);
  assert.equal((await say({ conversationId, text: 'bye' })).endConversation, true);
  assert.deepEqual((await simulator.received()).map((each) => each.operation), ['create', ...Array(4).fill('respond')]);
});

test('a first message begins a conversation and is answered', async () => {
  const first = await say({ text: 'hello' });
  assert.deepEqual([first.output, first.text, typeof first.conversationId], ['reply', 'You said: hello', 'string']);
});

test('a catch node learns whether the message may be sent again', async () => {
  const { conversationId } = await say({});
  await simulator.fault({ when: { operation: 'respond' }, action: { answer: { status: 503 } } });
  assert.deepEqual(await say({ conversationId, text: 'my card is 4929' }), {
    output: 'catch',
    kind: 'server',
    delivery: 'unknown',
    mayResend: false,
    retryAfterMs: null,
  });
  const wrong = await say({ conversationId: 'no-such-conversation', text: 'hello' });
  assert.equal(wrong.mayResend, false);
  await simulator.reset();
  const gone = await say({ conversationId: 'no-such-conversation', text: 'hello' });
  assert.deepEqual([gone.kind, gone.mayResend], ['not_found', true]);
  assert.ok(!/4929|simulator-key|simulator-token/.test(said), said);
});

test('a payload that is no text is refused, and nothing is sent', async () => {
  const { conversationId } = await say({});
  for (const [text, type] of [[{ a: 1 }, 'object'], [['a'], 'an array'], [true, 'boolean']]) {
    const refused = await say({ conversationId, text });
    assert.deepEqual(refused, { output: 'catch', text: `TypeError: msg.payload must be a string or a number, not ${type}` });
  }
  assert.equal((await say({ conversationId, text: 7 })).text, 'You said: 7');
  assert.equal((await simulator.received()).filter((each) => each.operation === 'respond').length, 1);
});
