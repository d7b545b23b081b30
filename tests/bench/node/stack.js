// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// node stack.js PACKAGES STACK URL: what c/turns.c does, in JavaScript, by the npm package in PACKAGES, or by what Node.js has itself.
'use strict';

const http = require('node:http');
const path = require('node:path');
const { createInterface } = require('node:readline');

const [packages, stack, url] = process.argv.slice(2);
const MESSAGE = 'Where is my order?';
const REPLY_LENGTH = 96;
const OPTIONS = { apiKey: 'simulator-key', token: 'simulator-token', accountId: 'simulator-account', projectId: 'simulator-project' };

async function polyai() {
  const { ChatClient } = require(path.join(packages, 'node_modules/@polyai/chat'));
  const client = new ChatClient({ baseUrl: url, timeoutMs: 30_000, ...OPTIONS });
  const talk = await client.create();
  return async () => (await talk.respond(MESSAGE)).response;
}

const HEADERS = { 'Content-Type': 'application/json', 'X-API-KEY': OPTIONS.apiKey, 'X-TOKEN': OPTIONS.token };

/** A conversation by a function that posts JSON and gives the JSON of the answer. */
async function by(post) {
  const at = (operation) => `${url}/v1/${OPTIONS.accountId}/${OPTIONS.projectId}/chat/${operation}`;
  const { conversation_id: id } = await post(at('create'), '{}');
  return async () => (await post(at('respond'), JSON.stringify({ conversation_id: id, message: MESSAGE }))).response;
}

function byFetch() {
  return by(async (to, body) => {
    const answer = await fetch(to, { method: 'POST', headers: HEADERS, body, signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return await answer.json();
  });
}

function byHttp() {
  const agent = new http.Agent({ keepAlive: true });
  return by((to, body) =>
    new Promise((resolve, reject) => {
      const headers = { ...HEADERS, 'Content-Length': Buffer.byteLength(body) };
      const request = http.request(to, { method: 'POST', agent, headers, timeout: 30_000 }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())));
      });
      request.on('error', reject);
      request.end(body);
    }),
  );
}

const STACKS = { polyai, fetch: byFetch, http: byHttp };

async function measured(turn, turns) {
  const walls = new Float64Array(turns);
  const before = process.cpuUsage();
  const began = process.hrtime.bigint();
  for (let number = 0; number < turns; number += 1) {
    const from = process.hrtime.bigint();
    const said = await turn();
    walls[number] = Number(process.hrtime.bigint() - from) / 1e3;
    if (said.length !== REPLY_LENGTH) throw new Error('that was no reply');
  }
  const took = Number(process.hrtime.bigint() - began);
  const { user, system } = process.cpuUsage(before);
  walls.sort();
  return {
    wall_us: walls[turns >> 1],
    p99_us: walls[Math.floor((turns * 99) / 100)],
    cpu_us: (user + system) / turns,
    turns_per_s: (turns * 1e9) / took,
  };
}

async function main() {
  const turn = await STACKS[stack]();
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await measured(turn, Number(line))));
  }
}

main();
