// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach } = require('node:test');
const { ChatClient } = require('@polyai/chat');
const { PolyaiSimulator } = require('@polyai/chat/testing');

const script = readFileSync(path.join(__dirname, 'agent.toml'), 'utf8');
const program = process.env.POLYAI_PROGRAM;

/** A simulator for the tests of a file, which forgets the last test before each. */
function simulated() {
  const held = {};
  before(async () => {
    held.simulator = await PolyaiSimulator.start({ script, program });
  });
  beforeEach(async () => {
    await held.simulator.reset();
  });
  after(async () => {
    await held.simulator.stop();
  });
  return {
    get simulator() {
      return held.simulator;
    },
    client(options) {
      return new ChatClient({ ...held.simulator.clientOptions, ...options });
    },
    /** The requests of an operation that have arrived. */
    async received(operation) {
      return (await held.simulator.received()).filter((each) => each.operation === operation);
    },
    /** The environment of a program that reaches it. */
    get environment() {
      const { baseUrl, apiKey, token, accountId, projectId } = held.simulator.clientOptions;
      return {
        ...process.env,
        POLYAI_BASE_URL: baseUrl,
        POLYAI_API_KEY: apiKey,
        POLYAI_TOKEN: token,
        POLYAI_ACCOUNT_ID: accountId,
        POLYAI_PROJECT_ID: projectId,
      };
    },
  };
}

/** Waits until something holds. */
async function until(holds, what) {
  for (let left = 6000; left > 0; left -= 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never came: ${what}`);
}

module.exports = { program, script, simulated, until };
