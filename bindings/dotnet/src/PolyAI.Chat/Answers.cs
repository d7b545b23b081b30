// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace PolyAI.Chat
{
    /// <summary>The headers of an answer, in the order in which they came: names in lower case, with their values. It never changes, any
    /// thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class Headers : IReadOnlyList<KeyValuePair<string, string>>
    {
        internal static readonly Headers None = new Headers(new List<KeyValuePair<string, string>>());

        private readonly List<KeyValuePair<string, string>> all;

        private Headers(List<KeyValuePair<string, string>> all)
        {
            this.all = all;
        }

        internal static Headers Read<H>(H handle, UIntPtr count, Text.HeaderAt<H> at) where H : SafeHandle
        {
            List<KeyValuePair<string, string>> all = new List<KeyValuePair<string, string>>();
            for (uint i = 0; i < (uint)count; i++)
            {
                IntPtr name, value;
                UIntPtr length;
                if (at(handle, new UIntPtr(i), out name, out value, out length))
                {
                    all.Add(new KeyValuePair<string, string>(Text.Copy(name), Text.HeaderValue(value, length)));
                }
            }
            return new Headers(all);
        }

        /// <summary>The first value of a header.</summary>
        /// <param name="name">Its name, in any case.</param>
        /// <returns>The value, as UTF-8, or as ISO 8859-1 where it is not UTF-8; null where there is no such header.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        [return: MaybeNull]
        public string First(string name)
        {
            IReadOnlyList<string> values = Values(name);
            return values.Count == 0 ? null : values[0];
        }

        /// <summary>All values of a header, in their order.</summary>
        /// <param name="name">Its name, in any case.</param>
        /// <returns>The values; empty where there is no such header.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public IReadOnlyList<string> Values(string name)
        {
            List<string> values = new List<string>();
            foreach (KeyValuePair<string, string> header in all)
            {
                if (string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase))
                {
                    values.Add(header.Value);
                }
            }
            return values;
        }

        /// <summary>How many headers there are; those of one name count each.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public int Count { get { return all.Count; } }

        /// <summary>A header by its place.</summary>
        /// <param name="index">From 0 to one less than <see cref="Count"/>.</param>
        /// <returns>Its name in lower case, and its value.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is none at this place.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public KeyValuePair<string, string> this[int index] { get { return all[index]; } }

        /// <summary>Walks through the headers in their order.</summary>
        /// <returns>The names in lower case with their values.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
        {
            return all.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }
    }

    /// <summary>What every answer of the service has. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public abstract class Answer
    {
        private readonly string json;

        internal Answer(ReplyHandle reply)
        {
            RawJson = Text.Of(reply, Raw.polyai_reply_raw_json) ?? "";
            UnknownFieldsJson = Text.Of(reply, Raw.polyai_reply_unknown_fields_json) ?? "{}";
            CorrelationId = Text.Of(reply, Raw.polyai_reply_correlation_id);
            Elapsed = Times.Span(Raw.polyai_reply_elapsed_us(reply), TimeSpan.TicksPerMillisecond / 1000);
            Headers = Headers.Read(reply, Raw.polyai_reply_header_count(reply), Raw.polyai_reply_header_at);
            json = Text.Of(reply, Raw.polyai_reply_json) ?? "{}";
        }

        /// <summary>The JSON as it was received.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string RawJson { get; private set; }

        /// <summary>The fields that this library has no name for, as a JSON object.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string UnknownFieldsJson { get; private set; }

        /// <summary>The id that PolyAI's support asks for.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string CorrelationId { get; private set; }

        /// <summary>How long the call took, with everything it waited for.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public TimeSpan Elapsed { get; private set; }

        /// <summary>The headers of the response.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public Headers Headers { get; private set; }

        /// <summary>All of it as one JSON object, with the names that every language has. <c>headers</c> holds pairs of the name and the
        /// value, which is an array of bytes where it is not UTF-8.</summary>
        /// <returns>The JSON.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public string ToJson()
        {
            return json;
        }
    }

    /// <summary>What the agent said first. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class Greeting : Answer
    {
        internal Greeting(ReplyHandle reply) : base(reply)
        {
            PlainText = Text.Of(reply, Raw.polyai_reply_plain_text) ?? "";
            Response = Text.Of(reply, Raw.polyai_reply_response) ?? "";
            ConversationId = Text.Of(reply, Raw.polyai_reply_conversation_id);
            UserId = Text.Of(reply, Raw.polyai_reply_user_id);
        }

        /// <summary>The agent's words; empty for a conversation that was attached to.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Response { get; private set; }

        /// <summary>The agent's words without Markdown, for an SMS, an e-mail, a voice: links as <c>words (address)</c>, the rows of tables
        /// as lines; without control characters but line breaks and tabs.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string PlainText { get; private set; }

        /// <summary>The id that the service gave to the conversation.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string ConversationId { get; private set; }

        /// <summary>The user id that was sent, in the legacy dialect; else null.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        public string UserId { get; private set; }
    }

    /// <summary>What the agent answered in a turn. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class Reply : Answer
    {
        internal Reply(ReplyHandle reply) : base(reply)
        {
            PlainText = Text.Of(reply, Raw.polyai_reply_plain_text) ?? "";
            Response = Text.Of(reply, Raw.polyai_reply_response) ?? "";
            ConversationId = Text.Of(reply, Raw.polyai_reply_conversation_id);
            EndConversation = Raw.polyai_reply_end_conversation(reply);
            Handoff = Raw.polyai_reply_has_handoff(reply) ? new Handoff(reply) : null;
        }

        /// <summary>The agent's words.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Response { get; private set; }

        /// <summary>The agent's words without Markdown, for an SMS, an e-mail, a voice: links as <c>words (address)</c>, the rows of tables
        /// as lines; without control characters but line breaks and tabs.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string PlainText { get; private set; }

        /// <summary>The conversation it belongs to.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string ConversationId { get; private set; }

        /// <summary>Whether the agent has ended the conversation.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public bool EndConversation { get; private set; }

        /// <summary>Where the customer goes on; null where the agent hands off to nobody. It ends the conversation only together with
        /// <see cref="EndConversation"/>.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        public Handoff Handoff { get; private set; }
    }

    /// <summary>Where the agent wants the customer to go on. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class Handoff
    {
        internal Handoff(ReplyHandle reply)
        {
            Destination = Text.Of(reply, Raw.polyai_reply_handoff_destination);
            Reason = Text.Of(reply, Raw.polyai_reply_handoff_reason);
            Json = Text.Of(reply, Raw.polyai_reply_handoff_json);
        }

        /// <summary>Where to; null where the service does not say it as text.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        public string Destination { get; private set; }

        /// <summary>Why; null where the service does not say it as text.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        public string Reason { get; private set; }

        /// <summary>All of it as JSON, whatever its shape: contact-centre products have fields of their own in it.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Json { get; private set; }
    }

    /// <summary>The answer to a close. It never changes, any thread may use it, and no member blocks.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class Closed : Answer
    {
        internal Closed(ReplyHandle reply) : base(reply)
        {
            WasOver = Raw.polyai_reply_was_over(reply);
        }

        /// <summary>Whether the service said that the conversation was over already, or is not there any more.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public bool WasOver { get; private set; }
    }
}
