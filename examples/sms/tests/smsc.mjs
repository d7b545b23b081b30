// An SMS centre for tests, with one client: `node smsc.mjs FOLDER`, where FOLDER/node_modules has the package smpp. It prints its port, and
// then what happens, a line of JSON each; what it is to do comes on stdin, as lines of JSON.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import path from "node:path";

const smpp = createRequire(path.join(path.resolve(process.argv[2]), "index.js"))("smpp");
const DEFAULT_ALPHABET = 0;
const UCS2 = 8;
const HAS_HEADER = 0x40; // esm_class: a user data header comes before the text
const IS_REPORT = 0x04;

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let client;
let sent = 0;
let refused = 0; // the status that submits get; 0 takes them
let fails = false; // whether messages that were taken are reported as undeliverable

const server = smpp.createServer((session) => {
  session.on("error", (error) => say({ event: "error", text: String(error) }));
  session.on("close", () => {
    if (client === session) client = undefined;
    say({ event: "gone" });
  });
  session.on("bind_transceiver", (pdu) => {
    session.send(pdu.response());
    client = session;
    say({ event: "bound", as: pdu.system_id });
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => session.send(pdu.response(), () => session.close()));
  session.on("submit_sm", (pdu) => {
    if (refused) {
      session.send(pdu.response({ command_status: refused }));
      say({ event: "refused", to: pdu.destination_addr });
      return;
    }
    sent += 1;
    const id = `smsc-${sent}`;
    session.send(pdu.response({ message_id: id }));
    const { message, udh } = pdu.short_message;
    const header = (udh ?? [])[0];
    say({
      event: "submitted",
      id,
      from: pdu.source_addr,
      to: pdu.destination_addr,
      coding: pdu.data_coding,
      text: message,
      part: header ? { number: header.at(-1), of: header.at(-2) } : null,
    });
    if (pdu.registered_delivery & 1) report(pdu, id);
  });
});

function report(pdu, id) {
  const state = fails ? "UNDELIV" : "DELIVRD";
  client.deliver_sm({
    esm_class: IS_REPORT,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    short_message: `id:${id} sub:001 dlvrd:${fails ? "000" : "001"} submit date:2611300900 done date:2611300901 stat:${state} err:000 text:`,
    receipted_message_id: id,
    message_state: fails ? 5 : 2,
  });
}

// {deliver: {from, to, text, ucs2, parts: [..]}}: a customer's message, in parts where there are some.
function deliver({ from, to, text, ucs2, parts }) {
  (parts ?? [text]).forEach((part, index, all) => {
    const header = all.length > 1 ? Buffer.from([5, 0, 3, 77, all.length, index + 1]) : undefined;
    client.deliver_sm(
      {
        source_addr: from,
        destination_addr: to,
        data_coding: ucs2 ? UCS2 : DEFAULT_ALPHABET,
        esm_class: header ? HAS_HEADER : 0,
        short_message: header ? { udh: header, message: part } : { message: part },
      },
      (pdu) => say({ event: "taken", text: part, status: pdu.command_status }),
    );
  });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  if (command.deliver) deliver(command.deliver);
  if ("refuse" in command) refused = command.refuse;
  if ("fail" in command) fails = command.fail;
});
process.stdin.on("end", () => process.exit(0));
server.listen(0, "127.0.0.1", () => say({ event: "listens", port: server.address().port }));
