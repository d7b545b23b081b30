// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { camelCased } = require('./names.js');
const { AnswerHeaders } = require('./headers.js');
const native = require('./native.js');

class ChatError extends Error {
  #details;

  constructor(details, cause) {
    super(details.text);
    this.#details = details;
    const below = cause ?? (details.cause === null ? undefined : new Error(details.cause));
    if (below !== undefined) {
      Object.defineProperty(this, 'cause', { value: below, configurable: true, writable: true });
    }
  }

  get name() {
    return this.constructor.name;
  }

  get kind() {
    return this.#details.kind;
  }

  get delivery() {
    return this.#details.delivery;
  }

  get mayResend() {
    return this.#details.may_resend;
  }

  get phase() {
    return this.#details.phase;
  }

  get explanation() {
    return this.#details.message;
  }

  get status() {
    return this.#details.http_status;
  }

  get errorCode() {
    return this.#details.error_code;
  }

  get serviceMessage() {
    return this.#details.service_message;
  }

  get correlationId() {
    return this.#details.correlation_id;
  }

  get retryAfterMs() {
    return this.#details.retry_after_ms;
  }

  get bodyExcerpt() {
    return this.#details.body_excerpt;
  }

  get headers() {
    return new AnswerHeaders(this.#details.headers);
  }

  get attempts() {
    return this.#details.attempts.map(camelCased);
  }

  toJSON() {
    return structuredClone(this.#details);
  }
}

function failure(details, cause) {
  // The classes are made from this one.
  const { ERRORS } = require('./tables.js');
  return new (ERRORS.get(details.kind) ?? ChatError)(details, cause);
}

/** An argument that cannot be sent. */
function invalidArgument(message) {
  return failure(JSON.parse(native.invalidArgument(message)));
}

/** A call that was cancelled before it began. */
function cancelledBefore(reason) {
  return failure(JSON.parse(native.cancelledBefore()), reason);
}

/** What the native module threw, as what a user catches. */
function thrown(problem, cause) {
  if (problem?.code !== 'POLYAI_CHAT') return problem;
  const details = JSON.parse(problem.message);
  return failure(details, details.kind === 'cancelled' ? cause : undefined);
}

/** Calls the native module. `cause` is what cancelled the call, if anything did. */
function calling(call, cause) {
  try {
    return call();
  } catch (problem) {
    throw thrown(problem, cause);
  }
}

module.exports = { ChatError, invalidArgument, cancelledBefore, thrown, calling };
