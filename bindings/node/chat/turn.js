// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { calling, cancelledBefore, invalidArgument, thrown } = require('./error.js');
const { onceDone, nextNumber, warn } = require('./events.js');
const { tokenOf } = require('./signals.js');

const nobody = () => {};
/** Gives a turn its outcome. Only this file can. */
let settle;

class Turn {
  #call;
  #made;
  #signal;
  #settled;
  #promise;
  #resolve;
  #reject;
  #isDone = false;

  constructor(call, signal, made, settled) {
    this.#call = call;
    this.#made = made;
    this.#signal = signal;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A caller that only cancels the turn does not handle its rejection.
    this.#promise.catch(nobody);
    this.#settled = settled;
  }

  static {
    settle = (turn) => turn.#settle();
  }

  get done() {
    return this.#isDone;
  }

  get correlationId() {
    return this.#call.correlationId;
  }

  get promise() {
    return this.#promise;
  }

  cancel() {
    this.#call.cancel();
  }

  wait(timeoutMs) {
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0 && timeoutMs <= 86_400_000)) {
      return Promise.reject(invalidArgument('timeoutMs must be a number of milliseconds from 0 to 86400000'));
    }
    if (this.#isDone) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, false);
      const finish = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.#promise.then(finish, finish);
    });
  }

  // A turn can be awaited as a promise can.
  then(onFulfilled, onRejected) {
    return this.#promise.then(onFulfilled, onRejected);
  }

  catch(onRejected) {
    return this.#promise.catch(onRejected);
  }

  finally(onFinally) {
    return this.#promise.finally(onFinally);
  }

  #settle() {
    this.#isDone = true;
    try {
      this.#resolve(this.#made(this.#call.take()));
    } catch (problem) {
      this.#reject(thrown(problem, reasonOf(this.#signal)));
    }
    try {
      this.#settled();
    } catch (problem) {
      warn('A signal', problem);
    }
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `Turn(${this.correlationId}, ${this.#isDone ? 'done' : 'under way'})`;
  }
}

/** What cancelled a call, if its signal did. */
function reasonOf(signal) {
  return signal?.aborted ? signal.reason : undefined;
}

/** A turn of these calls, known by its number until it is done. */
function underWay(calls, number, turn) {
  onceDone(calls, number, () => settle(turn));
  calls.turns.add(turn);
  const forget = () => calls.turns.delete(turn);
  turn.then(forget, forget);
  return turn;
}

/** Starts a call: `start` is given its number and a token to end it, and `made` makes what the turn gives of its outcome. */
function started(calls, signal, start, made) {
  const number = nextNumber();
  const { token, release } = tokenOf(signal);
  try {
    const call = calling(() => start(number, token), reasonOf(signal));
    return underWay(calls, number, new Turn(call, signal, made, release));
  } catch (problem) {
    release();
    throw problem;
  }
}

/** As `started`, for a call that takes no request, and so no token. */
function startedWithoutRequest(calls, signal, start, made) {
  if (signal?.aborted) throw cancelledBefore(signal.reason);
  const number = nextNumber();
  const call = calling(() => start(number));
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return underWay(calls, number, new Turn(call, signal, made, () => signal?.removeEventListener('abort', cancel)));
}

module.exports = { Turn, started, startedWithoutRequest };
