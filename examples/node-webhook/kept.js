// SPDX-License-Identifier: Apache-2.0 OR MIT

/** Keeps one value for each key. Drops the least recently used when there are too many, and what nobody has used for too long. */
export class Kept {
  #entries = new Map();
  #most;
  #ageMs;
  #onDropped;

  constructor(most, ageMs, onDropped = () => {}) {
    this.#most = most;
    this.#ageMs = ageMs;
    this.#onDropped = onDropped;
  }

  /** The value of the key, or one that is made now. */
  get(key, make) {
    const entry = this.#entries.get(key);
    const now = Date.now();
    const isFresh = entry !== undefined && now - entry.usedAt <= this.#ageMs;
    const value = isFresh ? entry.value : make();
    // At the end stands what was used last.
    this.#entries.delete(key);
    this.#entries.set(key, { value, usedAt: now });
    if (entry !== undefined && !isFresh) this.#onDropped(entry.value);
    if (this.#entries.size > this.#most) {
      const [oldest, { value: dropped }] = this.#entries.entries().next().value;
      this.#entries.delete(oldest);
      this.#onDropped(dropped);
    }
    return value;
  }

  /** Removes the value, if the key still has it. */
  forget(key, value) {
    if (this.#entries.get(key)?.value === value) this.#entries.delete(key);
  }

  /** Removes all values, and gives them. */
  takeAll() {
    const values = [...this.#entries.values()].map((entry) => entry.value);
    this.#entries.clear();
    return values;
  }
}
