/** The widget's elements. All texts are set as text, never as HTML. */
import { WORDS } from "./words.js";

const LONGEST_MESSAGE = 4000;

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children); // strings become text nodes
  return made;
}

function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

const SPEECH = "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
const CROSS = "M5 5l14 14M19 5L5 19";

export function build(heading_text) {
  const badge = element("span", { class: "badge", "aria-hidden": "true", hidden: "" });
  const launcher = element(
    "button",
    { class: "launcher", type: "button", "aria-label": WORDS.open(0), "aria-haspopup": "dialog", "aria-expanded": "false" },
    icon(SPEECH),
    badge,
  );

  const close = element("button", { class: "close", type: "button", "aria-label": WORDS.close }, icon(CROSS));
  const end = element("button", { class: "end", type: "button", hidden: "" }, WORDS.end);
  const header = element("div", { class: "header" }, element("h2", { id: "heading" }, heading_text), end, close);

  // tabindex: who has no mouse scrolls by keyboard. busy: what is restored is not read out line by line.
  const log = element("div", { class: "log", role: "log", "aria-label": WORDS.log, "aria-live": "polite", tabindex: "0" });

  const typing_words = element("span");
  const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  const typing = element("div", { class: "typing", role: "status" }, typing_words, dots);

  const trouble_words = element("span");
  const trouble = element("p", { class: "trouble", role: "alert" }, trouble_words);

  const begin = element("button", { class: "begin", type: "button" }, WORDS.begin);
  const over_words = element("p");
  const over = element("div", { class: "over", hidden: "" }, over_words, begin);

  const text = element("textarea", {
    id: "text",
    rows: "1",
    maxlength: String(LONGEST_MESSAGE),
    dir: "auto",
    lang: "",
    autocomplete: "off",
    enterkeyhint: "send",
    placeholder: WORDS.placeholder,
    "aria-describedby": "counter",
  });
  const send = element("button", { class: "send", type: "submit", disabled: "" }, WORDS.send);
  const counter = element("p", { id: "counter", class: "counter", "aria-live": "off" });
  const label = element("label", { for: "text", class: "unseen" }, WORDS.your_message);
  const form = element("form", {}, label, text, send, counter);

  const dialog = element(
    "dialog",
    { class: "panel", id: "panel", "aria-labelledby": "heading", lang: WORDS.language, dir: WORDS.direction },
    header,
    log,
    typing,
    trouble,
    over,
    form,
  );
  launcher.setAttribute("aria-controls", "panel");
  const frame = element("div", { class: "frame" }, launcher, dialog);

  return {
    frame, launcher, badge, dialog, close, end, log, over, over_words, begin, form, text, send, counter,
    typing: words => {
      typing.classList.toggle("shown", Boolean(words));
      typing_words.textContent = words;
    },
    trouble: words => {
      trouble_words.textContent = words;
    },
  };
}
