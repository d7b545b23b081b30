// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Optional;

/**
 * What the agent said first, with all that came with it.
 *
 * @since 0.1.0
 */
public final class Greeting extends Answer {
    private final String response;
    private final String plainText;
    private final String conversationId;
    private final String userId;

    Greeting(Call call, long reply) {
        super(call, reply);
        response = call.said(call.raw.polyai_reply_response(reply, call.out(2)));
        plainText = call.said(call.raw.polyai_reply_plain_text(reply, call.out(2)));
        conversationId = call.said(call.raw.polyai_reply_conversation_id(reply, call.out(2)));
        userId = call.said(call.raw.polyai_reply_user_id(reply, call.out(2)));
    }

    /**
     * The agent's words.
     *
     * @return the words, which may hold a NUL; empty for a conversation that was attached to
     * @since 0.1.0
     */
    public String response() {
        return response;
    }

    /**
     * The agent's words without Markdown, for an SMS, an e-mail, a voice: links as {@code words (address)}, the rows of tables as lines.
     *
     * @return the plain text, without control characters but line breaks and tabs
     * @since 0.1.0
     */
    public String plainText() {
        return plainText;
    }

    /**
     * The conversation it belongs to.
     *
     * @return its id
     * @since 0.1.0
     */
    public String conversationId() {
        return conversationId;
    }

    /**
     * In the legacy dialect: the user id that was sent.
     *
     * @return the id; empty in the current dialect
     * @since 0.1.0
     */
    public Optional<String> userId() {
        return Optional.ofNullable(userId);
    }
}
