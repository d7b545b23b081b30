// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace PolyAI.Chat
{
    /// <summary>Completes the tasks of started calls, on one thread for all of them, which ends when there is none for a while. The threads of
    /// the library block signals such as SIGTERM: threads that the pool starts from them, and programs that those start, would too.</summary>
    internal static class Completions
    {
        private const ulong IdleMilliseconds = 1000;

        private static readonly object Gate = new object();
        private static readonly Dictionary<ulong, TaskCompletionSource<bool>> Expected
            = new Dictionary<ulong, TaskCompletionSource<bool>>();
        private static CompletionsHandle list;
        private static ulong lastTag;
        /// <summary>Calls that are about to be expected: the thread stays for them.</summary>
        private static int reserved;

        /// <summary>Has a thread ready for a call that is about to be started: <see cref="Expect"/> or <see cref="Release"/> is to follow. What a call
        /// needs is there before anything is sent.</summary>
        internal static void Reserve()
        {
            lock (Gate)
            {
                if (list == null)
                {
                    CompletionsHandle made;
                    ErrorHandle error;
                    uint status = Raw.polyai_completions_new(out made, out error);
                    Failure.Check(status, error);
                    try
                    {
                        new Thread(Run) { IsBackground = true, Name = "polyai-chat" }.Start(made);
                    }
                    catch (Exception)
                    {
                        // Each runtime has an exception of its own for that.
                        made.Dispose();
                        throw Exceptions.Of(new ErrorDetails(ErrorKind.Unavailable, "unavailable", "the system grants no thread for the tasks of calls"));
                    }
                    list = made;
                }
                reserved++;
            }
        }

        /// <summary>After <see cref="Reserve"/>, where the call could not be started.</summary>
        internal static void Release()
        {
            lock (Gate)
            {
                reserved--;
            }
        }

        /// <summary>After <see cref="Reserve"/>: completes a source once the call of a turn is done.</summary>
        internal static void Expect(TurnHandle turn, TaskCompletionSource<bool> done)
        {
            lock (Gate)
            {
                reserved--;
                ulong tag = ++lastTag;
                Expected.Add(tag, done);
                try
                {
                    ErrorHandle error;
                    uint status = Raw.polyai_completions_expect(list, turn, tag, out error);
                    Failure.Check(status, error);
                }
                catch
                {
                    Expected.Remove(tag);
                    throw;
                }
            }
        }

        private static void Run(object given)
        {
            CompletionsHandle mine = (CompletionsHandle)given;
            ulong[] tags = new ulong[64];
            List<TaskCompletionSource<bool>> done = new List<TaskCompletionSource<bool>>();
            while (true)
            {
                bool isReady;
                ErrorHandle error;
                Raw.polyai_completions_wait(mine, IdleMilliseconds, out isReady, out error);
                error.Dispose();
                uint count = (uint)Raw.polyai_completions_take(mine, tags, new UIntPtr((uint)tags.Length));
                lock (Gate)
                {
                    for (uint i = 0; i < count; i++)
                    {
                        done.Add(Expected[tags[i]]);
                        Expected.Remove(tags[i]);
                    }
                    if (count == 0 && Expected.Count == 0 && reserved == 0)
                    {
                        list = null;
                        mine.Dispose();
                        return;
                    }
                }
                // Runs no code of the caller's: the sources have RunContinuationsAsynchronously.
                done.ForEach(source => source.TrySetResult(true));
                done.Clear();
            }
        }
    }
}
