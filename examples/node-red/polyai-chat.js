// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { ChatClient, ChatError } = require('@polyai/chat');

const EMPTY = ['', undefined, null];
const filled = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => !EMPTY.includes(value)));

/** The text of a message; null where there is none. An object would be said as "[object Object]". */
function textOf(payload) {
  if (EMPTY.includes(payload)) return null;
  if (typeof payload === 'string' || typeof payload === 'number') return String(payload);
  throw new TypeError(`msg.payload must be a string or a number, not ${Array.isArray(payload) ? 'an array' : typeof payload}`);
}

module.exports = (RED) => {
  /** The project and its keys: one client, which all nodes that name it share. */
  function PolyaiProject(config) {
    RED.nodes.createNode(this, config);
    const { studioUrl, baseUrl, accountId, projectId, timeoutMs } = config;
    const given = { studioUrl, baseUrl, accountId, projectId, timeoutMs: timeoutMs && Number(timeoutMs), ...this.credentials };
    try {
      this.client = new ChatClient({
        ...filled(given),
        logLevel: 'info',
        onLog: (level, line) => (level === 'warn' ? this.warn(line) : this.log(line)),
      });
    } catch (error) {
      this.error(error.message);
    }
    this.on('close', (done) => {
      if (this.client) this.client.close().then(done, done);
      else done();
    });
  }
  const secret = { type: 'password' };
  RED.nodes.registerType('polyai-project', PolyaiProject, { credentials: { apiKey: secret, token: secret } });

  /**
   * Says `msg.payload` in the conversation `msg.conversationId`, and begins one where there is none. The first output has each reply, the second one
   * those with a handoff.
   */
  function PolyaiChat(config) {
    RED.nodes.createNode(this, config);
    const project = RED.nodes.getNode(config.project);
    let underWay = 0;
    const show = (change) => {
      underWay += change;
      this.status(underWay === 0 ? {} : { fill: 'blue', shape: 'dot', text: `${underWay} under way` });
    };

    async function answered(msg) {
      const { client } = project;
      const text = textOf(msg.payload);
      const isNew = EMPTY.includes(msg.conversationId);
      const talk = isNew ? await client.create({ integrationAttributes: msg.attributes }) : client.attach(msg.conversationId);
      msg.conversationId = talk.id;
      const reply = isNew && text === null ? talk.greeting : await talk.respond(text);
      const { endConversation = false, handoff = null } = reply;
      Object.assign(msg, { payload: reply.response, endConversation, handoff: handoff?.raw ?? null });
      return msg;
    }

    this.on('input', async (msg, send, done) => {
      if (!project?.client) {
        done(new Error('no project is configured'));
        return;
      }
      show(1);
      try {
        const answer = await answered(msg);
        send(answer.handoff === null ? [answer, null] : [null, answer]);
        done();
      } catch (error) {
        if (error instanceof ChatError) {
          const { kind, delivery, mayResend, retryAfterMs } = error;
          msg.polyai = { kind, delivery, mayResend, retryAfterMs };
        }
        done(error);
      } finally {
        show(-1);
      }
    });
  }
  RED.nodes.registerType('polyai-chat', PolyaiChat);
};
