/**
 * What passes between this page and the server: the view of the conversation in, the customer's sentences out.
 *
 * Each sentence has an id that is made here, once. Whatever happens to the request, it is repeated with the same id, and the
 * server says it to the agent once. So a lost connection needs no guess: the sentence waits here, over a reload too.
 */
import { Outbox } from "./outbox.js";
import { WORDS } from "./words.js";

const TURN_MS = 90_000;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const TYPING_AFTER_MS = 300;
const STILL_TYPING_AFTER_MS = 8000;
/** Where the turn is still under way at the end of the server's patience, in another process of it. */
const LOOK_AGAIN_MS = 700;
/** How often a page asks what a human has answered. */
const HUMAN_MS = 3000;
/** What the same sentence would meet again. */
const FOR_GOOD = new Set(["over", "too_long", "refused", "invalid"]);

export class Exchange {
  #base;
  #tell;
  #outbox = new Outbox();
  #view = { conversation: "none", number: 0, lines: [] };
  #has_view = false;
  #opening = false;
  #sending = false;
  #under_way = 0;
  #typing_timers = [];
  #human_timer;

  constructor(base, tell) {
    this.#base = base;
    this.#tell = tell;
  }

  /** Finds the conversation of this browser, else begins one; sends what still waits here. */
  async open() {
    if (this.#opening) return;
    this.#opening = true;
    try {
      await this.#persist("open", {});
      if (this.#view.conversation === "none") await this.begin();
      this.#send_all();
    } catch (refusal) {
      this.#refused(refusal);
    } finally {
      this.#opening = false;
    }
  }

  /** Begins the next conversation. Named by the one before, it begins once, however often the request is repeated. */
  async begin() {
    const begin = () => this.#with_typing(() => this.#persist("begin", { after: this.#view.number }));
    try {
      try {
        await begin();
      } catch (refusal) {
        if (refusal.body?.problem !== "no_session") throw refusal;
        // The server has forgotten this browser: it was away for long.
        await this.#persist("open", {});
        if (this.#view.conversation === "none") await begin();
      }
      this.#outbox.forget_not_sent();
      this.#show();
    } catch (refusal) {
      this.#refused(refusal);
    }
  }

  async look() {
    if (!this.#has_view) return this.open();
    try {
      const { status, body } = await this.#ask("view");
      if (status === 200) this.#take(body);
      this.#send_all();
    } catch {
      if (this.#view.is_with_human) this.#human_timer = setTimeout(() => this.look(), HUMAN_MS);
    }
  }

  say(text) {
    this.#outbox.add({ id: new_id(), number: this.#view.number, text, state: "sending" });
    this.#show();
    this.#send_all();
  }

  send_again(id) {
    const line = this.#view.lines.find(line => line.id === id);
    this.#outbox.add({ ...(this.#outbox.find(id) ?? line), id, number: this.#view.number, state: "sending" });
    this.#show();
    this.#send_all();
  }

  async end() {
    try {
      await this.#persist("end", { number: this.#view.number });
    } catch (refusal) {
      this.#refused(refusal);
    }
  }

  /** The last sentence that an ended conversation did not take, for the next one. */
  get not_taken() {
    return this.#lines().findLast(line => line.who === "customer" && line.state === "not_sent")?.text ?? "";
  }

  /** One after the other, so that they arrive in the order in which they were said. */
  async #send_all() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let next; (next = this.#outbox.next()); ) await this.#send(next);
    } finally {
      this.#sending = false;
    }
  }

  async #send(entry) {
    const { id, number, text } = entry;
    for (let tries = 0; ; tries += 1) {
      let answer;
      try {
        answer = await this.#with_typing(() => this.#ask("say", { id, number, text }));
      } catch {
        this.#change(entry, { state: "waiting" });
        await pause(tries);
        continue;
      }
      const { status, body } = answer;
      if (status === 202) {
        this.#take(body);
        this.#change(entry, { state: "sending" });
        await this.#with_typing(() => sleep(LOOK_AGAIN_MS));
        tries = 0;
      } else if (status === 200) {
        this.#outbox.remove(id);
        return this.#take(body);
      } else if (status === 401) {
        // The cookie is gone, and the conversation with it.
        this.#change(entry, { state: "not_sent", because: "over" });
        return this.#take({ ...this.#view, conversation: "over", because: "lost" });
      } else {
        const { problem: because, wait_s, view } = body;
        this.#change(entry, { state: "not_sent", because, wait_s });
        return view && this.#take(view);
      }
    }
  }

  /** Asks until there is an answer, and takes the view that it holds. A refusal is thrown. */
  async #persist(operation, body) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await this.#ask(operation, body);
        this.#tell({ trouble: "" });
        if (answer.status !== 200) throw new Refusal(answer.body);
        return this.#take(answer.body);
      } catch (error) {
        if (error instanceof Refusal) throw error;
        this.#tell({ trouble: WORDS.trouble.no_connection });
        await pause(tries);
      }
    }
  }

  /** One request. Throws where it had no answer of our server: a proxy's page about a failure is none. */
  async #ask(operation, body) {
    const answer = await fetch(new URL(operation, this.#base), {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
      credentials: "include",
      cache: "no-store",
      signal: AbortSignal.timeout(TURN_MS),
    });
    return { status: answer.status, body: await answer.json() };
  }

  #refused(refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const { problem, view } = refusal.body;
    if (view) this.#take(view);
    this.#tell({ trouble: WORDS.trouble[problem] ?? WORDS.trouble.unavailable, can_begin: this.#has_view });
  }

  #take(view) {
    this.#view = view;
    this.#has_view = true;
    for (const line of view.lines) {
      // Said in another tab, or before a reload, and not yet answered.
      if (line.state === "under_way" && !this.#outbox.find(line.id)) {
        this.#outbox.add({ id: line.id, number: view.number, text: line.text, state: "sending" });
      }
    }
    this.#show();
    clearTimeout(this.#human_timer);
    if (view.is_with_human) this.#human_timer = setTimeout(() => this.look(), HUMAN_MS);
  }

  #change(entry, how) {
    this.#outbox.change(entry.id, how);
    this.#show();
  }

  #lines() {
    const waiting = this.#outbox.of(this.#view.number);
    const from_server = this.#view.lines.map(line => ({ ...line, ...waiting.find(entry => entry.id === line.id) }));
    const known = new Set(from_server.map(line => line.id));
    const from_here = waiting.filter(entry => !known.has(entry.id));
    const is_open = this.#view.conversation === "open";
    return [...from_server, ...from_here.map(entry => ({ who: "customer", ...entry }))].map(line => ({
      ...line,
      may_send_again: is_open && line.state === "not_sent" && !FOR_GOOD.has(line.because),
    }));
  }

  #show() {
    if (this.#has_view) this.#tell({ view: { ...this.#view, lines: this.#lines() } });
  }

  async #with_typing(action) {
    this.#under_way += 1;
    if (this.#under_way === 1) {
      this.#typing_timers = [
        setTimeout(() => this.#tell({ typing: WORDS.typing }), TYPING_AFTER_MS),
        setTimeout(() => this.#tell({ typing: WORDS.still_typing }), STILL_TYPING_AFTER_MS),
      ];
    }
    try {
      return await action();
    } finally {
      this.#under_way -= 1;
      if (this.#under_way === 0) {
        this.#typing_timers.forEach(clearTimeout);
        this.#tell({ typing: "" });
      }
    }
  }
}

/** A random UUID. crypto.randomUUID is not there in pages that come by plain http. */
function new_id() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

class Refusal extends Error {
  constructor(body) {
    super(body.problem);
    this.body = body;
  }
}

function sleep(ms) {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Longer each time, but over at once when the browser is back on the network. */
function pause(tries) {
  return new Promise(resolve => {
    const go_on = () => {
      clearTimeout(timer);
      removeEventListener("online", go_on);
      resolve();
    };
    const timer = setTimeout(go_on, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
    addEventListener("online", go_on);
  });
}
