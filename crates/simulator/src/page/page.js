"use strict";

// What every respond can suffer from one click on.
const USUAL = {
  "takes 5 seconds": { delay: { before: "headers", ms: 5000 } },
  "is answered with 503": { answer: { status: 503 } },
  "is refused with 429, and Retry-After of 2 s": { answer: { status: 429, retry_after: { seconds: 2 } } },
  "is answered with a page of HTML": { answer: { status: 200, content_type: "text/html", body: { text: "<h1>It works</h1>" } } },
  "loses its reply after the turn was taken": { reset: { at: "after_turn" } },
  "gets its reply a byte at a time": { drip: { part: "body", bytes: 1, every_ms: 500 } },
  "is said to belong to another conversation": { alter_reply: { set: { conversation_id: "another" } } },
};
const EVERY_MS = 1000;
const NEWEST = 200;

const element = (id) => document.getElementById(id);
let chosen = null;

function made(tag, text = "", properties = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  return Object.assign(node, properties);
}

async function ask(path, method = "GET", body = undefined) {
  const answer = await fetch(`/_simulator/${path}`, { method, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error);
  return json;
}

// Only what has changed is drawn anew, so that nothing is pulled away from under a reader or a keyboard.
const drawn = new Map();
function draw(id, data, nodes) {
  const key = JSON.stringify(data);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  const focused = document.activeElement?.dataset?.key;
  const opened = [...element(id).querySelectorAll("details[open] summary")].map((summary) => summary.dataset.key);
  element(id).replaceChildren(...nodes(data));
  for (const key of opened) {
    const summary = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (summary) summary.parentElement.open = true;
  }
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function stateOf(conversation) {
  if (conversation.closed) return "closed";
  if (conversation.ended) return "ended by the agent";
  if (conversation.timed_out) return "timed out";
  return conversation.turns_in_flight ? "the agent thinks" : "open";
}

function conversationNodes([conversations]) {
  return conversations.map((conversation) => {
    const button = made("button", conversation.id, { type: "button" });
    button.dataset.key = conversation.id;
    button.setAttribute("aria-pressed", String(conversation.id === chosen));
    button.append(made("small", `${counted(conversation.turns, "turn")}, ${stateOf(conversation)}`));
    button.addEventListener("click", () => { chosen = conversation.id; refresh(); });
    const item = made("li");
    item.append(button);
    return item;
  });
}

function said(who, text) {
  const item = made("li", "", { className: who });
  item.append(made("b", who), made("span", text));
  return item;
}

function transcriptNodes(conversation) {
  if (!conversation) return [];
  const items = [said("agent", conversation.greeting)];
  conversation.messages.forEach((message, number) => {
    items.push(said("customer", message === null ? "(no message)" : message === "" ? "(an empty message)" : message));
    if (conversation.replies[number] !== undefined) items.push(said("agent", conversation.replies[number]));
  });
  return items;
}

function factsOf(conversation) {
  if (!conversation) return "Choose a conversation.";
  const handoff = conversation.handoff ? ` Handoff: ${JSON.stringify(conversation.handoff)}.` : "";
  return `Created with ${JSON.stringify(conversation.created_with)}; ${stateOf(conversation)}.${handoff}`;
}

function receivedNodes(requests) {
  return requests.map((request) => {
    const row = made("tr");
    const taken = request.processed ? "yes" : "no";
    for (const text of [request.number, request.operation ?? "", request.status ?? "none", taken, request.connection]) {
      row.append(made("td", String(text)));
    }
    const details = made("details");
    const summary = made("summary", `${request.method} ${request.target}`);
    summary.dataset.key = `request ${request.number}`;
    const headers = request.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
    details.append(summary, made("pre", `${headers}\n\n${request.body}`));
    const cell = made("td");
    cell.append(details);
    row.append(cell);
    return row;
  });
}

function faultNodes(faults) {
  return faults.map((fault) => {
    const item = made("li");
    const button = made("button", "Take back", { type: "button" });
    button.dataset.key = `fault ${fault.id}`;
    button.addEventListener("click", () => change(`faults/${fault.id}`, "DELETE"));
    const happened = fault.happened === 1 ? "once" : `${fault.happened} times`;
    const text = JSON.stringify({ when: fault.when, action: fault.action });
    item.append(made("code", `${text} – happened ${happened}`), button);
    return item;
  });
}

function isUsual(fault, action) {
  return JSON.stringify(fault.when) === '{"operation":"respond"}' && matches(action, fault.action);
}

// The simulator fills in what a fault leaves out.
function matches(asked, set) {
  if (typeof asked !== "object" || asked === null) return asked === set;
  return Object.entries(asked).every(([name, value]) => set?.[name] !== undefined && matches(value, set[name]));
}

function usualNodes() {
  return Object.entries(USUAL).map(([text, action]) => {
    const label = made("label");
    const box = made("input", "", { type: "checkbox" });
    box.dataset.fault = text;
    box.addEventListener("change", async () => {
      if (box.checked) return change("faults", "POST", { when: { operation: "respond" }, action });
      const faults = await ask("faults");
      for (const fault of faults.filter((fault) => isUsual(fault, action))) await ask(`faults/${fault.id}`, "DELETE");
      refresh();
    });
    label.append(box, ` ${text}`);
    return label;
  });
}

async function change(path, method, body = undefined) {
  try {
    await ask(path, method, body);
    element("own-fault-error").textContent = "";
  } catch (error) {
    element("own-fault-error").textContent = error.message;
  }
  refresh();
}

async function refresh() {
  let counts, conversations, received, faults;
  try {
    [counts, conversations, received, faults] = await Promise.all(["counts", "conversations", "received", "faults"].map((path) => ask(path)));
  } catch {
    element("counts").textContent = "The simulator does not answer any more.";
    return;
  }
  const facts = [
    counted(counts.requests, "request"), counted(counts.created, "conversation"), counted(counts.turns, "turn"),
  ].join(", ");
  if (element("counts").textContent !== facts) element("counts").textContent = facts;
  conversations = conversations.slice(-NEWEST).reverse();
  chosen ??= conversations[0]?.id ?? null;
  const conversation = conversations.find(({ id }) => id === chosen);
  element("no-conversations").hidden = conversations.length > 0;
  draw("conversations", [conversations, chosen], conversationNodes);
  element("transcript-facts").textContent = factsOf(conversation);
  draw("transcript", conversation ?? null, transcriptNodes);
  const wanted = received.filter((request) => !element("only-this").checked || request.conversation_id === chosen);
  draw("received", wanted.slice(-NEWEST).reverse(), receivedNodes);
  draw("faults", faults, faultNodes);
  for (const box of document.querySelectorAll("[data-fault]")) {
    box.checked = faults.some((fault) => isUsual(fault, USUAL[box.dataset.fault]));
  }
}

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, EVERY_MS);
}

element("url").textContent = location.origin;
element("usual-faults").append(...usualNodes());
element("only-this").addEventListener("change", refresh);
element("forget").addEventListener("click", () => { chosen = null; change("received", "DELETE"); });
element("clear-faults").addEventListener("click", () => change("faults", "DELETE"));
element("own-fault").addEventListener("submit", (event) => {
  event.preventDefault();
  let fault;
  try {
    fault = JSON.parse(element("own-fault-text").value);
  } catch (error) {
    element("own-fault-error").textContent = `This is no JSON: ${error.message}`;
    return;
  }
  change("faults", "POST", fault);
});
keepRefreshing();
