// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import ai.polyai.chat.ChatException;
import ai.polyai.chat.Conversation;
import ai.polyai.chat.Reply;
import ai.polyai.chat.Turn;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** A telephone call: its conversation, and the turn that is under way. Each thing the caller says has a number, so that a page that is asked for
 * twice is the same page, and nothing is said to the agent twice. */
final class Call {
    /** What nobody can guess: who knows it can speak in this call. */
    final String key;
    private final Conversation conversation;
    private final AtomicLong lastUsed = new AtomicLong(System.nanoTime());
    private Turn<Reply> turn;
    private int said;

    Call(String key, Conversation conversation) {
        this.key = key;
        this.conversation = conversation;
    }

    String greeting() {
        return conversation.greeting().plainText();
    }

    String conversationId() {
        return conversation.id();
    }

    /**
     * The turn of what the caller has said as this number, which is started unless it was before.
     *
     * @param words what was recognised; null where nothing was said
     * @return the turn; null where the number is of another page than the last one
     * @throws ChatException it cannot be started
     */
    synchronized Turn<Reply> say(int number, String words) {
        lastUsed.set(System.nanoTime());
        if (number == said) {
            turn = conversation.start(words);
            said++;
        }
        return number == said - 1 ? turn : null;
    }

    boolean isUnused(long nanoseconds) {
        return System.nanoTime() - lastUsed.get() > nanoseconds;
    }

    /**
     * Cancels the turn that is under way, which nobody hears any more, and starts to close the conversation at the service, if that is of use.
     * Does not block.
     *
     * @return done when the service has answered, or at the deadline of a close
     */
    synchronized CompletableFuture<?> end() {
        try {
            if (turn != null) {
                turn.cancel();
            }
            return conversation.startCloseIfOpen().toFuture();
        } catch (ChatException problem) {
            return CompletableFuture.failedFuture(problem);
        }
    }
}
