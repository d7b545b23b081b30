// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using System.Threading.Tasks;

namespace PolyAI.Chat
{
    /// <summary>One conversation with the agent. Any number of threads may use it: its turns are sent one at a time, in the order of the
    /// calls.</summary>
    /// <remarks>A call on a conversation that was disposed throws <see cref="ObjectDisposedException"/>. One that is collected instead is
    /// freed without being closed. Since 0.1.0.</remarks>
    public sealed class Conversation : IDisposable
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
        , IAsyncDisposable
#endif
    {
        private readonly ConversationHandle handle;
        private ConversationState lastState;

        internal Conversation(ConversationHandle handle)
        {
            this.handle = handle;
            Id = Text.Of(handle, Raw.polyai_conversation_id);
            ReplyHandle reply;
            ErrorHandle error;
            uint status = Raw.polyai_conversation_greeting_reply(handle, out reply, out error);
            Failure.Check(status, error);
            using (reply)
            {
                Greeting = new Greeting(reply);
            }
        }

        /// <summary>The id that the service gave it. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Id { get; private set; }

        /// <summary>What the agent said first; with empty texts for a conversation that was attached to. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public Greeting Greeting { get; private set; }

        /// <summary>What is known about it now; after it was disposed, what was known then. Does not block. Any thread.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public ConversationState State
        {
            get
            {
                try
                {
                    return (ConversationState)Raw.polyai_conversation_state(handle);
                }
                catch (ObjectDisposedException)
                {
                    return lastState;
                }
            }
        }

        /// <summary>One turn: says a message, and gives the agent's reply. Blocks until the agent has replied, at most for the deadline; a
        /// call that waits for an earlier turn stays inside its own deadline. Any thread.</summary>
        /// <param name="message">What the customer says; null for a turn without a message, which is not the same as an empty one.</param>
        /// <param name="request">Fields, headers and deadline of the call; null where none is needed.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The reply.</returns>
        /// <exception cref="ChatConversationEndedException">The conversation is over. Nothing was sent, unless the service said so
        /// now.</exception>
        /// <exception cref="ChatException">The call failed. Send again only where <see cref="ChatException.MayResend"/> says so.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Reply Respond([AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 said = new Utf8(message);
            return Calls.Reply(request, token, (RequestHandle native, out ReplyHandle reply, out ErrorHandle error) =>
                Raw.polyai_conversation_respond(handle, said.Bytes, said.Length, native, out reply, out error), made => new Reply(made));
        }

        /// <summary>Starts a turn and returns at once. It is queued now, and its deadline starts now. Any thread.</summary>
        /// <param name="message">As <see cref="Respond"/>.</param>
        /// <param name="request">As <see cref="Respond"/>.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The turn.</returns>
        /// <exception cref="ChatException">An argument is wrong, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Turn<Reply> Start([AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            Utf8 said = new Utf8(message);
            return Calls.StartReply(request, token, (RequestHandle native, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_conversation_start_respond(handle, said.Bytes, said.Length, native, out turn, out error),
                made => new Reply(made));
        }

        /// <summary>As <see cref="Respond"/>, without blocking a thread. The turn has its place in the queue when this returns.</summary>
        /// <param name="message">As <see cref="Respond"/>.</param>
        /// <param name="request">As <see cref="Respond"/>.</param>
        /// <param name="token">As <see cref="Respond"/>.</param>
        /// <returns>A task that gives the reply, or throws what <see cref="Respond"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Reply> RespondAsync([AllowNull] string message, [AllowNull] Request request = null,
            CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => Start(message, request, token));
        }

        /// <summary>As <see cref="RespondAsync(string, Request, CancellationToken)"/> without a request.</summary>
        /// <param name="message">As <see cref="Respond"/>.</param>
        /// <param name="token">As <see cref="Respond"/>.</param>
        /// <returns>A task that gives the reply, or throws what <see cref="Respond"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Reply> RespondAsync([AllowNull] string message, CancellationToken token)
        {
            return RespondAsync(message, null, token);
        }

        /// <summary>Closes it. Sent once, also when the service has said that it is over; later calls give the first answer. Waits for
        /// earlier turns. Blocks at most for the deadline of a close. Any thread.</summary>
        /// <param name="request">Headers and deadline of the call; null where none is needed.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The answer.</returns>
        /// <exception cref="ChatUnsupportedException">The legacy dialect has no close.</exception>
        /// <exception cref="ChatException">The call failed.</exception>
        /// <exception cref="ChatCanceledException">It was cancelled.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Closed Close([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            return Calls.Reply(request, token, (RequestHandle native, out ReplyHandle reply, out ErrorHandle error) =>
                Raw.polyai_conversation_close(handle, native, out reply, out error), made => new Closed(made));
        }

        /// <summary>Starts to close it and returns at once. Any thread.</summary>
        /// <param name="request">As <see cref="Close"/>.</param>
        /// <param name="token">Ends the call, before it begins or at any time.</param>
        /// <returns>The turn.</returns>
        /// <exception cref="ChatException">An argument is wrong, or no thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public Turn<Closed> StartClose([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            return Calls.StartReply(request, token, (RequestHandle native, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_conversation_start_close(handle, native, out turn, out error), made => new Closed(made));
        }

        /// <summary>As <see cref="Close"/>, without blocking a thread.</summary>
        /// <param name="request">As <see cref="Close"/>.</param>
        /// <param name="token">As <see cref="Close"/>.</param>
        /// <returns>A task that gives the answer, or throws what <see cref="Close"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<Closed> CloseAsync([AllowNull] Request request = null, CancellationToken token = default(CancellationToken))
        {
            return Calls.Async(() => StartClose(request, token));
        }

        /// <summary>Closes it if that is still of use: sends nothing when it is over or the dialect has no close. Blocks at most for the
        /// client's deadline of a close. Any thread.</summary>
        /// <exception cref="ChatException">The close failed.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public void CloseIfOpen()
        {
            ErrorHandle error;
            Failure.Check(Raw.polyai_conversation_close_if_open(handle, out error), error);
        }

        /// <summary>Starts to close it if that is still of use, and returns at once. Any thread.</summary>
        /// <param name="token">Ends the call at any time. One that is cancelled before throws at once.</param>
        /// <exception cref="ChatCanceledException">The token was cancelled before.</exception>
        /// <returns>The turn; its result is null where nothing was sent.</returns>
        /// <exception cref="ChatException">No thread can be had.</exception>
        /// <remarks>Since 0.1.0.</remarks>
#if NULLABLE
        public Turn<Closed?> StartCloseIfOpen(CancellationToken token = default(CancellationToken))
#else
        public Turn<Closed> StartCloseIfOpen(CancellationToken token = default(CancellationToken))
#endif
        {
            Failure.CheckToken(token);
            return Calls.StartReply(null, token, (RequestHandle none, out TurnHandle turn, out ErrorHandle error) =>
                Raw.polyai_conversation_start_close_if_open(handle, out turn, out error), made => new Closed(made));
        }

        /// <summary>As <see cref="CloseIfOpen"/>, without blocking a thread.</summary>
        /// <param name="token">Ends the call at any time.</param>
        /// <returns>A task that gives the answer, null where nothing was sent, or throws what <see cref="CloseIfOpen"/> throws.</returns>
        /// <remarks>Since 0.1.0.</remarks>
#if NULLABLE
        public Task<Closed?> CloseIfOpenAsync(CancellationToken token = default(CancellationToken))
#else
        public Task<Closed> CloseIfOpenAsync(CancellationToken token = default(CancellationToken))
#endif
        {
            return Calls.Async(() => StartCloseIfOpen(token));
        }

        /// <summary>Closes the conversation at the service as <see cref="CloseIfOpen"/>, then frees this object. Blocks at most for the
        /// client's deadline of a close, 5 s unless set. A second call does nothing. Any thread.</summary>
        /// <exception cref="ChatException">The close failed; the object is freed all the same.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public void Dispose()
        {
            if (handle.IsClosed)
            {
                return;
            }
            try
            {
                CloseIfOpen();
            }
            finally
            {
                Free();
            }
        }

#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
        /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
        /// <returns>A task that is done when the object is freed.</returns>
        /// <exception cref="ChatException">The close failed; the object is freed all the same.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public ValueTask DisposeAsync()
        {
            return new ValueTask(DisposedAsync());
        }

        private async Task DisposedAsync()
        {
            if (handle.IsClosed)
            {
                return;
            }
            try
            {
                await CloseIfOpenAsync().ConfigureAwait(false);
            }
            finally
            {
                Free();
            }
        }
#endif

        private void Free()
        {
            lastState = State;
            handle.Dispose();
        }
    }
}
