// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The runner of Node.js: does what steps say with `@polyai/chat`, and writes the outcome of each. With the argument `turns` it starts each
// call, and awaits the turn.
'use strict';

const chat = require('@polyai/chat');
const { createInterface } = require('node:readline');
const { inspect, isDeepStrictEqual } = require('node:util');

const LOOKED_UP = 'X-POLYAI-Correlation-ID';
const usesTurns = process.argv[2] === 'turns';
const ERROR_FIELDS = {
  kind: 'kind',
  delivery: 'delivery',
  may_resend: 'mayResend',
  phase: 'phase',
  message: 'explanation',
  text: 'message',
  http_status: 'status',
  error_code: 'errorCode',
  service_message: 'serviceMessage',
  correlation_id: 'correlationId',
  retry_after_ms: 'retryAfterMs',
  body_excerpt: 'bodyExcerpt',
};
const CLASSES = { permission: 'PermissionDeniedError', timeout: 'DeadlineExceededError', cancelled: 'CallCancelledError' };
const ANSWERS = [
  [chat.Greeting, 'greeting', ['response', 'plain_text', 'conversation_id', 'user_id']],
  [chat.Reply, 'reply', ['response', 'plain_text', 'conversation_id', 'end_conversation']],
  [chat.Closed, 'closed', ['was_over']],
];

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const mapped = (object, key, value = (each) => each) =>
  Object.fromEntries(Object.entries(object).map(([name, each]) => [key(name), value(each)]));

/** A value of an option as JavaScript has it. */
function option(value) {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^[0-9]{1,12}$/.test(value) ? Number(value) : value;
}

/** The names of options that exist; another one is given as it is. */
function optionName(name) {
  return name === 'time_out' ? name : camel(name);
}

function ofHeaders(headers) {
  return [...headers].map(([name, value]) => {
    if (!headers.getAll(name.toUpperCase()).some((each) => each.equals?.(value) ?? each === value)) throw new Error(`${name} is not found`);
    return [name, typeof value === 'string' ? value : [...value]];
  });
}

function ofOutcome(outcome) {
  for (const [kind, named, fields] of ANSWERS) {
    if (outcome instanceof kind) {
      const shown = Object.fromEntries(fields.map((name) => [name, outcome[camel(name)]]));
      Object.assign(shown, {
        correlation_id: outcome.correlationId,
        unknown_fields: outcome.unknownFields,
        raw: outcome.rawJson,
        headers: ofHeaders(outcome.headers),
        header: outcome.headers.get(LOOKED_UP),
        elapsed_us: Math.round(outcome.elapsedMs * 1000),
      });
      if (outcome instanceof chat.Reply) shown.handoff = ofHandoff(outcome.handoff);
      const all = JSON.parse(JSON.stringify(outcome));
      const differs = Object.keys(shown).find((name) => !['raw', 'header', 'plain_text'].includes(name) && !isDeepStrictEqual(shown[name], all[name]));
      return { [named]: shown, ...(differs && { wrong: `${differs} is ${JSON.stringify(all[differs])} in the JSON` }) };
    }
  }
  return {};
}

function ofHandoff(handoff) {
  return handoff && { destination: handoff.destination, reason: handoff.reason, raw: handoff.raw };
}

function ofError(error) {
  if (!(error instanceof chat.ChatError)) throw error;
  const shown = mapped(ERROR_FIELDS, (name) => name, (name) => error[name]);
  const all = JSON.parse(JSON.stringify(error));
  shown.number = all.number;
  shown.cause = all.cause;
  shown.attempts = error.attempts.map((attempt) => mapped(attempt, snake));
  shown.headers = ofHeaders(error.headers);
  shown.header = error.headers.get(LOOKED_UP);
  const differs = Object.keys(shown).find((name) => name !== 'header' && !isDeepStrictEqual(shown[name], all[name]));
  const failure = { error: shown, printed: `${error.stack}\n${inspect(error, { depth: null, showHidden: true })}` };
  if (differs) failure.wrong = `${differs} is ${JSON.stringify(all[differs])} in the JSON`;
  const expected = CLASSES[error.kind] ?? `${camel(`_${error.kind}`)}Error`;
  if (error.name !== expected || !(error instanceof chat[expected])) failure.wrong = `a ${error.name} is of the kind ${error.kind}`;
  if (error.kind !== 'cancelled' && (error.cause?.message ?? null) !== all.cause) failure.wrong = `the cause is ${error.cause}`;
  return failure;
}

class Caller {
  constructor(options) {
    this.client = new chat.ChatClient(mapped(options, optionName, option));
    this.conversations = new Map();
    this.turns = new Map();
    this.done = [];
    this.waiting = [];
  }

  of(step) {
    return this.conversations.get(step.conversation);
  }

  keep(step, conversation, isNew = true) {
    this.conversations.set(step.conversation, conversation);
    const shown = { id: conversation.id, greeting: conversation.greeting.response };
    return { ...(isNew && ofOutcome(conversation.greeting)), conversation: shown };
  }

  keepTurn(step, turn) {
    this.turns.set(step.turn, turn);
    const tell = () => {
      const next = this.waiting.shift();
      if (next) next(step.turn);
      else this.done.push(step.turn);
    };
    turn.then(tell, tell);
    return { correlation_id: turn.correlationId };
  }

  async act(step) {
    const { cancel_after_ms: after, cancelled_before: before, ...fields } = step.with ?? {};
    const options = mapped(fields, camel);
    if (before) options.signal = AbortSignal.abort();
    if (after !== undefined) options.signal = AbortSignal.timeout(after);
    const { client } = this;
    const of = this.of(step);
    const { id, message } = step;
    switch (step.do) {
      case 'attach':
        return this.keep(step, client.attach(id), false);
      case 'create':
        return this.keep(step, await (usesTurns ? client.startCreate(options) : client.create(options)));
      case 'respond':
        return ofOutcome(await (usesTurns ? of.start(message, options) : of.respond(message, options)));
      case 'close':
        return ofOutcome(await (usesTurns ? of.startClose(options) : of.close(options)));
      case 'respond_by_id':
        return ofOutcome(await (usesTurns ? client.startRespond(id, message, options) : client.respond(id, message, options)));
      case 'close_by_id':
        return ofOutcome(await (usesTurns ? client.startCloseConversation(id, options) : client.closeConversation(id, options)));
      case 'close_if_open':
        await (usesTurns ? of.startCloseIfOpen() : of[Symbol.asyncDispose]());
        return {};
      case 'start_create':
        return this.keepTurn(step, client.startCreate(options));
      case 'start_respond':
        return this.keepTurn(step, of.start(message, options));
      case 'start_close':
        return this.keepTurn(step, of.startClose(options));
      case 'start_respond_by_id':
        return this.keepTurn(step, client.startRespond(id, message, options));
      case 'start_close_by_id':
        return this.keepTurn(step, client.startCloseConversation(id, options));
      case 'start_close_if_open':
        return this.keepTurn(step, of.startCloseIfOpen());
      case 'warm_up':
        await (usesTurns ? client.startWarmUp(fields.timeout_ms) : client.warmUp(fields.timeout_ms));
        return {};
      case 'start_warm_up':
        return this.keepTurn(step, client.startWarmUp(fields.timeout_ms));
      case 'next_done':
        return { turn: this.done.shift() ?? (await new Promise((resolve) => this.waiting.push(resolve))) };
      case 'wait':
        return { done: await this.turns.get(step.turn).wait(step.wait_ms) };
      case 'cancel':
        this.turns.get(step.turn).cancel();
        return {};
      case 'take': {
        const outcome = await this.turns.get(step.turn);
        return outcome instanceof chat.Conversation ? this.keep(step, outcome) : ofOutcome(outcome);
      }
      case 'state':
        return { state: of.state, over: of.isOver };
      case 'shut_down':
        client.shutDown();
        return {};
      case 'log_lines':
        return { log: client.recentLogLines() };
      case 'replace_credentials':
        client.replaceCredentials(fields.api_key, fields.token);
        return {};
      default:
        throw new Error(`no such action: ${step.do}`);
    }
  }
}

async function answer(step, act) {
  let outcome;
  try {
    outcome = await act();
  } catch (error) {
    try {
      outcome = ofError(error);
    } catch (problem) {
      outcome = { wrong: problem.stack };
    }
  }
  process.stdout.write(`${JSON.stringify({ ...outcome, step: step.step })}\n`);
}

async function main() {
  let caller;
  for await (const line of createInterface({ input: process.stdin })) {
    const step = JSON.parse(line);
    const act = async () => {
      if (step.do !== 'begin') return await caller.act(step);
      caller = new Caller(step.options);
      return {};
    };
    const answered = answer(step, act);
    if (!step.on_a_thread) await answered;
  }
}

main();
