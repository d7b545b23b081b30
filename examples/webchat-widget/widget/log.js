/** The lines of the conversation on the screen, kept equal to what the server and the outbox say. */
import { element } from "./panel.js";
import { WORDS } from "./words.js";

export class Log {
  #place;
  #send_again;
  #shown = new Map();

  constructor(place, send_again) {
    this.#place = place;
    this.#send_again = send_again;
  }

  /** Shows these lines; returns how many of them are new and from the agent. */
  show(lines, { all_at_once }) {
    const place = this.#place;
    const is_at_end = place.scrollHeight - place.scrollTop - place.clientHeight < 48;
    // A screen reader reads what is added; a restored conversation it would read from its beginning.
    if (all_at_once && lines.length > 1) place.setAttribute("aria-busy", "true");
    const wanted = new Set(lines.map(line => line.id));
    for (const [id, shown] of this.#shown) {
      if (wanted.has(id)) continue;
      shown.item.remove();
      this.#shown.delete(id);
    }
    let from_agent = 0;
    let added = false;
    let before = null;
    for (const line of lines) {
      let shown = this.#shown.get(line.id);
      if (!shown) {
        shown = this.#make(line);
        this.#shown.set(line.id, shown);
        added = true;
        if (line.who === "agent") from_agent += 1;
      }
      // Moved only where it stands wrong: a line that is moved is read out again.
      const next = before ? before.nextSibling : place.firstChild;
      if (shown.item !== next) place.insertBefore(shown.item, next);
      before = shown.item;
      this.#set_state(shown, line);
    }
    if (added && (is_at_end || all_at_once || lines.at(-1)?.who === "customer")) this.to_end();
    if (all_at_once) requestAnimationFrame(() => place.removeAttribute("aria-busy"));
    return from_agent;
  }

  to_end() {
    this.#place.scrollTop = this.#place.scrollHeight;
  }

  #make(line) {
    const who = { customer: WORDS.you, agent: WORDS.agent, notice: WORDS.notice }[line.who];
    const text = element("span", { class: "text", dir: "auto" });
    if (line.who !== "notice") text.setAttribute("lang", ""); // nobody knows in which language they talk
    text.textContent = line.text;
    const state = element("span", { class: "state" });
    const item = element("div", { class: `line ${line.who}` }, element("span", { class: "unseen" }, who), text, state);
    item.dataset.id = line.id;
    return { item, state, said: "" };
  }

  #set_state(shown, line) {
    const words = WORDS.states[line.state] ?? "";
    const refusal = WORDS.refusals[line.because];
    const why = typeof refusal === "function" ? refusal(line.wait_s ?? 1) : (refusal ?? "");
    const said = [words, why].filter(Boolean).join(" ");
    shown.item.dataset.state = line.state ?? "";
    const can_again = line.may_send_again;
    if (shown.said === said && shown.can_again === can_again) return;
    Object.assign(shown, { said, can_again });
    const had_focus = shown.state.contains(shown.state.getRootNode().activeElement);
    shown.state.textContent = said;
    if (can_again) {
      const button = element("button", { type: "button", class: "again" }, WORDS.try_again);
      button.addEventListener("click", () => this.#send_again(line.id));
      shown.state.append(" ", button);
      if (had_focus) button.focus();
    } else if (had_focus) {
      this.#place.focus(); // its button is gone; the focus stays in the conversation
    }
  }
}
