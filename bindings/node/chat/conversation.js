// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { Closed, Greeting, Reply } = require('./answers.js');
const { messageOf, requestOf, signalOf } = require('./request.js');
const { started, startedWithoutRequest } = require('./turn.js');

const reply = (json) => new Reply(json);
const closed = (json) => new Closed(json);
const closedIfAny = (json) => (json === null ? null : new Closed(json));

class Conversation {
  #native;
  #client;
  #calls;
  #greeting;

  constructor(native, client, calls) {
    this.#native = native;
    this.#client = client;
    this.#calls = calls;
  }

  get client() {
    return this.#client;
  }

  get id() {
    return this.#native.id;
  }

  get greeting() {
    this.#greeting ??= new Greeting(this.#native.greeting);
    return this.#greeting;
  }

  get state() {
    return this.#native.state;
  }

  get isOver() {
    return this.#native.isOver;
  }

  async respond(message, options) {
    return await this.start(message, options);
  }

  start(message, options) {
    const said = messageOf(message);
    const { json, signal } = requestOf('respond', options);
    return started(this.#calls, signal, (number, token) => this.#native.startRespond(number, said, json, token), reply);
  }

  async close(options) {
    return await this.startClose(options);
  }

  startClose(options) {
    const { json, signal } = requestOf('close', options);
    return started(this.#calls, signal, (number, token) => this.#native.startClose(number, json, token), closed);
  }

  async closeIfOpen(options) {
    return await this.startCloseIfOpen(options);
  }

  startCloseIfOpen(options) {
    const start = (number) => this.#native.startCloseIfOpen(number);
    return startedWithoutRequest(this.#calls, signalOf(options), start, closedIfAny);
  }

  async [Symbol.asyncDispose]() {
    await this.closeIfOpen();
  }

  [Symbol.for('nodejs.util.inspect.custom')](_depth, _options, inspect) {
    return `Conversation(${inspect(this.id)}, ${this.state})`;
  }
}

module.exports = { Conversation, reply, closed };
