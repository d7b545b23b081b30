// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Diagnostics.CodeAnalysis;
using System.Threading;

namespace PolyAI.Chat
{
    /// <summary>What is known about a call that failed. <see cref="ChatException"/> and <see cref="ChatCanceledException"/> have it. It never
    /// changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public interface IChatError
    {
        /// <summary>The kind of the failure.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        ErrorKind Kind { get; }

        /// <summary>The name of the kind in every language and in logs, such as <c>rate_limited</c>.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        string KindName { get; }

        /// <summary>Whether the request reached the conversation.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        Delivery Delivery { get; }

        /// <summary>Whether the same request may be sent again without the risk of doubling it.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        bool MayResend { get; }

        /// <summary>Where in its course the call failed: <c>prepare</c>, <c>queue</c>, <c>resolve</c>, <c>connect</c>, <c>proxy</c>,
        /// <c>tls</c>, <c>send</c>, <c>headers</c>, <c>body</c>, <c>reply</c> or <c>pause</c>.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        string Phase { get; }

        /// <summary>What went wrong and what would be right, without kind, delivery and correlation id.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        string Explanation { get; }

        /// <summary>The HTTP status of the answer; null where there was none.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        int? HttpStatus { get; }

        /// <summary>The service's own code, such as <c>CHAT_TIMEOUT</c>; null where it gave none. New codes may appear at any
        /// time.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        string ErrorCode { get; }

        /// <summary>The service's own words about the error; null where it gave none.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        string ServiceMessage { get; }

        /// <summary>The id that PolyAI's support asks for; null where no request was made.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        string CorrelationId { get; }

        /// <summary>How long the service asked to wait before trying again; null where it did not.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        TimeSpan? RetryAfter { get; }

        /// <summary>The headers of the answer; empty where there was none.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        Headers Headers { get; }

        /// <summary>The first bytes of an answer that was refused or could not be understood; null where there was none. Treat it like the
        /// conversation itself.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        string BodyExcerpt { get; }

        /// <summary>What the systems below said, such as the network or TLS; null where they said nothing.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        string SystemCause { get; }

        /// <summary>The tries that the call made, oldest first, as a JSON array.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        string AttemptsJson { get; }

        /// <summary>How many tries the call made.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        int AttemptCount { get; }

        /// <summary>All of it as one JSON object, with the names that every language has. <c>headers</c> holds pairs of the name and the
        /// value, which is an array of bytes where it is not UTF-8.</summary>
        /// <returns>The JSON.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        string ToJson();
    }

    /// <summary>What an error object of the library holds, read once.</summary>
    internal sealed class ErrorDetails
    {
        internal readonly ErrorKind Kind;
        internal readonly string KindName, Message, Phase, Explanation, ErrorCode, ServiceMessage, CorrelationId, BodyExcerpt, SystemCause;
        internal readonly string AttemptsJson, Json;
        internal readonly Delivery Delivery;
        internal readonly bool MayResend;
        internal readonly int? HttpStatus;
        internal readonly int AttemptCount;
        internal readonly TimeSpan? RetryAfter;
        internal readonly Headers Headers;

        /// <summary>Of a call that takes no request, whose token was cancelled before: the library has no word for it.</summary>
        internal ErrorDetails() : this(ErrorKind.Cancelled, "cancelled", "cancelled before it began")
        {
        }

        /// <summary>Of a call that ends before the library hears of it.</summary>
        internal ErrorDetails(ErrorKind kind, string name, string explanation)
        {
            Kind = kind;
            KindName = name;
            Explanation = explanation;
            Message = KindName + ": " + Explanation;
            Phase = "prepare";
            AttemptsJson = "[]";
            Json = "{\"kind\":\"" + name + "\",\"number\":" + (int)Kind + ",\"delivery\":\"not_sent\",\"may_resend\":true,\"phase\":\"prepare\","
                + "\"message\":\"" + Explanation + "\",\"text\":\"" + Message + "\",\"http_status\":null,\"error_code\":null,"
                + "\"service_message\":null,\"correlation_id\":null,\"retry_after_ms\":null,\"body_excerpt\":null,\"cause\":null,"
                + "\"attempts\":[],\"headers\":[]}";
            Delivery = Delivery.NotSent;
            MayResend = true;
            Headers = Headers.None;
        }

        internal ErrorDetails(uint status, ErrorHandle error)
        {
            Kind = (ErrorKind)status;
            KindName = Text.Copy(Raw.polyai_status_name(status)) ?? Text.Of(error, Raw.polyai_error_kind) ?? "unknown";
            // There is no error object where the table of handles is full.
            Message = Text.Of(error, Raw.polyai_error_text) ?? KindName;
            Explanation = Text.Of(error, Raw.polyai_error_message) ?? KindName;
            Phase = Text.Of(error, Raw.polyai_error_phase) ?? "prepare";
            ErrorCode = Text.Of(error, Raw.polyai_error_code);
            ServiceMessage = Text.Of(error, Raw.polyai_error_service_message);
            CorrelationId = Text.Of(error, Raw.polyai_error_correlation_id);
            BodyExcerpt = Text.Of(error, Raw.polyai_error_body_excerpt);
            SystemCause = Text.Of(error, Raw.polyai_error_cause);
            AttemptsJson = Text.Of(error, Raw.polyai_error_attempts_json) ?? "[]";
            Json = Text.Of(error, Raw.polyai_error_json) ?? "{}";
            Delivery delivery = (Delivery)Raw.polyai_error_delivery(error);
            Delivery = delivery == Delivery.NotSent || delivery == Delivery.Rejected ? delivery : Delivery.Unknown;
            MayResend = Raw.polyai_error_may_resend(error);
            int httpStatus = (int)Raw.polyai_error_http_status(error);
            HttpStatus = httpStatus == 0 ? (int?)null : httpStatus;
            AttemptCount = (int)Raw.polyai_error_attempt_count(error);
            ulong milliseconds;
            if (Raw.polyai_error_retry_after_ms(error, out milliseconds))
            {
                RetryAfter = Times.Span(milliseconds, TimeSpan.TicksPerMillisecond);
            }
            Headers = Headers.Read(error, Raw.polyai_error_header_count(error), Raw.polyai_error_header_at);
        }
    }

    /// <summary>A call failed. There is a class for each <see cref="ErrorKind"/>, and one that only a newer library knows is this class;
    /// a cancelled call throws <see cref="ChatCanceledException"/>. The message is for a log: key, token and the message of the call are
    /// hidden in it. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public class ChatException : Exception, IChatError
    {
        private readonly ErrorDetails details;

        internal ChatException(ErrorDetails details) : base(details.Message)
        {
            this.details = details;
        }

        /// <inheritdoc/>
        public ErrorKind Kind { get { return details.Kind; } }
        /// <inheritdoc/>
        public string KindName { get { return details.KindName; } }
        /// <inheritdoc/>
        public Delivery Delivery { get { return details.Delivery; } }
        /// <inheritdoc/>
        public bool MayResend { get { return details.MayResend; } }
        /// <inheritdoc/>
        public string Phase { get { return details.Phase; } }
        /// <inheritdoc/>
        public string Explanation { get { return details.Explanation; } }
        /// <inheritdoc/>
        public int? HttpStatus { get { return details.HttpStatus; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string ErrorCode { get { return details.ErrorCode; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string ServiceMessage { get { return details.ServiceMessage; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string CorrelationId { get { return details.CorrelationId; } }
        /// <inheritdoc/>
        public TimeSpan? RetryAfter { get { return details.RetryAfter; } }
        /// <inheritdoc/>
        public Headers Headers { get { return details.Headers; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string BodyExcerpt { get { return details.BodyExcerpt; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string SystemCause { get { return details.SystemCause; } }
        /// <inheritdoc/>
        public string AttemptsJson { get { return details.AttemptsJson; } }
        /// <inheritdoc/>
        public int AttemptCount { get { return details.AttemptCount; } }

        /// <inheritdoc/>
        public string ToJson()
        {
            return details.Json;
        }
    }

    /// <summary>A call was cancelled, by its token, its turn or the shutdown of its client, and still says whether the agent may have
    /// heard it. The kind is <see cref="ErrorKind.Cancelled"/>. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Await the task, which throws this. <c>Task.Wait()</c> and <c>Task.Result</c> throw an <c>AggregateException</c> with a
    /// <c>TaskCanceledException</c> that has no details, as for every cancelled task. Since 0.1.0.</remarks>
    public sealed class ChatCanceledException : OperationCanceledException, IChatError
    {
        private readonly ErrorDetails details;

        internal ChatCanceledException(ErrorDetails details, CancellationToken token) : base(details.Message, null, token)
        {
            this.details = details;
        }

        /// <inheritdoc/>
        public ErrorKind Kind { get { return details.Kind; } }
        /// <inheritdoc/>
        public string KindName { get { return details.KindName; } }
        /// <inheritdoc/>
        public Delivery Delivery { get { return details.Delivery; } }
        /// <inheritdoc/>
        public bool MayResend { get { return details.MayResend; } }
        /// <inheritdoc/>
        public string Phase { get { return details.Phase; } }
        /// <inheritdoc/>
        public string Explanation { get { return details.Explanation; } }
        /// <inheritdoc/>
        public int? HttpStatus { get { return details.HttpStatus; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string ErrorCode { get { return details.ErrorCode; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string ServiceMessage { get { return details.ServiceMessage; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string CorrelationId { get { return details.CorrelationId; } }
        /// <inheritdoc/>
        public TimeSpan? RetryAfter { get { return details.RetryAfter; } }
        /// <inheritdoc/>
        public Headers Headers { get { return details.Headers; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string BodyExcerpt { get { return details.BodyExcerpt; } }
        /// <inheritdoc/>
        [MaybeNull]
        public string SystemCause { get { return details.SystemCause; } }
        /// <inheritdoc/>
        public string AttemptsJson { get { return details.AttemptsJson; } }
        /// <inheritdoc/>
        public int AttemptCount { get { return details.AttemptCount; } }

        /// <inheritdoc/>
        public string ToJson()
        {
            return details.Json;
        }
    }

    /// <summary>From what a function returned to an exception.</summary>
    internal static class Failure
    {
        /// <summary>Throws where a token is cancelled before a call that takes no request.</summary>
        internal static void CheckToken(CancellationToken token)
        {
            if (token.IsCancellationRequested)
            {
                throw new ChatCanceledException(new ErrorDetails(), token);
            }
        }

        /// <summary>Throws unless it went well, and frees the error.</summary>
        internal static void Check(uint status, ErrorHandle error, CancellationToken token = default(CancellationToken))
        {
            using (error)
            {
                if (status == 0)
                {
                    return;
                }
                ErrorDetails details = new ErrorDetails(status, error);
                if (details.Kind == ErrorKind.Cancelled)
                {
                    throw new ChatCanceledException(details, token.IsCancellationRequested ? token : default(CancellationToken));
                }
                throw Exceptions.Of(details);
            }
        }
    }

    /// <summary>Times as the library takes and gives them.</summary>
    internal static class Times
    {
        /// <summary>Part of a millisecond counts as a whole one. What is negative becomes 0, which the library refuses where it
        /// must.</summary>
        internal static ulong Milliseconds(TimeSpan time)
        {
            long ticks = Math.Max(0, time.Ticks);
            long whole = ticks / TimeSpan.TicksPerMillisecond;
            return (ulong)(ticks % TimeSpan.TicksPerMillisecond == 0 ? whole : whole + 1);
        }

        internal static TimeSpan Span(ulong number, long ticks)
        {
            return number > (ulong)(long.MaxValue / ticks) ? TimeSpan.MaxValue : new TimeSpan((long)number * ticks);
        }
    }
}
