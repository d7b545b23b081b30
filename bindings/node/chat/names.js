// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const names = new Map();

/** `started_at_unix_ms` as `startedAtUnixMs`. */
function camel(name) {
  let named = names.get(name);
  if (named === undefined) {
    named = name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    names.set(name, named);
  }
  return named;
}

/** An object of the core with the names of JavaScript. What its fields hold stays as it is. */
function camelCased(object) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camel(name), value]));
}

module.exports = { camelCased };
