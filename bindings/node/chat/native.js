// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { version, optionalDependencies } = require('./package.json');

const PREFIX = '@polyai/chat-';

function failure(text, cause) {
  const error = new Error(text, cause && { cause });
  error.code = 'ERR_POLYAI_CHAT_MODULE';
  return error;
}

/** The packages that hold a module for this system, whatever its C library is. */
const system = `${process.platform}-${process.arch}`;
const packages = Object.keys(optionalDependencies);
const candidates = packages.filter((name) => name === PREFIX + system || name.startsWith(`${PREFIX}${system}-`));

function isInstalled(name) {
  try {
    return Boolean(require.resolve(name));
  } catch {
    return false;
  }
}

/** This machine's platform, as in the names of the packages. The report takes milliseconds, so it is made only where no module loads. */
function platform() {
  if (process.platform !== 'linux') return system;
  const { excludeNetwork } = process.report;
  process.report.excludeNetwork = true;
  const { glibcVersionRuntime } = process.report.getReport().header;
  process.report.excludeNetwork = excludeNetwork;
  return `${system}-${glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function missing(cause) {
  const here = platform();
  const name = PREFIX + here;
  if (!packages.includes(name)) {
    const known = packages.map((each) => each.slice(PREFIX.length)).join(', ');
    return failure(`@polyai/chat has no native module for ${here}; it runs on ${known}`, cause);
  }
  return failure(
    `${name} is not installed, which holds the native module of @polyai/chat. Install it: npm install ${name}@${version}. Package managers ` +
      'leave it out with --omit=optional, or when the lock file was written on another system.',
    cause,
  );
}

/** The native module of this platform, in the version of this package. */
function load() {
  const name = candidates.find(isInstalled);
  if (name === undefined) throw missing();
  const remedy = `npm install ${name}@${version}`;
  let native;
  try {
    native = require(name);
  } catch (problem) {
    // A package for another C library may be installed here, where a package manager does not choose by it.
    if (PREFIX + platform() !== name) throw missing(problem);
    throw failure(`the native module of ${name} cannot be loaded; install it again: ${remedy}`, problem);
  }
  if (native.VERSION !== version) {
    const found = native.VERSION === undefined ? 'another module' : `version ${native.VERSION}`;
    throw failure(`@polyai/chat ${version} needs ${name} ${version}, and found ${found}. Install it: ${remedy}`);
  }
  return native;
}

module.exports = load();
