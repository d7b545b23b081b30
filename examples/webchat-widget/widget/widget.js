/**
 * The chat widget. One line puts it into a page:
 *
 *     <script type="module" src="https://chat.example.com/widget/widget.js"></script>
 *
 * It brings an element of its own, <polyai-chat-widget>, and appends one to the page unless the page already has it, for
 * instance with a heading of its own: <polyai-chat-widget heading="Ask Acme"></polyai-chat-widget>.
 */
import { Exchange } from "./exchange.js";
import { Log } from "./log.js";
import { build } from "./panel.js";
import { WORDS } from "./words.js";

const NAME = "polyai-chat-widget";
const WAS_OPEN = `${NAME}:open`;
/** Below this width the panel takes the whole window, and the page behind it is out of reach while it is open. */
const NARROW = matchMedia("(max-width: 480px)");

async function stylesheet() {
  // Set by script, so that the page's policy needs no more than the script and the connection to this server.
  const answer = await fetch(new URL("widget.css", import.meta.url));
  if (!answer.ok) throw new Error(`widget.css: ${answer.status}`);
  return new CSSStyleSheet().replace(await answer.text());
}

class Widget extends HTMLElement {
  #parts;
  #log;
  #exchange;
  #view = { conversation: "none", number: 0 };
  #unread = 0;

  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    this.#parts = build(this.getAttribute("heading") ?? WORDS.heading);
    root.adoptedStyleSheets = [await stylesheet()];
    root.append(this.#parts.frame);

    this.#log = new Log(this.#parts.log, id => this.#exchange.send_again(id));
    this.#exchange = new Exchange(new URL("../chat/", import.meta.url), event => this.#take(event));
    this.#listen();
    this.setAttribute("ready", "");
    // Opened in this tab before: the page was reloaded, and the conversation goes on. The focus stays where the page has it.
    if (remembered()) this.#open({ takes_focus: false });
  }

  #listen() {
    const { launcher, dialog, close, end, form, text, begin } = this.#parts;
    launcher.addEventListener("click", () => this.#open({ takes_focus: true }));
    close.addEventListener("click", () => this.#close());
    end.addEventListener("click", () => this.#exchange.end());
    begin.addEventListener("click", async () => {
      const words = this.#exchange.not_taken;
      await this.#exchange.begin();
      if (this.#view.conversation === "open" && !text.value) {
        text.value = words; // what the conversation before did not take is not lost
        this.#resize_text();
      }
    });
    dialog.addEventListener("keydown", event => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.#close();
    });
    dialog.addEventListener("cancel", event => {
      event.preventDefault(); // what closes a modal dialog on phones: the gesture "back"
      this.#close();
    });
    form.addEventListener("submit", event => {
      event.preventDefault();
      this.#say();
    });
    text.addEventListener("keydown", event => {
      // 229 is what Enter is called while it picks a word of an input method.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      if (!event.repeat) this.#say();
    });
    text.addEventListener("input", () => this.#resize_text());
    NARROW.addEventListener("change", () => {
      if (!dialog.open) return;
      const focused = this.shadowRoot.activeElement;
      dialog.close();
      this.#show_dialog();
      focused?.focus();
    });
    // Another tab of the same customer may have gone on meanwhile.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && dialog.open) this.#exchange.look();
    });
  }

  #open({ takes_focus }) {
    const { launcher, dialog, form, text, begin } = this.#parts;
    const before = focused_element();
    this.#show_dialog();
    launcher.hidden = true;
    launcher.setAttribute("aria-expanded", "true");
    this.#unread = 0;
    remember(true);
    this.#exchange.open();
    if (takes_focus) (form.hidden ? begin : text).focus();
    else if (!NARROW.matches && before) before.focus({ preventScroll: true });
    else if (!NARROW.matches) this.shadowRoot.activeElement?.blur();
    this.#log.to_end();
  }

  #show_dialog() {
    const { dialog } = this.#parts;
    if (NARROW.matches) dialog.showModal();
    else dialog.show();
  }

  #close() {
    const { launcher, dialog } = this.#parts;
    dialog.close();
    launcher.hidden = false;
    launcher.setAttribute("aria-expanded", "false");
    this.#name_launcher();
    remember(false);
    launcher.focus();
  }

  #say() {
    const { text, counter } = this.#parts;
    const words = well_formed(text.value.trim());
    if (!words || this.#view.conversation !== "open") return; // a second Enter finds the field empty
    this.#exchange.say(words); // first: what fails here leaves the words where they are
    text.value = "";
    counter.textContent = "";
    this.#resize_text();
    text.focus();
  }

  #resize_text() {
    const { text, counter } = this.#parts;
    text.style.blockSize = "auto";
    text.style.blockSize = `${text.scrollHeight + 2}px`;
    const left = text.maxLength - text.value.length;
    counter.setAttribute("aria-live", left ? "off" : "polite"); // not with every letter
    counter.textContent = left < 200 ? WORDS.characters_left(left) : "";
  }

  /** What the exchange has to tell: the server's view of the conversation, or what is going on. */
  #take({ view, typing, trouble, can_begin = false }) {
    if (view) this.#show(view);
    if (typing !== undefined) this.#parts.typing(typing);
    if (trouble === undefined) return;
    this.#parts.trouble(trouble);
    if (this.#view.conversation === "none") this.#parts.over.hidden = !can_begin;
  }

  #show(view) {
    const { form, text, send, begin, end, over, over_words, dialog } = this.#parts;
    const is_new_conversation = view.number !== this.#view.number;
    const focused = this.shadowRoot.activeElement;
    const from_agent = this.#log.show(view.lines, { all_at_once: is_new_conversation });
    this.#view = view;
    const is_over = view.conversation === "over";
    form.hidden = is_over;
    send.disabled = view.conversation !== "open";
    end.hidden = view.conversation !== "open";
    over.hidden = !is_over;
    over_words.textContent = is_over ? WORDS.over[view.because] : "";
    if (is_over) this.#log.to_end(); // of which there is less to be seen now
    // What had the focus may just have gone: the focus moves to what can be done next, and never out of the dialog.
    if (focused && dialog.open && focused.closest("[hidden]")) (is_over ? begin : text).focus();
    if (!dialog.open && !is_new_conversation && from_agent) {
      this.#unread += from_agent;
      this.#name_launcher();
    }
  }

  #name_launcher() {
    const { launcher, badge } = this.#parts;
    launcher.setAttribute("aria-label", WORDS.open(this.#unread));
    badge.textContent = this.#unread ? String(this.#unread) : "";
    badge.hidden = !this.#unread;
  }
}

/** Half of a character is none, and cannot be sent. Older browsers send U+FFFD for it by themselves. */
function well_formed(text) {
  return text.toWellFormed ? text.toWellFormed() : text.replace(/[\uD800-\uDFFF]/gu, "\uFFFD");
}

function focused_element() {
  return document.activeElement === document.body ? null : document.activeElement;
}

/** Storage may be switched off; then a reload finds the widget closed, and the conversation in it when it is opened. */
function remembered() {
  try {
    return sessionStorage.getItem(WAS_OPEN) === "yes";
  } catch {
    return false;
  }
}

function remember(is_open) {
  try {
    sessionStorage.setItem(WAS_OPEN, is_open ? "yes" : "no");
  } catch {
    // As above.
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, Widget);
  const add = () => document.querySelector(NAME) ?? document.body.append(document.createElement(NAME));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", add);
  else add();
}
