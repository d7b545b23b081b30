// SPDX-License-Identifier: Apache-2.0 OR MIT
/**
 * Holds conversations with a PolyAI agent over the Chat API. Begin with {@link ai.polyai.chat.ChatClient}.
 *
 * <p>Errors are {@link ai.polyai.chat.ChatException}s, which are unchecked. No method takes or gives null but where it says so.
 */
package ai.polyai.chat;
