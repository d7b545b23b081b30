// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/**
 * The answer to a close.
 *
 * @since 0.1.0
 */
public final class Closed extends Answer {
    private final boolean wasOver;

    Closed(Call call, long reply) {
        super(call, reply);
        wasOver = call.raw.polyai_reply_was_over(reply) != 0;
    }

    /**
     * Whether the service said that the conversation was over already, or is not there any more.
     *
     * @return true where the close changed nothing
     * @since 0.1.0
     */
    public boolean wasOver() {
        return wasOver;
    }
}
