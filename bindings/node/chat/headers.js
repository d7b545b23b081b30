// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

/** The headers of an answer: pairs of a name in lower case and its value, which is bytes where it is not UTF-8. */
class AnswerHeaders {
  #lines;

  constructor(lines) {
    this.#lines = lines.map(([name, value]) => [name, typeof value === 'string' ? value : Buffer.from(value)]);
  }

  get(name) {
    const text = this.getAll(name)[0];
    return typeof text === 'string' ? text : null;
  }

  getAll(name) {
    const wanted = String(name).toLowerCase();
    return this.#lines.filter(([each]) => each === wanted).map(([, value]) => value);
  }

  has(name) {
    return this.getAll(name).length > 0;
  }

  [Symbol.iterator]() {
    return this.#lines.map((line) => [...line])[Symbol.iterator]();
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `AnswerHeaders(${this.#lines.length})`;
  }
}

module.exports = { AnswerHeaders };
