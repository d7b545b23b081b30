// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { Conversation, closed, reply } = require('./conversation.js');
const { calling, invalidArgument } = require('./error.js');
const { Calls, events, listen, nextNumber } = require('./events.js');
const { camelCased } = require('./names.js');
const native = require('./native.js');
const { clientOptions, messageOf, requestOf, signalOf, text } = require('./request.js');
const { started, startedWithoutRequest } = require('./turn.js');

/** What is read before the options. Only this file can make one. */
class Source {
  constructor(fields) {
    this.json = JSON.stringify(fields);
  }
}

class ChatClient {
  #native;
  #calls;

  constructor(options, source = new Source({})) {
    if (!(source instanceof Source)) throw invalidArgument('a client takes its options only');
    const { json, listeners, logLevel } = clientOptions(options);
    const number = nextNumber();
    this.#native = calling(() => new native.Client(events, number, source.json, json, Boolean(listeners.onAttempt), logLevel));
    this.#calls = new Calls(listeners);
    if (listeners.onAttempt || listeners.onLog) listen(number, this.#calls);
  }

  static fromEnvironment(options) {
    return new ChatClient(options, new Source({ environment: true }));
  }

  static fromProfile(profile, options) {
    const { file = null, ...others } = options ?? {};
    const given = (name, value) => (value === undefined || value === null ? null : text(name, value));
    const source = new Source({ profile: given('profile', profile), file: given('file', file) });
    return new ChatClient(others, source);
  }

  get baseUrl() {
    return this.#native.baseUrl;
  }

  get dialect() {
    return this.#native.dialect;
  }

  get proxy() {
    return this.#native.proxy;
  }

  get settings() {
    return JSON.parse(this.#native.settings);
  }

  async create(options) {
    return await this.startCreate(options);
  }

  startCreate(options) {
    const { json, signal } = requestOf('create', options);
    const start = (number, token) => this.#native.startCreate(number, json, token);
    return started(this.#calls, signal, start, (made) => new Conversation(made, this, this.#calls));
  }

  attach(conversationId) {
    const id = text('conversationId', conversationId);
    return new Conversation(calling(() => this.#native.attach(id)), this, this.#calls);
  }

  async respond(conversationId, message, options) {
    return await this.startRespond(conversationId, message, options);
  }

  startRespond(conversationId, message, options) {
    const id = text('conversationId', conversationId);
    const said = messageOf(message);
    const { json, signal } = requestOf('respond', options);
    return started(this.#calls, signal, (number, token) => this.#native.startRespond(number, id, said, json, token), reply);
  }

  async closeConversation(conversationId, options) {
    return await this.startCloseConversation(conversationId, options);
  }

  startCloseConversation(conversationId, options) {
    const id = text('conversationId', conversationId);
    const { json, signal } = requestOf('close', options);
    return started(this.#calls, signal, (number, token) => this.#native.startCloseConversation(number, id, json, token), closed);
  }

  async warmUp(timeoutMs, options) {
    await this.startWarmUp(timeoutMs, options);
  }

  startWarmUp(timeoutMs, options) {
    if (typeof timeoutMs !== 'number') throw invalidArgument('timeoutMs must be a number of milliseconds');
    const start = (number) => this.#native.startWarmUp(number, timeoutMs);
    return startedWithoutRequest(this.#calls, signalOf(options), start, () => undefined);
  }

  replaceCredentials(apiKey, token) {
    calling(() => this.#native.replaceCredentials(text('apiKey', apiKey), text('token', token)));
  }

  metrics() {
    const { create, respond, close, ...others } = JSON.parse(this.#native.metrics());
    const of = (operation) => ({ ...camelCased(operation), latency: operation.latency.map(camelCased) });
    return { create: of(create), respond: of(respond), close: of(close), ...camelCased(others) };
  }

  recentAttempts(after = 0) {
    return JSON.parse(this.#native.recentAttempts(serial(after))).map(camelCased);
  }

  recentLogLines(after = 0) {
    return JSON.parse(this.#native.recentLogLines(serial(after)));
  }

  shutDown() {
    this.#native.shutDown();
  }

  async close() {
    this.shutDown();
    await Promise.allSettled(this.#calls.turns);
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `ChatClient(${this.baseUrl})`;
  }
}

function serial(number) {
  if (!Number.isSafeInteger(number) || number < 0) throw invalidArgument('after must be a whole number from 0 on');
  return number;
}

module.exports = { ChatClient };
