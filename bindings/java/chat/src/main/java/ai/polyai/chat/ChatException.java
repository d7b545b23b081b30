// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A call failed. Each {@link ErrorKind} has a class of its own below this one; a kind that only a newer native library has is a plain
 * {@code ChatException}.
 *
 * <p>The question that matters first is whether the agent may have heard it: {@link #mayResend()} and {@link #delivery()} answer it
 * truthfully. {@link #getMessage()} is one line that may be logged: key, token and what the customer said in this call are hidden in it.
 *
 * <p>It is an unchecked exception, and none of its subclasses is one that libraries for retries take for a failure of the network: only who
 * asked {@link #mayResend()} should send again.
 *
 * @since 0.1.0
 */
public class ChatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** All that the library said. */
    private final ErrorDetails details;

    ChatException(ErrorDetails details) {
        super(details.text);
        this.details = details;
    }

    /**
     * The kind of the failure.
     *
     * @return the kind; {@link ErrorKind#UNRECOGNISED} where only a newer native library knows it
     * @since 0.1.0
     */
    public ErrorKind kind() {
        return ErrorKind.of(details.number);
    }

    /**
     * The name of the kind in logs and in other languages, such as {@code timeout}.
     *
     * @return the name, also of a kind that this release does not know
     * @since 0.1.0
     */
    public String kindName() {
        return details.kind;
    }

    /**
     * The number of the kind in the C library.
     *
     * @return the number, 1 or larger
     * @since 0.1.0
     */
    public int kindNumber() {
        return details.number;
    }

    /**
     * Whether the request reached the conversation.
     *
     * @return the delivery; {@link Delivery#UNKNOWN} wherever the agent may have heard it
     * @since 0.1.0
     */
    public Delivery delivery() {
        return Delivery.of(details.delivery);
    }

    /**
     * Whether the same request may be sent again without the risk of doubling it.
     *
     * @return true unless the delivery is unknown
     * @since 0.1.0
     */
    public boolean mayResend() {
        return details.mayResend;
    }

    /**
     * What went wrong and what would be right, without kind, delivery and correlation id.
     *
     * @return the explanation; hides what {@link #getMessage()} hides
     * @since 0.1.0
     */
    public String explanation() {
        return details.message;
    }

    /**
     * Where in its course the call failed.
     *
     * @return {@code prepare}, {@code queue}, {@code resolve}, {@code connect}, {@code proxy}, {@code tls}, {@code send}, {@code headers},
     *     {@code body}, {@code reply} or {@code pause}
     * @since 0.1.0
     */
    public String phase() {
        return details.phase;
    }

    /**
     * The HTTP status of the answer.
     *
     * @return the status; empty where there was no answer
     * @since 0.1.0
     */
    public OptionalInt httpStatus() {
        return details.httpStatus == 0 ? OptionalInt.empty() : OptionalInt.of(details.httpStatus);
    }

    /**
     * The service's own code, such as {@code CHAT_TIMEOUT}. New codes may appear at any time.
     *
     * @return the code; empty where the service gave none
     * @since 0.1.0
     */
    public Optional<String> errorCode() {
        return Optional.ofNullable(details.code);
    }

    /**
     * The service's own words about the failure.
     *
     * @return the words; empty where the service gave none
     * @since 0.1.0
     */
    public Optional<String> serviceMessage() {
        return Optional.ofNullable(details.serviceMessage);
    }

    /**
     * The id that PolyAI's support asks for.
     *
     * @return the id; empty where no request was made
     * @since 0.1.0
     */
    public Optional<String> correlationId() {
        return Optional.ofNullable(details.correlationId);
    }

    /**
     * How long the service asked to wait before trying again.
     *
     * @return the time, in whole milliseconds; empty where the service did not say
     * @since 0.1.0
     */
    public Optional<Duration> retryAfter() {
        return details.retryAfter < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(details.retryAfter));
    }

    /**
     * The headers of the answer.
     *
     * @return the headers; none where there was no answer
     * @since 0.1.0
     */
    public Headers headers() {
        return details.headers;
    }

    /**
     * The first bytes of an answer that was refused or could not be understood. Treat it like the conversation itself: it may hold what
     * the service chose to put there.
     *
     * @return the beginning of the body; empty where there was none
     * @since 0.1.0
     */
    public Optional<String> bodyExcerpt() {
        return Optional.ofNullable(details.bodyExcerpt);
    }

    /**
     * What the systems below said, such as the network or TLS, from the outermost to the innermost.
     *
     * @return their words; empty where they said nothing
     * @since 0.1.0
     */
    public Optional<String> systemCause() {
        return Optional.ofNullable(details.systemCause);
    }

    /**
     * The tries that the call made, oldest first.
     *
     * @return a JSON array of objects
     * @since 0.1.0
     */
    public String attemptsJson() {
        return details.attempts;
    }

    /**
     * How many tries the call made.
     *
     * @return the number, from 0
     * @since 0.1.0
     */
    public int attemptCount() {
        return details.attemptCount;
    }

    /**
     * All of it as one JSON object, whose keys are those of {@code polyai_error_json} in C. It holds {@link #bodyExcerpt()} too.
     *
     * @return the JSON
     * @since 0.1.0
     */
    public String toJson() {
        return details.json;
    }
}
