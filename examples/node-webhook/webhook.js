// SPDX-License-Identifier: Apache-2.0 OR MIT
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ChatError } from '@polyai/chat';
import express from 'express';
import { Kept } from './kept.js';

const MOST_KEPT = 10_000;
const SENDER_MS = 30 * 60_000;
/** For so long a channel may deliver a message again. */
const MESSAGE_MS = 60 * 60_000;
/** A channel comes again after this time at the latest, whatever the service asks for. */
const LONGEST_PAUSE_S = 300;
/** An id of a message or of a sender: one line, and not longer than it is worth keeping. */
const ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;
/** How many conversations are closed at the same time at the end. */
const CLOSED_AT_ONCE = 16;
/** Failures that pass: the same message may succeed later. */
const PASSING = new Set(['rate_limited', 'busy', 'unavailable', 'connect', 'server', 'timeout', 'conversation_ended']);
const A_PERSON = 'Something went wrong. A person will get back to you.';

/**
 * The app that answers a channel's messages: `POST /messages` with `{"id", "sender", "text"}` and `X-Signature: sha256=HEX`, the HMAC of the
 * body. A message that is delivered again is not said again: it gets the same answer. `closeConversations` closes those that are kept; call it
 * when no more messages come.
 */
export function webhook({ client, secret, log = console.warn, mostKept = MOST_KEPT }) {
  if (!secret) throw new Error('the secret of the webhook is empty');
  const talks = new Kept(mostKept, SENDER_MS, close);
  const answers = new Kept(mostKept, MESSAGE_MS);

  async function close(talk) {
    // A create that failed was logged with its message.
    const made = await talk.catch(() => null);
    await made?.closeIfOpen().catch((error) => log(`conversation ${made.id}: ${error.message}`));
  }

  async function closeConversations() {
    const left = talks.takeAll().values();
    const closer = async () => {
      for (const talk of left) await close(talk);
    };
    await Promise.all(Array.from({ length: CLOSED_AT_ONCE }, closer));
  }

  async function respond({ sender, text }) {
    const talk = talks.get(sender, () => client.create({ integrationAttributes: { sender } }));
    try {
      const reply = await (await talk).respond(text);
      if (reply.endConversation) talks.forget(sender, talk);
      return { text: reply.response, over: reply.endConversation, handoff: reply.handoff?.raw ?? null };
    } catch (error) {
      // A new conversation for the next message, unless this one goes on.
      if (error.kind === 'conversation_ended' || !(await talk.catch(() => null))) talks.forget(sender, talk);
      throw error;
    }
  }

  async function answer(message) {
    try {
      return { status: 200, body: await respond(message) };
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      log(`message ${message.id}: ${error.message}`);
      if (error.kind === 'invalid_argument') return { status: 400, body: { error: error.explanation } };
      // The agent has not heard it: the channel may deliver it again where that can help. Otherwise nobody may.
      if (error.mayResend && PASSING.has(error.kind)) {
        const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1000);
        return { status: 503, retryAfter: Math.min(Math.max(seconds, 1), LONGEST_PAUSE_S), body: { error: error.kind } };
      }
      // A wrong key, say: the operator must act. The answer is kept, so a message that is delivered again asks nobody.
      if (error.mayResend) return { status: 500, body: { error: error.kind } };
      return { status: 200, body: { text: A_PERSON, over: false, handoff: { destination: 'people', reason: error.kind } } };
    }
  }

  const app = express();
  app.disable('x-powered-by');
  app.post('/messages', express.raw({ type: () => true, limit: '64kb' }), async (request, response) => {
    if (!isSigned(request.body, request.get('X-Signature'), secret)) return response.sendStatus(401);
    const message = read(request.body);
    if (!message) {
      return response.status(400).json({ error: 'id and sender must be lines of 1 to 200 characters, text a string that is not empty' });
    }
    // An id is the sender's own, and neither holds a line break.
    const key = `${message.sender}\n${message.id}`;
    const answered = answers.get(key, () => answer(message));
    const forget = () => answers.forget(key, answered);
    answered.catch(forget);
    const { status, retryAfter, body } = await answered;
    if (status === 503) {
      forget();
      response.set('Retry-After', String(retryAfter));
    }
    return response.status(status).json(body);
  });
  // Express itself would tell everybody where this program lies, and put what it was sent into the log.
  app.use((error, request, response, next) => {
    const status = error.status ?? 500;
    if (status >= 500) log(`a defect: ${JSON.stringify(error.stack)}`);
    if (response.headersSent) next(error);
    else response.sendStatus(status);
  });
  return { app, closeConversations };
}

function isSigned(body, signature, secret) {
  if (!Buffer.isBuffer(body)) return false;
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function read(body) {
  try {
    const { id, sender, text } = JSON.parse(body.toString('utf8'));
    const isMessage = [id, sender].every((each) => typeof each === 'string' && ID.test(each)) && typeof text === 'string' && text !== '';
    return isMessage ? { id, sender, text } : null;
  } catch {
    return null;
  }
}
