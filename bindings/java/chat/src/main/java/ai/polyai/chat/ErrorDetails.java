// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.io.Serializable;

/** All that the library says about a failure. */
final class ErrorDetails implements Serializable {
    private static final long serialVersionUID = 1L;

    int number;
    String kind;
    String text;
    String message;
    int delivery;
    boolean mayResend;
    String phase;
    int httpStatus;
    String code;
    String serviceMessage;
    String correlationId;
    /** In milliseconds; -1 where the service did not say. */
    long retryAfter = -1;
    Headers headers;
    String bodyExcerpt;
    String systemCause;
    String attempts;
    int attemptCount;
    String json;

    private ErrorDetails() {}

    /** The exception of an error, which is freed. */
    static ChatException take(Library library, int status, long error) {
        Raw raw = library.raw;
        ErrorDetails details = new ErrorDetails();
        try (Call call = new Call(library)) {
            long length = call.out(2);
            details.number = status;
            details.kind = call.said(raw.polyai_error_kind(error, length));
            details.text = call.said(raw.polyai_error_text(error, length));
            details.message = call.said(raw.polyai_error_message(error, length));
            details.delivery = raw.polyai_error_delivery(error);
            details.mayResend = raw.polyai_error_may_resend(error) != 0;
            details.phase = call.said(raw.polyai_error_phase(error, length));
            details.httpStatus = raw.polyai_error_http_status(error);
            details.code = call.said(raw.polyai_error_code(error, length));
            details.serviceMessage = call.said(raw.polyai_error_service_message(error, length));
            details.correlationId = call.said(raw.polyai_error_correlation_id(error, length));
            if (raw.polyai_error_retry_after_ms(error, call.out(0)) != 0) {
                details.retryAfter = call.result(0);
            }
            details.headers = Headers.read(call, raw.polyai_error_header_count(error), (index, name, value, size) ->
                    raw.polyai_error_header_at(error, index, name, value, size));
            details.bodyExcerpt = call.said(raw.polyai_error_body_excerpt(error, length));
            details.systemCause = call.said(raw.polyai_error_cause(error, length));
            details.attempts = call.said(raw.polyai_error_attempts_json(error, length));
            details.attemptCount = (int) raw.polyai_error_attempt_count(error);
            details.json = call.said(raw.polyai_error_json(error, length));
        } finally {
            raw.polyai_error_free(error);
        }
        return ErrorKind.of(status).exception(details);
    }
}
