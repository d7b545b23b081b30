// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { randomUUID } = require('node:crypto');
const { types } = require('node:util');
const { ChatError, invalidArgument } = require('./error.js');
const { FIELDS, LOG_LEVELS, OPTIONS } = require('./tables.js');

/** A lone surrogate is half of a pair: no character, and nothing that UTF-8 can hold. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A text that is given to the core as it is. */
function text(name, value) {
  if (typeof value !== 'string') throw invalidArgument(`${name} must be a string, not ${typeOf(value)}`);
  if (LONE_SURROGATE.test(value)) {
    throw invalidArgument(`${name} holds a lone surrogate, which is no character; use toWellFormed() on the text`);
  }
  return value;
}

function typeOf(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

function entries(name, options) {
  if (options === undefined || options === null) return [];
  if (typeof options !== 'object' || Array.isArray(options)) {
    throw invalidArgument(`${name} must be an object, not ${typeOf(options)}`);
  }
  return Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
}

function unknown(what, name, known) {
  return invalidArgument(`unknown ${what} "${name.slice(0, 64)}"; known are ${known.join(', ')}`);
}

/** What the options of a client say: those of the core as JSON, and the listeners. */
function clientOptions(options) {
  const said = {};
  const listeners = { onAttempt: undefined, onLog: undefined };
  let level = 'debug';
  for (const [name, value] of entries('options', options)) {
    const option = OPTIONS.get(name);
    if (option) {
      const [inCore, type] = option;
      // A string is read as an environment variable is; the core says what is wrong with it.
      if (typeof value !== type && typeof value !== 'string') {
        throw invalidArgument(`${name} must be a ${type}, not ${typeOf(value)}`);
      }
      said[inCore] = text(name, String(value));
    } else if (Object.hasOwn(listeners, name)) {
      if (typeof value !== 'function') throw invalidArgument(`${name} must be a function, not ${typeOf(value)}`);
      listeners[name] = value;
    } else if (name === 'logLevel') {
      if (!LOG_LEVELS.has(value)) throw invalidArgument(`logLevel must be one of ${[...LOG_LEVELS.keys()].join(', ')}`);
      level = value;
    } else {
      throw unknown('option', name, [...OPTIONS.keys(), ...Object.keys(listeners), 'logLevel']);
    }
  }
  const logLevel = listeners.onLog ? LOG_LEVELS.get(level) : 0;
  return { json: JSON.stringify(said), listeners, logLevel };
}

/** A signal that ends the call, if there is one. */
function signalOf(options) {
  const signal = options?.signal;
  if (signal === undefined || signal === null) return undefined;
  // Not by its class: a test environment may have one of its own.
  const methods = [signal.addEventListener, signal.removeEventListener];
  if (typeof signal.aborted !== 'boolean' || methods.some((method) => typeof method !== 'function')) {
    throw invalidArgument('signal must be an AbortSignal');
  }
  return signal;
}

/** What a call carries, as JSON for the core, and its signal. */
function requestOf(operation, options) {
  const signal = signalOf(options);
  const members = entries('options', options).filter(([name]) => name !== 'signal');
  return { json: `{${members.map(([name, value]) => member(operation, name, value)).join(',')}}`, signal };
}

/** The message of a turn; null is a turn without one. */
function messageOf(message) {
  return message === undefined || message === null ? null : text('message', message);
}

/** One member of a request, as JSON, with its name in the core. */
function member(operation, name, value) {
  const field = FIELDS.get(name);
  if (name === 'timeoutMs') {
    if (typeof value !== 'number') throw invalidArgument(`timeoutMs must be a number, not ${typeOf(value)}`);
    return `"timeout_ms":${JSON.stringify(value)}`;
  }
  if (name === 'headers') return `"headers":${JSON.stringify(headersOf(value))}`;
  if (!field?.[2].includes(operation) || (operation === 'respond' && name === 'message')) {
    throw unknown(`field of a ${operation}`, name, known(operation));
  }
  return `"${field[0]}":${field[1] === 'string' ? JSON.stringify(text(name, value)) : jsonOf(name, value)}`;
}

function headersOf(value) {
  const line = ([header, of]) => [text('the name of a header', header), text(`the header "${header.slice(0, 64)}"`, of)];
  return Object.fromEntries(entries('headers', value).map(line));
}

/** Stands before the digits of a BigInt until they are taken out of their quotes. Nobody else can write it. */
const DIGITS = `${randomUUID()}:`;
const QUOTED_DIGITS = new RegExp(`"${DIGITS}(-?[0-9]+)"`, 'g');

/** The JSON of an object, a BigInt with all its digits, without what would arrive as something else: a Map as an empty object, NaN as null. */
function jsonOf(name, value) {
  const refused = (why) => invalidArgument(`${name} cannot be written as JSON: ${why}`);
  let isRoot = true;
  let hasDigits = false;
  const seen = (key, part) => {
    if (isRoot && (typeof part !== 'object' || part === null || Array.isArray(part))) {
      throw invalidArgument(`${name} must be an object, not ${typeOf(part)}`);
    }
    isRoot = false;
    if (types.isMap(part)) throw refused('it holds a Map; use Object.fromEntries()');
    if (types.isSet(part)) throw refused('it holds a Set; use an array');
    if (typeof part === 'number' && !Number.isFinite(part)) throw refused('it holds NaN or an infinite number');
    text(`a name in ${name}`, key);
    if (typeof part === 'bigint') {
      hasDigits = true;
      return DIGITS + part;
    }
    return typeof part === 'string' ? text(name, part) : part;
  };
  try {
    const json = JSON.stringify(value, seen);
    return hasDigits ? json.replaceAll(QUOTED_DIGITS, '$1') : json;
  } catch (problem) {
    if (problem instanceof ChatError) throw problem;
    throw refused('it holds itself, or something in it throws');
  }
}

function known(operation) {
  const fields = [...FIELDS].filter(([name, row]) => row[2].includes(operation) && !(operation === 'respond' && name === 'message'));
  return [...fields.map(([name]) => name), 'timeoutMs', 'headers', 'signal'];
}

module.exports = { clientOptions, messageOf, requestOf, signalOf, text };
