/** The sentences that the server has not answered for, kept over a reload of this tab. */

const KEY = "polyai-chat-widget:outbox";

export class Outbox {
  #entries = read();

  /** Adds it, or changes the one with this id. */
  add({ id, number, text, state }) {
    const entry = { id, number, text, state };
    const known = this.#entries.findIndex(other => other.id === id);
    if (known < 0) this.#entries.push(entry);
    else this.#entries[known] = entry;
    this.#keep();
  }

  find(id) {
    return this.#entries.find(entry => entry.id === id);
  }

  of(number) {
    return this.#entries.filter(entry => entry.number === number);
  }

  /** The first that is still to be sent. */
  next() {
    return this.#entries.find(entry => entry.state !== "not_sent");
  }

  change(id, how) {
    Object.assign(this.find(id) ?? {}, how);
    this.#keep();
  }

  remove(id) {
    this.#entries = this.#entries.filter(entry => entry.id !== id);
    this.#keep();
  }

  /** For a new conversation: these belong to the one before. */
  forget_not_sent() {
    this.#entries = this.#entries.filter(entry => entry.state !== "not_sent");
    this.#keep();
  }

  #keep() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#entries));
    } catch {
      // Storage is off or full: they do not outlive a reload.
    }
  }
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return Array.isArray(kept) ? kept : []; // the page, or another of its site, may have written anything
  } catch {
    return [];
  }
}
