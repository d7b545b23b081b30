// SPDX-License-Identifier: Apache-2.0 OR MIT
'use strict';

const { version } = require('./package.json');
const { Closed, Greeting, Handoff, Reply } = require('./answers.js');
const { ChatClient } = require('./client.js');
const { Conversation } = require('./conversation.js');
const { ChatError } = require('./error.js');
const { AnswerHeaders } = require('./headers.js');
const { Turn } = require('./turn.js');

// Written so that `import { ChatClient } from '@polyai/chat'` finds the names.
module.exports = {
  ...require('./errors.js'),
  AnswerHeaders,
  ChatClient,
  ChatError,
  Closed,
  Conversation,
  Greeting,
  Handoff,
  Reply,
  Turn,
  version,
};
