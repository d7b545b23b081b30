// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;

/**
 * What every answer of the service has: a {@link Greeting}, a {@link Reply}, or {@link Closed}. It never changes, any thread may use it, and
 * there is nothing to free.
 *
 * @since 0.1.0
 */
public abstract class Answer {
    private final String rawJson;
    private final String unknownFieldsJson;
    private final String correlationId;
    private final Duration elapsed;
    private final Headers headers;
    private final String json;

    Answer(Call call, long reply) {
        Raw raw = call.raw;
        rawJson = call.said(raw.polyai_reply_raw_json(reply, call.out(2)));
        unknownFieldsJson = call.said(raw.polyai_reply_unknown_fields_json(reply, call.out(2)));
        correlationId = call.said(raw.polyai_reply_correlation_id(reply, call.out(2)));
        elapsed = Duration.ofNanos(raw.polyai_reply_elapsed_us(reply) * 1000);
        headers = Headers.read(call, raw.polyai_reply_header_count(reply), (index, name, value, size) ->
                raw.polyai_reply_header_at(reply, index, name, value, size));
        json = call.said(raw.polyai_reply_json(reply, call.out(2)));
    }

    interface Read<T> {
        T from(Call call, long reply);
    }

    /** Reads a reply of the library, and frees it. */
    static <T> T take(Library library, long reply, Read<T> read) {
        try (Call call = new Call(library)) {
            return read.from(call, reply);
        } finally {
            library.raw.polyai_reply_free(reply);
        }
    }

    /**
     * The JSON as it was received, for fields that this release has no method for.
     *
     * @return the JSON; empty for a conversation that was attached to
     * @since 0.1.0
     */
    public String rawJson() {
        return rawJson;
    }

    /**
     * The fields that this release has no name for.
     *
     * @return a JSON object
     * @since 0.1.0
     */
    public String unknownFieldsJson() {
        return unknownFieldsJson;
    }

    /**
     * The id that PolyAI's support asks for.
     *
     * @return the id; empty for a conversation that was attached to
     * @since 0.1.0
     */
    public String correlationId() {
        return correlationId;
    }

    /**
     * How long the call took, with everything it waited for.
     *
     * @return the time, in whole microseconds
     * @since 0.1.0
     */
    public Duration elapsed() {
        return elapsed;
    }

    /**
     * The headers of the response.
     *
     * @return all of them
     * @since 0.1.0
     */
    public Headers headers() {
        return headers;
    }

    /**
     * All of it as one JSON object, whose keys are those of {@code polyai_reply_json} in C.
     *
     * @return the JSON
     * @since 0.1.0
     */
    public String toJson() {
        return json;
    }
}
