// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Optional;

/**
 * What the agent answered to a turn.
 *
 * @since 0.1.0
 */
public final class Reply extends Answer {
    private final String response;
    private final String plainText;
    private final String conversationId;
    private final boolean isEndOfConversation;
    private final Handoff handoff;

    Reply(Call call, long reply) {
        super(call, reply);
        Raw raw = call.raw;
        response = call.said(raw.polyai_reply_response(reply, call.out(2)));
        plainText = call.said(raw.polyai_reply_plain_text(reply, call.out(2)));
        conversationId = call.said(raw.polyai_reply_conversation_id(reply, call.out(2)));
        isEndOfConversation = raw.polyai_reply_end_conversation(reply) != 0;
        handoff = raw.polyai_reply_has_handoff(reply) == 0 ? null : new Handoff(
                call.said(raw.polyai_reply_handoff_destination(reply, call.out(2))),
                call.said(raw.polyai_reply_handoff_reason(reply, call.out(2))),
                call.said(raw.polyai_reply_handoff_json(reply, call.out(2))));
    }

    /**
     * The agent's words.
     *
     * @return the words, which may be empty, and may hold a NUL
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
     * Whether the agent has ended the conversation.
     *
     * @return true where it is over: further turns are refused
     * @since 0.1.0
     */
    public boolean endConversation() {
        return isEndOfConversation;
    }

    /**
     * Where the customer goes on. That ends the conversation only together with {@link #endConversation()}.
     *
     * @return the handoff; empty where there is none
     * @since 0.1.0
     */
    public Optional<Handoff> handoff() {
        return Optional.ofNullable(handoff);
    }
}
