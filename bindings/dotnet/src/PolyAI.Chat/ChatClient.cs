// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using System.Threading.Tasks;

namespace PolyAI.Chat
{
    /// <summary>Holds conversations with one agent. Make one for each project of the service, and keep it: any number of threads can use it
    /// at the same time, and share its connections.</summary>
    /// <remarks>A member of a client that was disposed throws <see cref="ObjectDisposedException"/>. Since 0.1.0.</remarks>
    public sealed class ChatClient : IDisposable
    {
        private readonly ClientHandle handle;
        private readonly bool isShared;

        internal ChatClient(ClientHandle handle, bool isShared)
        {
            this.handle = handle;
            this.isShared = isShared;
        }

        /// <summary>A client of the options in the environment variables <c>POLYAI_...</c>. Blocks while the files that they name are
        /// read.</summary>
        /// <returns>The client.</returns>
        /// <exception cref="ChatConfigurationException">An option is missing or wrong.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static ChatClient FromEnvironment()
        {
            return Builder().Environment().Build();
        }

        /// <summary>A client of a profile in a configuration file. Blocks while it is read.</summary>
        /// <param name="profile">The name of the profile; null for <c>default</c>.</param>
        /// <param name="file">The path of the file; null for the usual one, as <see cref="ChatClientBuilder.Profile"/> says.</param>
        /// <returns>The client.</returns>
        /// <exception cref="ChatConfigurationException">The file or an option is missing or wrong.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static ChatClient FromProfile([AllowNull] string profile = null, [AllowNull] string file = null)
        {
            return Builder().Profile(profile, file).Build();
        }

        /// <summary>A client of these options. Blocks while the files that they name are read.</summary>
        /// <param name="options">Values by the names of the table of options, such as <c>api_key</c>.</param>
        /// <returns>The client.</returns>
        /// <exception cref="ChatConfigurationException">An option is missing or wrong.</exception>
        /// <exception cref="ChatInvalidArgumentException">There is no option of a name.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static ChatClient FromOptions(IEnumerable<KeyValuePair<string, string>> options)
        {
            ChatClientBuilder builder = Builder();
            foreach (KeyValuePair<string, string> option in options)
            {
                builder.Option(option.Key, option.Value);
            }
            return builder.Build();
        }

        /// <summary>The client of this process for these options: it is made the first time, and given again, with its open connections,
        /// whenever the same options are. For modules of one process that do not know each other. Blocks while files are read. Any
        /// thread.</summary>
        /// <param name="options">Its options, without delegates.</param>
        /// <returns>The client, as an object of its own.</returns>
        /// <exception cref="ChatConfigurationException">An option is missing or wrong.</exception>
        /// <exception cref="ChatInvalidArgumentException">There is no option of a name, the options have a delegate, which only one of the
        /// callers would expect, or there are 1,024 shared clients already.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks><see cref="Dispose"/> lets go of this object alone. The client is kept until <see cref="ShutDown"/> or the end of the
        /// process; after <c>ShutDown</c> the next call makes a new one. Files and variables that the options name are read only when it is
        /// made, and credentials that were replaced stay replaced. Since 0.1.0.</remarks>
        public static ChatClient Shared(ChatClientBuilder options)
        {
            if (options == null)
            {
                throw new ArgumentNullException(nameof(options));
            }
            return options.Shared();
        }

        /// <summary>Begins to collect options. Does not block.</summary>
        /// <returns>A builder in which nothing is set.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public static ChatClientBuilder Builder()
        {
            return new ChatClientBuilder();
        }

        /// <summary>Starts a conversation; the agent greets. Blocks until it has, at most for the deadline. Any thread.</summary>
        /// <param name="request">What the agent may know, variant, channel, deadline and more; null where none of it is needed.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The conversation.</returns>
        /// <exception cref="ChatException">The call failed. After one whose delivery is unknown a conversation may be open that nobody can
        /// reach.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Conversation Create([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            return new Conversation(Calls.Run(request, token,
                (RequestHandle native, out ConversationHandle conversation, out ErrorHandle error) =>
                    Raw.polyai_client_create(handle, native, out conversation, out error)));
        }

        /// <summary>Starts to create a conversation and returns at once. Any thread.</summary>
        /// <param name="request">As <see cref="Create"/>.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The turn, whose result is the conversation.</returns>
        /// <exception cref="ChatException">The request is wrong, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Turn<Conversation> StartCreate([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            TurnHandle started = Calls.Start(request, token, (RequestHandle native, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_client_start_create(handle, native, out turn, out error));
            return new Turn<Conversation>(started, token, (turn, by) =>
            {
                ConversationHandle conversation;
                ErrorHandle error;
                uint status = Raw.polyai_turn_take_conversation(turn, out conversation, out error);
                Failure.Check(status, error, by);
                return new Conversation(conversation);
            });
        }

        /// <summary>As <see cref="Create"/>, without blocking a thread.</summary>
        /// <param name="request">As <see cref="Create"/>.</param>
        /// <param name="token">As <see cref="Create"/>.</param>
        /// <returns>A task that gives the conversation, or throws what <see cref="Create"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Conversation> CreateAsync([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => StartCreate(request, token));
        }

        /// <summary>Goes on with a conversation that was created elsewhere, or earlier. Sends nothing and does not block.</summary>
        /// <param name="conversationId">Its id, of 1 to 1,024 bytes.</param>
        /// <returns>The conversation.</returns>
        /// <exception cref="ChatInvalidArgumentException">The id is empty or too long.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Conversation Attach(string conversationId)
        {
            Utf8 id = new Utf8(conversationId);
            ConversationHandle conversation;
            ErrorHandle error;
            uint status = Raw.polyai_client_attach(handle, id.Bytes, id.Length, out conversation, out error);
            Failure.Check(status, error);
            return new Conversation(conversation);
        }

        /// <summary>One turn of a conversation by its id alone: no order among turns and no state is kept. Blocks until the agent has
        /// replied, at most for the deadline. Any thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="message">What the customer says; null for a turn without a message, which is not the same as an empty one.</param>
        /// <param name="request">Fields, headers and deadline of the call; null where none is needed.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The reply.</returns>
        /// <exception cref="ChatException">The call failed.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Reply Respond(string conversationId, [AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 id = new Utf8(conversationId), said = new Utf8(message);
            return Calls.Reply(request, token, (RequestHandle native, out ReplyHandle reply, out ErrorHandle error) =>
                Raw.polyai_client_respond(
                    handle, id.Bytes, id.Length, said.Bytes, said.Length, native, out reply, out error), made => new Reply(made));
        }

        /// <summary>Starts a turn by the conversation's id alone, and returns at once. Turns that are started so go their way at the same
        /// time. Any thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="message">As <see cref="Respond"/>.</param>
        /// <param name="request">As <see cref="Respond"/>.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The turn.</returns>
        /// <exception cref="ChatException">An argument is wrong, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Turn<Reply> StartRespond(string conversationId, [AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 id = new Utf8(conversationId), said = new Utf8(message);
            return Calls.StartReply(request, token, (RequestHandle native, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_client_start_respond(
                    handle, id.Bytes, id.Length, said.Bytes, said.Length, native, out turn, out error), made => new Reply(made));
        }

        /// <summary>As <see cref="Respond"/>, without blocking a thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="message">As <see cref="Respond"/>.</param>
        /// <param name="request">As <see cref="Respond"/>.</param>
        /// <param name="token">As <see cref="Respond"/>.</param>
        /// <returns>A task that gives the reply, or throws what <see cref="Respond"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Reply> RespondAsync(string conversationId, [AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => StartRespond(conversationId, message, request, token));
        }

        /// <summary>Closes a conversation by its id. One that is over already counts as closed. Blocks at most for the deadline of a close.
        /// Any thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="request">Headers and deadline of the call; null where none is needed.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The answer.</returns>
        /// <exception cref="ChatUnsupportedException">The legacy dialect has no close.</exception>
        /// <exception cref="ChatException">The call failed.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Closed CloseConversation(string conversationId, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 id = new Utf8(conversationId);
            return Calls.Reply(request, token, (RequestHandle native, out ReplyHandle reply, out ErrorHandle error) =>
                Raw.polyai_client_close_conversation(handle, id.Bytes, id.Length, native, out reply, out error), made => new Closed(made));
        }

        /// <summary>Starts to close a conversation by its id, and returns at once. Any thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="request">As <see cref="CloseConversation"/>.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The turn.</returns>
        /// <exception cref="ChatException">An argument is wrong, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Turn<Closed> StartCloseConversation(string conversationId, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 id = new Utf8(conversationId);
            return Calls.StartReply(request, token, (RequestHandle native, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_client_start_close_conversation(handle, id.Bytes, id.Length, native, out turn, out error),
                made => new Closed(made));
        }

        /// <summary>As <see cref="CloseConversation"/>, without blocking a thread.</summary>
        /// <param name="conversationId">The id.</param>
        /// <param name="request">As <see cref="CloseConversation"/>.</param>
        /// <param name="token">As <see cref="CloseConversation"/>.</param>
        /// <returns>A task that gives the answer, or throws what <see cref="CloseConversation"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Closed> CloseConversationAsync(string conversationId, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => StartCloseConversation(conversationId, request, token));
        }

        /// <summary>Opens a connection ahead of the first turn, unless one is idle already. Sends no request. Blocks at most for the time.
        /// Any thread.</summary>
        /// <param name="timeout">From 1 ms to a day, in whole milliseconds; a part of one counts as one.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <exception cref="ChatException">There is no connection, or the time is out of range.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public void WarmUp(TimeSpan timeout, CancellationToken token = default(CancellationToken))
        {
            if (token.CanBeCanceled)
            {
                StartWarmUp(timeout, token).Result();
                return;
            }
            ErrorHandle error;
            Failure.Check(Raw.polyai_client_warm_up(handle, Times.Milliseconds(timeout), out error), error);
        }

        /// <summary>Starts to open a connection ahead of the first turn, and returns at once. Any thread.</summary>
        /// <param name="timeout">As <see cref="WarmUp"/>.</param>
        /// <param name="token">Ends the call at any time. One that is cancelled before throws at once.</param>
        /// <returns>The turn, whose result is null.</returns>
        /// <exception cref="ChatCanceledException">The token was cancelled before.</exception>
        /// <exception cref="ChatException">The time is out of range, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
#if NULLABLE
        public Turn<Answer?> StartWarmUp(TimeSpan timeout, CancellationToken token = default(CancellationToken))
#else
        public Turn<Answer> StartWarmUp(TimeSpan timeout, CancellationToken token = default(CancellationToken))
#endif
        {
            Failure.CheckToken(token);
            return Calls.StartReply(null, token, (RequestHandle none, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_client_start_warm_up(handle, Times.Milliseconds(timeout), out turn, out error),
                made => (Answer)new Closed(made));
        }

        /// <summary>As <see cref="WarmUp"/>, without blocking a thread.</summary>
        /// <param name="timeout">As <see cref="WarmUp"/>.</param>
        /// <param name="token">As <see cref="WarmUp"/>.</param>
        /// <returns>A task that is done when there is a connection, or throws what <see cref="WarmUp"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task WarmUpAsync(TimeSpan timeout, CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => StartWarmUp(timeout, token));
        }

        /// <summary>Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched. Does not
        /// block. Any thread.</summary>
        /// <param name="apiKey">The new key.</param>
        /// <param name="token">The new connector token.</param>
        /// <exception cref="ChatInvalidArgumentException">One of them cannot stand in a header. Nothing is replaced then.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public void ReplaceCredentials(string apiKey, string token)
        {
            Utf8 key = new Utf8(apiKey), connector = new Utf8(token);
            ErrorHandle error;
            uint status = Raw.polyai_client_replace_credentials(
                handle, key.Bytes, key.Length, connector.Bytes, connector.Length, out error);
            Failure.Check(status, error);
        }

        /// <summary>Ends every call that is under way with <see cref="ChatCanceledException"/> and a truthful delivery, closes idle
        /// connections, and has later calls fail as cancelled, not sent. Sends nothing: close the conversations first. Does not block; may be
        /// called again. Any thread.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public void ShutDown()
        {
            Raw.polyai_client_shut_down(handle);
        }

        /// <summary>Shuts the client down as <see cref="ShutDown"/>, then waits until no native thread of it is left. Blocks at most for the
        /// time. Called from a log delegate, it waits in vain.</summary>
        /// <param name="timeout">How long to wait at most, from 0; a part of a millisecond counts as one.</param>
        /// <returns>Whether none is left; a name server that does not answer can keep one.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public bool ShutDownAndWait(TimeSpan timeout)
        {
            bool isDone;
            ErrorHandle error;
            uint status = Raw.polyai_client_shut_down_and_wait(handle, Times.Milliseconds(timeout), out isDone, out error);
            Failure.Check(status, error);
            return isDone;
        }

        /// <summary>Shuts the client down as <see cref="ShutDown"/>, unless it is shared (<see cref="Shared"/>), and frees it. Close its
        /// conversations first: their close is cancelled now. Does not block; may be called again. A client that is collected instead is
        /// freed without being shut down.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public void Dispose()
        {
            try
            {
                if (!isShared)
                {
                    ShutDown();
                }
            }
            catch (ObjectDisposedException)
            {
                // A second time.
            }
            handle.Dispose();
        }

        /// <summary>Where the service is, as it was configured. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string BaseUrl { get { return Text.Of(handle, Raw.polyai_client_base_url); } }

        /// <summary>The dialect that the client speaks: <c>current</c> or <c>legacy</c>. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Dialect { get { return Text.Of(handle, Raw.polyai_client_dialect); } }

        /// <summary>The proxy between this client and the service, without user name and password; null where the connection is direct. Does
        /// not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        [MaybeNull]
        public string Proxy { get { return Text.Of(handle, Raw.polyai_client_proxy); } }

        /// <summary>The client's counters, as a JSON object: calls, failures by kind, latencies, attempts, connections. Does not
        /// block.</summary>
        /// <returns>The JSON.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public string MetricsJson()
        {
            return Text.Written((byte[] buffer, UIntPtr capacity, out UIntPtr length, out ErrorHandle error) =>
                Raw.polyai_client_metrics_json(handle, buffer, capacity, out length, out error));
        }

        /// <summary>The last attempts of all calls, oldest first, as a JSON array. Does not block.</summary>
        /// <param name="after">Only those whose <c>serial</c> is larger; 0 gives all.</param>
        /// <returns>The JSON.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public string RecentAttemptsJson(long after = 0)
        {
            return Text.Written((byte[] buffer, UIntPtr capacity, out UIntPtr length, out ErrorHandle error) =>
                Raw.polyai_client_recent_attempts_json(handle, (ulong)Math.Max(0, after), buffer, capacity, out length, out error));
        }

        /// <summary>The same attempts as lines for a log: a JSON array of objects with <c>serial</c>, <c>level</c> and <c>text</c>. Does not
        /// block.</summary>
        /// <param name="after">Only those whose <c>serial</c> is larger; 0 gives all.</param>
        /// <returns>The JSON.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public string RecentLogLinesJson(long after = 0)
        {
            return Text.Written((byte[] buffer, UIntPtr capacity, out UIntPtr length, out ErrorHandle error) =>
                Raw.polyai_client_recent_log_lines_json(handle, (ulong)Math.Max(0, after), buffer, capacity, out length, out error));
        }
    }
}
