// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const native = require('./native.js');

/** The token of each signal: one for all its calls, so that none of them takes the place of another that is being ended. */
const tokens = new WeakMap();

class SignalToken {
  token = new native.CancelToken();
  #signal;
  #calls = 0;
  #onAbort = () => this.token.cancelForGood();

  constructor(signal) {
    this.#signal = new WeakRef(signal);
  }

  // Only while there are calls: a signal that lives on keeps no listener.
  take(signal) {
    if (signal.aborted) this.#onAbort();
    else if (this.#calls === 0) signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#calls += 1;
  }

  release() {
    this.#calls -= 1;
    if (this.#calls === 0) this.#signal.deref()?.removeEventListener('abort', this.#onAbort);
  }
}

const nothing = () => {};

/** A token that ends a call when this signal says so, and what has to be called when the call is over. */
function tokenOf(signal) {
  if (signal === undefined) return { token: undefined, release: nothing };
  let shared = tokens.get(signal);
  if (shared === undefined) {
    shared = new SignalToken(signal);
    tokens.set(signal, shared);
  }
  shared.take(signal);
  return { token: shared.token, release: () => shared.release() };
}

module.exports = { tokenOf };
