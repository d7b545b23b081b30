// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

namespace PolyAI.Chat
{
    /// <summary>A call that was started: a respond, a create, a close or a warm-up. Its deadline began when it was started, and its place
    /// among the turns of its conversation is that of the start. Any thread may use it. It can be awaited.</summary>
    /// <typeparam name="T">What comes of it, such as <see cref="Reply"/>.</typeparam>
    /// <remarks>A turn that nobody keeps or awaits is cancelled a while later, by its finalizer. Since 0.1.0.</remarks>
    public sealed class Turn<T> : IDisposable
    {
        internal delegate T Taking(TurnHandle turn, CancellationToken token);

        private readonly object gate = new object();
        private readonly TurnHandle handle;
        private readonly Taking taking;
        private readonly CancellationToken token;
        // What is kept until the call is done: not the turn, so that it can be collected. Continuations run on the pool.
        private readonly TaskCompletionSource<bool> done
            = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task<T> task;
        private bool isSettled;
        private T value;
        private Exception problem;

        internal Turn(TurnHandle handle, CancellationToken token, Taking taking)
        {
            this.handle = handle;
            this.token = token;
            this.taking = taking;
            CorrelationId = Text.Of(handle, Raw.polyai_turn_correlation_id);
            Operation = Text.Copy(Raw.polyai_turn_operation(handle));
            Completions.Expect(handle, done);
            if (token.CanBeCanceled)
            {
                // Weak, so that a token that lives long does not keep a turn that nobody keeps.
                CancellationTokenRegistration registration = token.Register(CancelIfKept, new WeakReference<Turn<T>>(this));
                done.Task.ContinueWith((task, of) => ((CancellationTokenRegistration)of).Dispose(), registration, TaskScheduler.Default);
            }
        }

        private static void CancelIfKept(object reference)
        {
            Turn<T> turn;
            if (((WeakReference<Turn<T>>)reference).TryGetTarget(out turn))
            {
                turn.Cancel();
            }
        }

        /// <summary>The id that PolyAI's support asks for; known before the call is done. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string CorrelationId { get; private set; }

        /// <summary>What was started: <c>create</c>, <c>respond</c>, <c>close</c> or <c>warm_up</c>. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public string Operation { get; private set; }

        /// <summary>Whether the call is done: <see cref="Result"/> would not wait. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public bool IsDone { get { return done.Task.IsCompleted; } }

        /// <summary>Waits until the call is done, but no longer than this. The call goes on all the same. Blocks at most for the
        /// time.</summary>
        /// <param name="time">How long to wait at most: 0 asks without waiting, <c>Timeout.InfiniteTimeSpan</c> waits until it is done. Part
        /// of a millisecond counts as a whole one, and more than 24 days count as 24 days.</param>
        /// <returns>Whether the call is done.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public bool Wait(TimeSpan time)
        {
            if (time == Timeout.InfiniteTimeSpan)
            {
                done.Task.Wait();
                return true;
            }
            return done.Task.Wait((int)Math.Min(Times.Milliseconds(time), int.MaxValue));
        }

        /// <summary>The outcome of the call. Blocks until it is done, at most for its deadline. It can be asked any number of times, and gives
        /// the same object or throws the same exception each time.</summary>
        /// <returns>The reply, conversation or answer. Null after a warm-up, and after a close that was of no use.</returns>
        /// <exception cref="ChatException">The call failed.</exception>
        /// <exception cref="ChatCanceledException">The call was cancelled.</exception>
        /// <exception cref="ObjectDisposedException">The turn was disposed before.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public T Result()
        {
            done.Task.Wait();
            return Settle();
        }

        /// <summary>A task of this call, always the same. Does not block, and no thread of the pool waits for it. After a cancellation it is
        /// cancelled, and throws <see cref="ChatCanceledException"/> where it is awaited.</summary>
        /// <returns>The task.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public Task<T> AsTask()
        {
            lock (gate)
            {
                return task ?? (task = Settled());
            }
        }

        /// <summary>For <c>await turn</c>: as <see cref="AsTask"/>.</summary>
        /// <returns>What the compiler needs.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public TaskAwaiter<T> GetAwaiter()
        {
            return AsTask().GetAwaiter();
        }

        /// <summary>Ends the call, which is then done within milliseconds, with <see cref="ChatCanceledException"/> and a truthful delivery.
        /// Does nothing when it is done already. Does not block.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public void Cancel()
        {
            try
            {
                Raw.polyai_turn_cancel(handle);
            }
            catch (ObjectDisposedException)
            {
                // It is done.
            }
        }

        /// <summary>Frees the turn, and cancels its call if that is still under way. A task of it ends as cancelled. Does not block; may be
        /// called again. A turn whose result was taken need not be disposed.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public void Dispose()
        {
            Cancel();
            lock (gate)
            {
                // The caller that awaits the task takes its outcome, and frees the handle then.
                if (task == null)
                {
                    handle.Dispose();
                }
            }
        }

        private async Task<T> Settled()
        {
            await done.Task.ConfigureAwait(false);
            return Settle();
        }

        /// <summary>Takes the outcome of a call that is done. Does not wait.</summary>
        private T Settle()
        {
            lock (gate)
            {
                if (!isSettled)
                {
                    try
                    {
                        value = taking(handle, token);
                    }
                    catch (Exception failed)
                    {
                        problem = failed;
                    }
                    isSettled = true;
                    handle.Dispose();
                }
                if (problem != null)
                {
                    ExceptionDispatchInfo.Capture(problem).Throw();
                }
                return value;
            }
        }
    }

    /// <summary>How calls are made.</summary>
    internal static class Calls
    {
        internal delegate uint Blocking<R>(RequestHandle request, out R result, out ErrorHandle error);
        internal delegate uint Starting(RequestHandle request, out TurnHandle turn, out ErrorHandle error);

        /// <summary>Makes a call that blocks.</summary>
        internal static R Run<R>(Request request, CancellationToken token, Blocking<R> call)
        {
            using (NativeRequest native = new NativeRequest(request, token))
            {
                R result;
                ErrorHandle error;
                uint status = call(native.Handle, out result, out error);
                Failure.Check(status, error, token);
                return result;
            }
        }

        /// <summary>Makes a call that blocks, and takes its reply.</summary>
        internal static T Reply<T>(Request request, CancellationToken token, Blocking<ReplyHandle> call, Func<ReplyHandle, T> make)
        {
            using (ReplyHandle reply = Run(request, token, call))
            {
                return make(reply);
            }
        }

        /// <summary>Starts a call. A token that is cancelled already has it not sent.</summary>
        internal static TurnHandle Start(Request request, CancellationToken token, Starting call)
        {
            Completions.Reserve();
            try
            {
                return Run<TurnHandle>(request, token.IsCancellationRequested ? token : CancellationToken.None,
                    (RequestHandle native, out TurnHandle turn, out ErrorHandle error) => call(native, out turn, out error));
            }
            catch
            {
                Completions.Release();
                throw;
            }
        }

        /// <summary>Starts a call that gives a reply, or none.</summary>
        internal static Turn<T> StartReply<T>(Request request, CancellationToken token, Starting call, Func<ReplyHandle, T> make)
        {
            return new Turn<T>(Start(request, token, call), token, (handle, by) =>
            {
                ReplyHandle reply;
                ErrorHandle error;
                uint status = Raw.polyai_turn_take_reply(handle, out reply, out error);
                Failure.Check(status, error, by);
                using (reply)
                {
                    return reply.IsInvalid ? default(T) : make(reply);
                }
            });
        }

        /// <summary>The task of a call that is started now. Whatever fails fails the task.</summary>
        internal static async Task<T> Async<T>(Func<Turn<T>> start)
        {
            return await start().AsTask().ConfigureAwait(false);
        }
    }
}
