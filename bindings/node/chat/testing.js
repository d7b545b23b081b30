// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdtemp, rm, writeFile } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');

/** How much of what a simulator says is kept, for the error where it does not start. */
const MOST_SAID = 8192;

/** The simulators that run: one listener ends them with this process. */
const runningNow = new Set();
const endAll = () => {
  for (const running of runningNow) running.kill();
};

class PolyaiSimulator {
  #process;
  #folder;
  #url;

  constructor(running, folder, url) {
    this.#process = running;
    this.#folder = folder;
    this.#url = url;
  }

  static async start({ script, program = 'polyai-chat', args = [] } = {}) {
    const command = ['simulator'];
    let folder;
    if (script !== undefined) {
      folder = await mkdtemp(path.join(tmpdir(), 'polyai-simulator-'));
      const file = path.join(folder, 'agent.toml');
      await writeFile(file, script);
      command.push('--script', file);
    }
    const running = spawn(program, [...command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      return new PolyaiSimulator(running, folder, await firstLine(running, program));
    } catch (problem) {
      running.kill();
      if (folder) await rm(folder, { recursive: true });
      throw problem;
    }
  }

  get url() {
    return this.#url;
  }

  get clientOptions() {
    return {
      baseUrl: this.#url,
      apiKey: 'simulator-key',
      token: 'simulator-token',
      accountId: 'simulator-account',
      projectId: 'simulator-project',
    };
  }

  async received() {
    return await this.#ask('GET', 'received');
  }

  async counts() {
    return await this.#ask('GET', 'counts');
  }

  async fault(fault) {
    await this.#ask('POST', 'faults', fault);
  }

  async reset() {
    await this.#ask('DELETE', 'faults');
    await this.#ask('DELETE', 'received');
  }

  async stop() {
    const running = this.#process;
    if (running.exitCode === null && running.signalCode === null) {
      // Keep this process alive until the simulator has ended.
      running.ref();
      const ended = once(running, 'exit');
      running.kill();
      await ended;
    }
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  async #ask(method, what, body) {
    const answer = await fetch(`${this.#url}/_simulator/${what}`, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`the simulator refused that: ${said}`);
    return said === '' ? undefined : JSON.parse(said);
  }
}

/** The first line of what it prints, its URL. */
async function firstLine(running, program) {
  let said = '';
  running.stderr.on('data', (part) => {
    if (said.length < MOST_SAID) said += part;
  });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: running.stdout }).once('line', resolve);
    running.once('close', () => resolve(''));
    running.once('error', (problem) => reject(notStarted(program, problem)));
  });
  if (!line.startsWith('http')) throw new Error(`the simulator did not start: ${said || line}`);
  // It ends with this process, and keeps it alive no longer.
  running.unref();
  running.stdout.unref();
  running.stderr.unref();
  if (runningNow.size === 0) process.on('exit', endAll);
  runningNow.add(running);
  running.once('exit', () => {
    runningNow.delete(running);
    if (runningNow.size === 0) process.off('exit', endAll);
  });
  return line;
}

function notStarted(program, problem) {
  if (problem.code !== 'ENOENT') return problem;
  const remedy = 'install the command line of PolyAI chat, or name the program in the option `program`';
  return new Error(`there is no program ${program}, which holds the simulator: ${remedy}`, { cause: problem });
}

module.exports = { PolyaiSimulator };
