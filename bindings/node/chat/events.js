// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The events of the native module: calls that are done, attempts and log lines.
'use strict';

const { inspect } = require('node:util');
const { camelCased } = require('./names.js');
const native = require('./native.js');
const { LOG_LEVELS } = require('./tables.js');

/** The kinds of events of the native module; any other is a log line. */
const DONE = 0;
const ATTEMPT = 1;
const LEVELS = new Map([...LOG_LEVELS].map(([name, number]) => [number, name]));

/** The calls of one client, and its listeners. */
class Calls {
  /** Those under way. */
  turns = new Set();

  constructor(listeners) {
    this.listeners = listeners;
  }
}

/** What ends each call under way, by its number, with its client's calls: a call goes on, and is listened to, though nobody holds its turn. */
const underWay = new Map();
/** The calls of the clients that are listened to, by the numbers of those. Held weakly: a listener may hold its client. */
const listening = new Map();
const forgotten = new FinalizationRegistry((number) => listening.delete(number));
let lastNumber = 0;

const events = new native.Events((what, number, level, text) => {
  if (what === DONE) {
    const call = underWay.get(number);
    underWay.delete(number);
    if (underWay.size === 0) events.keepAlive(false);
    call?.done();
    return;
  }
  const listeners = listening.get(number)?.deref()?.listeners;
  if (what === ATTEMPT) notify(listeners?.onAttempt, camelCased(JSON.parse(text)));
  else notify(listeners?.onLog, LEVELS.get(level), text);
});

/** A listener that throws, at once or later, harms no call. */
function notify(listener, ...event) {
  const harmless = (problem) => warn('A listener', problem);
  try {
    const later = listener?.(...event);
    if (later !== undefined) Promise.resolve(later).catch(harmless);
  } catch (problem) {
    harmless(problem);
  }
}

/** Makes a warning of whatever was thrown, which need not be an error, nor have a text. */
function warn(thrower, problem) {
  const shown = inspect(problem, { customInspect: false, depth: 0, showProxy: true });
  process.emitWarning(`${thrower} of @polyai/chat threw: ${shown.split('\n', 1)[0]}`, { type: 'PolyaiChatWarning', detail: shown });
}

/** A number that no call under way and no client has. */
function nextNumber() {
  do {
    lastNumber = (lastNumber + 1) % 0xffff_ffff;
  } while (underWay.has(lastNumber) || listening.has(lastNumber));
  return lastNumber;
}

/** Has the listeners of these calls hear of the client with this number, for as long as the client is held or a call is under way. */
function listen(number, calls) {
  listening.set(number, new WeakRef(calls));
  forgotten.register(calls, number);
}

/** Has `done` be called when the call with this number is done. */
function onceDone(calls, number, done) {
  if (underWay.size === 0) events.keepAlive(true);
  underWay.set(number, { calls, done });
}

module.exports = { Calls, onceDone, events, listen, nextNumber, warn };
