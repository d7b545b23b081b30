// SPDX-License-Identifier: Apache-2.0 OR MIT
// Compiled only: a program of CommonJS.
import chat = require('@polyai/chat');
import testing = require('@polyai/chat/testing');

export const client: chat.ChatClient = chat.ChatClient.fromEnvironment();
export const simulator: Promise<testing.PolyaiSimulator> = testing.PolyaiSimulator.start();
