// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Prints what Node.js exposes, as JSON: by asking the package and its objects, and by reading its types.
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');
const chat = require('@polyai/chat');

const folder = path.dirname(require.resolve('@polyai/chat/package.json'));
const declarations = (name) => readFileSync(path.join(folder, `${name}.d.ts`), 'utf8');
const parts = declarations('index').matchAll(/^export \* from '.\/(\w+)[.]js';$/gm);
const types = ['index', ...[...parts].map(([, name]) => name)].map(declarations).join('\n');
const CLASSES = ['ChatClient', 'ChatError', 'Closed', 'Conversation', 'Greeting', 'Handoff', 'Reply', 'Turn'];
// What is Error's own, or every object's.
const NO_MEMBERS = ['constructor', 'length', 'name', 'prototype'];

const unique = (names) => [...new Set(names)];
const isFailure = (name) => chat[name].prototype instanceof chat.ChatError;

/** The public members of a class, with those that it inherits inside the package. */
function members(of) {
  const found = Object.getOwnPropertyNames(of);
  for (let one = of.prototype; one !== Object.prototype && one !== Error.prototype; one = Object.getPrototypeOf(one)) {
    found.push(...Object.getOwnPropertyNames(one));
  }
  return unique(found).filter((name) => !NO_MEMBERS.includes(name));
}

/** The body of a class or an interface, and what it extends. */
function body(name) {
  const [all, head, lines = ''] = types.match(new RegExp(`^(?:export )?(?:class|interface) ${name}\\b([^{]*)\\{(?:\\}$|(.*?)^\\})`, 'ms')) ?? [];
  if (all === undefined) {
    const [, picked] = types.match(new RegExp(`^export type ${name} = Pick<\\w+, ([^>]*)>;`, 'm'));
    return { bases: [], names: quoted(picked) };
  }
  const bases = [...(head.match(/extends ([\w, ]+)/)?.[1] ?? '').matchAll(/\w+/g)].map(([base]) => base);
  const declared = lines.matchAll(/^  (?:static |readonly |protected |private )*(\w+)[?]?[:(<]/gm);
  return { bases, names: [...declared].map(([, each]) => each).filter((each) => each !== 'constructor') };
}

/** What an interface has, with what it extends. */
function declared(name) {
  const { bases, names } = body(name);
  return unique([...names, ...bases.filter((base) => base !== 'Error').flatMap(declared)]);
}

const quoted = (text) => [...text.matchAll(/'([^']+)'/g)].map(([, word]) => word);
const union = (name) => quoted(types.match(new RegExp(`^export type ${name} =(.*?);$`, 'ms'))[1].replace(/\/\*.*?\*\//gs, ''));

/** The names that are known, as an error lists them. */
function known(make) {
  try {
    make();
  } catch (error) {
    return error.explanation.split('known are ')[1].split(', ');
  }
  throw new Error('a name that nobody knows was taken');
}

/** The arguments of functions that are no part of a request, by their types. */
function messages(of) {
  const found = types.matchAll(new RegExp(`^  \\w+\\([^)]*\\b(message)\\?: [^)]*options\\?: ${of}\\)`, 'gm'));
  return unique([...found].map(([, name]) => `the argument \`${name}\``));
}

// The system never chooses this port, so nobody listens there.
const NOBODY = 'http://127.0.0.1:1';

async function main() {
  const options = { baseUrl: NOBODY, accountId: 'account', projectId: 'project', apiKey: 'key', token: 'token', maxAttempts: 1 };
  const client = new chat.ChatClient(options);
  const talk = client.attach('id');
  const failure = await client.create().catch((error) => error);
  const metrics = client.metrics();
  const surface = {};
  for (const name of CLASSES) surface[name] = { [name]: members(chat[name]), 'index.d.ts': declared(name) };
  const wrong = { noSuchName: 1 };
  surface.options = {
    'new ChatClient()': known(() => new chat.ChatClient(wrong)),
    ClientOptions: declared('ClientOptions'),
  };
  const said = messages('RespondOptions');
  const requests = {
    create: [known(() => client.startCreate(wrong)), declared('CreateOptions')],
    respond: [[...known(() => talk.start('', wrong)), ...said], [...declared('RespondOptions'), ...said]],
    close: [known(() => talk.startClose(wrong)), declared('CloseOptions')],
  };
  for (const [operation, [atRunTime, inTypes]] of Object.entries(requests)) {
    surface[`options of ${operation}`] = { [`a ${operation}`]: atRunTime, [`the types of a ${operation}`]: inTypes };
  }
  surface.exceptions = {
    'index.js': Object.keys(chat).filter((name) => typeof chat[name] === 'function' && isFailure(name)),
    'tables.d.ts': [...types.matchAll(/^export class (\w+) extends ChatError/gm)].map(([, name]) => name),
  };
  surface.deliveries = { Delivery: union('Delivery') };
  surface.states = { ConversationState: union('ConversationState') };
  surface.levels = { LogLevel: union('LogLevel') };
  const [, phases] = types.match(/Where the call was when it failed: (.*?)New phases may come/s);
  surface.phases = { 'ChatError.phase': quoted(phases) };
  surface.breaker = { 'Metrics.breaker': quoted(types.match(/^  breaker: (.*);$/m)[1]) };
  surface.attempt = { 'ChatError.attempts[0]': Object.keys(failure.attempts[0]), Attempt: declared('Attempt') };
  surface.metrics = { 'ChatClient.metrics()': Object.keys(metrics), Metrics: declared('Metrics') };
  surface.settings = { 'ChatClient.settings[0]': Object.keys(client.settings[0]), Setting: declared('Setting') };
  const named = types.matchAll(/^export (?:class|interface|type) (\w+)/gm);
  surface.types = { 'index.d.ts': [...named].map(([, name]) => name).filter((name) => !chat[name] || !isFailure(name)) };
  surface.constants = { 'index.js': Object.keys(chat).filter((name) => typeof chat[name] !== 'function') };
  console.log(JSON.stringify(surface));
}

main();
