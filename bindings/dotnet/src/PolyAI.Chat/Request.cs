// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Threading;

namespace PolyAI.Chat
{
    /// <summary>What one call has of its own: fields, headers, a deadline. It can be used for any number of calls, which copy what it holds
    /// when they are made. For one thread at a time. No member blocks. Wrong values are refused by the call, which sends nothing
    /// then.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed partial class Request
    {
        private readonly List<KeyValuePair<string, string>> fields = new List<KeyValuePair<string, string>>();
        private readonly List<KeyValuePair<string, string>> attributes = new List<KeyValuePair<string, string>>();
        private readonly List<KeyValuePair<string, string>> headers = new List<KeyValuePair<string, string>>();
        private TimeSpan? timeout;

        /// <summary>Adds one text to what the agent may know: <c>new Request { ["customer_name"] = "Sam" }</c>.</summary>
        /// <param name="attribute">Its name in <c>integration_attributes</c>.</param>
        /// <remarks>Since 0.1.0.</remarks>
        public string this[string attribute]
        {
            set { Attribute(attribute, value); }
        }

        /// <summary>Adds one text to what the agent may know.</summary>
        /// <param name="name">Its name in <c>integration_attributes</c>, such as <c>customer_name</c>.</param>
        /// <param name="value">The text.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Request Attribute(string name, string value)
        {
            attributes.Add(new KeyValuePair<string, string>(name, value));
            return this;
        }

        /// <summary>Sets a field by its name, for those that only a newer library knows.</summary>
        /// <param name="name">The name of the field.</param>
        /// <param name="value">A text, or JSON where the field is an object.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Request Field(string name, string value)
        {
            return Set(name, value);
        }

        /// <summary>Adds a header, such as <c>traceparent</c>, or replaces the one of this name.</summary>
        /// <param name="name">Its name. Headers that the library sets itself are refused.</param>
        /// <param name="value">Its value, in visible ASCII.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Request Header(string name, string value)
        {
            headers.Add(new KeyValuePair<string, string>(name, value));
            return this;
        }

        /// <summary>Sets the deadline of the calls, in place of the client's. It covers everything that a call waits for.</summary>
        /// <param name="value">From 1 ms to a day, in whole milliseconds; a part of one counts as one.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Request Timeout(TimeSpan value)
        {
            timeout = value;
            return this;
        }

        private Request Set(string name, string value)
        {
            fields.Add(new KeyValuePair<string, string>(name, value));
            return this;
        }

        internal void Fill(RequestHandle handle)
        {
            foreach (KeyValuePair<string, string> field in fields)
            {
                Add(handle, field, Raw.polyai_request_set);
            }
            foreach (KeyValuePair<string, string> attribute in attributes)
            {
                Add(handle, attribute, Raw.polyai_request_set_attribute);
            }
            foreach (KeyValuePair<string, string> header in headers)
            {
                Add(handle, header, Raw.polyai_request_set_header);
            }
            if (timeout.HasValue)
            {
                ErrorHandle error;
                uint status = Raw.polyai_request_set_timeout_ms(handle, Times.Milliseconds(timeout.Value), out error);
                Failure.Check(status, error);
            }
        }

        private delegate uint Adding(RequestHandle request, byte[] name, UIntPtr nameLength, byte[] value, UIntPtr valueLength,
            out ErrorHandle error);

        private static void Add(RequestHandle handle, KeyValuePair<string, string> entry, Adding adding)
        {
            Utf8 name = new Utf8(entry.Key), value = new Utf8(entry.Value);
            ErrorHandle error;
            uint status = adding(handle, name.Bytes, name.Length, value.Bytes, value.Length, out error);
            Failure.Check(status, error);
        }
    }

    /// <summary>A request of the library, for one call.</summary>
    internal sealed class NativeRequest : IDisposable
    {
        // P/Invoke takes no null for a SafeHandle.
        private static readonly RequestHandle None = new RequestHandle();

        internal readonly RequestHandle Handle = None;
        private readonly CancelHandle cancel;
        private readonly CancellationTokenRegistration registration;

        internal NativeRequest(Request request, CancellationToken token)
        {
            if (request == null && !token.CanBeCanceled)
            {
                return;
            }
            Handle = Raw.polyai_request_new();
            try
            {
                if (request != null)
                {
                    request.Fill(Handle);
                }
                if (token.CanBeCanceled)
                {
                    cancel = Raw.polyai_cancel_new();
                    ErrorHandle error;
                    uint status = Raw.polyai_request_set_cancel(Handle, cancel, out error);
                    Failure.Check(status, error);
                    // For good, so that it counts also where it comes before the call begins.
                    registration = token.Register(() => Raw.polyai_cancel_trigger_for_good(cancel));
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            // Waits for a callback that runs now.
            registration.Dispose();
            if (Handle != None)
            {
                Handle.Dispose();
            }
            if (cancel != null)
            {
                cancel.Dispose();
            }
        }
    }
}
