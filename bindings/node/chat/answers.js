// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { AnswerHeaders } = require('./headers.js');
const native = require('./native.js');

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const FIELDS = Symbol('fields');
const MOST_SHOWN = 60;

/** What every answer has. It is read from the JSON of the core. */
class Answer {
  #fields;

  constructor(json) {
    this.#fields = JSON.parse(json);
  }

  get [FIELDS]() {
    return this.#fields;
  }

  get correlationId() {
    return this.#fields.correlation_id;
  }

  get elapsedMs() {
    return this.#fields.elapsed_us / 1000;
  }

  get rawJson() {
    return this.#fields.raw_json;
  }

  get unknownFields() {
    return this.#fields.unknown_fields;
  }

  get headers() {
    return new AnswerHeaders(this.#fields.headers);
  }

  toJSON() {
    return structuredClone(this.#fields);
  }
}

class Greeting extends Answer {
  get response() {
    return this[FIELDS].response;
  }

  get plainText() {
    return native.plainText(this.response);
  }

  get conversationId() {
    return this[FIELDS].conversation_id;
  }

  get userId() {
    return this[FIELDS].user_id;
  }

  [INSPECT](_depth, _options, inspect) {
    return `Greeting(${inspect(shortened(this.response))})`;
  }
}

class Handoff {
  #fields;

  constructor(fields) {
    this.#fields = fields;
  }

  get destination() {
    return this.#fields.destination;
  }

  get reason() {
    return this.#fields.reason;
  }

  get raw() {
    return this.#fields.raw;
  }

  toJSON() {
    return structuredClone(this.#fields);
  }

  [INSPECT](_depth, _options, inspect) {
    return `Handoff(${inspect(this.destination)})`;
  }
}

class Reply extends Answer {
  #handoff;

  get response() {
    return this[FIELDS].response;
  }

  get plainText() {
    return native.plainText(this.response);
  }

  get conversationId() {
    return this[FIELDS].conversation_id;
  }

  get endConversation() {
    return this[FIELDS].end_conversation;
  }

  get handoff() {
    if (this[FIELDS].handoff === null) return null;
    this.#handoff ??= new Handoff(this[FIELDS].handoff);
    return this.#handoff;
  }

  [INSPECT](_depth, _options, inspect) {
    const parts = [inspect(shortened(this.response))];
    if (this.endConversation) parts.push('endConversation');
    if (this.handoff) parts.push(inspect(this.handoff));
    return `Reply(${parts.join(', ')})`;
  }
}

class Closed extends Answer {
  get wasOver() {
    return this[FIELDS].was_over;
  }

  [INSPECT]() {
    return `Closed(${this.wasOver ? 'wasOver' : ''})`;
  }
}

function shortened(text) {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}

module.exports = { Greeting, Handoff, Reply, Closed };
