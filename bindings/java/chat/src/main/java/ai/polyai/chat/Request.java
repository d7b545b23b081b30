// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What one call carries beside its message: what the agent may know, a deadline, headers. One request may serve any number of calls, one
 * after the other and at the same time, unless it is changed meanwhile: for that it belongs to one thread at a time.
 *
 * <p>Nothing is checked here: the call that is given the request throws {@link InvalidArgumentException} for a wrong value, and
 * {@link UnsupportedException} for a field that its operation or dialect does not have. Nothing is sent then.
 *
 * @since 0.1.0
 */
public final class Request {
    private interface Set {
        int on(Call call, long request);
    }

    private static final class Step {
        final String name;
        final String value;
        final Set set;

        Step(String name, String value, Set set) {
            this.name = name;
            this.value = value;
            this.set = set;
        }
    }

    private final List<Step> steps = new ArrayList<>();
    private CancelToken cancel;

    /**
     * A request in which nothing is set.
     *
     * @since 0.1.0
     */
    public Request() {}

    /**
     * Adds one text to what the agent may know about the caller.
     *
     * @param name its name, such as {@code customer_name}
     * @param value its value
     * @return this request
     * @since 0.1.0
     */
    public Request attribute(String name, String value) {
        return add(name, value, (call, request) -> call.raw.polyai_request_set_attribute(
                request, call.text(0), call.length(0), call.text(1), call.length(1), call.error()));
    }

    /**
     * Sets any field of the request's body, or the correlation id, by its name in the service.
     *
     * @param field {@code integration_attributes}, {@code metadata} or {@code extra}, which are JSON objects; {@code variant_id},
     *     {@code channel}, {@code asr_lang_code}, {@code tts_lang_code}, {@code user_id}, {@code message}, {@code correlation_id}
     * @param value its value
     * @return this request
     * @since 0.1.0
     */
    public Request field(String field, String value) {
        return add(field, value, (call, request) -> call.raw.polyai_request_set(
                request, call.text(0), call.length(0), call.text(1), call.length(1), call.error()));
    }

    /**
     * What the agent may know about the caller, for create and respond, in place of what was set before.
     *
     * @param json a JSON object
     * @return this request
     * @since 0.1.0
     */
    public Request integrationAttributesJson(String json) {
        return field("integration_attributes", json);
    }

    /**
     * The variant of the agent for the whole conversation, for create.
     *
     * @param id its id
     * @return this request
     * @since 0.1.0
     */
    public Request variantId(String id) {
        return field("variant_id", id);
    }

    /**
     * The channel, for create.
     *
     * @param channel {@code webchat}, {@code whatsapp}, {@code sms}, {@code api}, or a newer one
     * @return this request
     * @since 0.1.0
     */
    public Request channel(String channel) {
        return field("channel", channel);
    }

    /**
     * The language of what the customer writes, for create and respond.
     *
     * @param code such as {@code en-GB}
     * @return this request
     * @since 0.1.0
     */
    public Request asrLangCode(String code) {
        return field("asr_lang_code", code);
    }

    /**
     * The language of what the agent answers, for create and respond.
     *
     * @param code such as {@code en-GB}
     * @return this request
     * @since 0.1.0
     */
    public Request ttsLangCode(String code) {
        return field("tts_lang_code", code);
    }

    /**
     * What goes with this message (respond), or with the conversation (create in the legacy dialect).
     *
     * @param json a JSON object
     * @return this request
     * @since 0.1.0
     */
    public Request metadataJson(String json) {
        return field("metadata", json);
    }

    /**
     * Fields that this library does not know, merged into the body.
     *
     * @param json a JSON object
     * @return this request
     * @since 0.1.0
     */
    public Request extraJson(String json) {
        return field("extra", json);
    }

    /**
     * The correlation id to send in place of a new one.
     *
     * @param id the id
     * @return this request
     * @since 0.1.0
     */
    public Request correlationId(String id) {
        return field("correlation_id", id);
    }

    /**
     * A header to send beside those of the library, such as {@code traceparent}; replaces one of the same name.
     *
     * @param name its name
     * @param value its value, of visible ASCII
     * @return this request
     * @since 0.1.0
     */
    public Request header(String name, String value) {
        return add(name, value, (call, request) -> call.raw.polyai_request_set_header(
                request, call.text(0), call.length(0), call.text(1), call.length(1), call.error()));
    }

    /**
     * The deadline of the call, with everything that it waits for, in place of the client's.
     *
     * @param timeout from 1 ms to 24 hours; part of a millisecond counts as a whole one
     * @return this request
     * @since 0.1.0
     */
    public Request timeout(Duration timeout) {
        long milliseconds = Times.milliseconds(timeout);
        return add(null, null, (call, request) -> call.raw.polyai_request_set_timeout_ms(request, milliseconds, call.error()));
    }

    /**
     * A token that can end the call.
     *
     * @param token the token; null takes it away
     * @return this request
     * @since 0.1.0
     */
    public Request cancel(CancelToken token) {
        cancel = token;
        return this;
    }

    private Request add(String name, String value, Set set) {
        steps.add(new Step(name, value, set));
        return this;
    }

    /**
     * The request of the library for one call, which frees it.
     *
     * @param given null where nothing is set
     * @param isBlocking whether this thread waits inside of the library: then an interrupt ends the call
     */
    static long open(Library library, Request given, boolean isBlocking) {
        Raw raw = library.raw;
        long request = raw.polyai_request_new();
        try (Call call = new Call(library)) {
            if (isBlocking) {
                call.check(raw.polyai_request_set_check(request, library.onCheck, 0, 0, call.error()));
            }
            if (given != null) {
                given.fill(library, call, request);
            }
        } catch (RuntimeException | Error problem) {
            raw.polyai_request_free(request);
            throw problem;
        }
        return request;
    }

    private void fill(Library library, Call empty, long request) {
        for (Step step : steps) {
            try (Call call = new Call(library, step.name, step.value)) {
                call.check(step.set.on(call, request));
            }
        }
        if (cancel != null) {
            empty.check(library.raw.polyai_request_set_cancel(request, cancel.handle(), empty.error()));
            cancel.keep();
        }
    }
}
