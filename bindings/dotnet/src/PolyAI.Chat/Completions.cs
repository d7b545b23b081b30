// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace PolyAI.Chat
{
    /// <summary>Completes the tasks of started calls, on one thread for all of them, which ends when there is none for a while. The threads of
    /// the library block signals, by which Mono stops threads to collect garbage; and threads that the pool starts from them, and
    /// programs that those start, would block them too.</summary>
    internal static class Completions
    {
        private const ulong IdleMilliseconds = 1000;

        private static readonly object Gate = new object();
        private static readonly Dictionary<ulong, TaskCompletionSource<bool>> Expected
            = new Dictionary<ulong, TaskCompletionSource<bool>>();
        private static CompletionsHandle list;
        private static ulong lastTag;

        /// <summary>Completes a source once the call of a turn is done.</summary>
        internal static void Expect(TurnHandle turn, TaskCompletionSource<bool> done)
        {
            lock (Gate)
            {
                ErrorHandle error;
                bool isNew = list == null;
                if (isNew)
                {
                    CompletionsHandle made;
                    uint status = Raw.polyai_completions_new(out made, out error);
                    Failure.Check(status, error);
                    list = made;
                }
                ulong tag = ++lastTag;
                Expected.Add(tag, done);
                try
                {
                    uint status = Raw.polyai_completions_expect(list, turn, tag, out error);
                    Failure.Check(status, error);
                }
                catch
                {
                    Expected.Remove(tag);
                    throw;
                }
                finally
                {
                    if (isNew)
                    {
                        Thread thread = new Thread(Run) { IsBackground = true, Name = "polyai-chat" };
                        thread.Start(list);
                    }
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
                    if (count == 0 && Expected.Count == 0)
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

    /// <summary>The signals that a thread blocks. A thread of the library that calls a delegate becomes one of Mono's, which must not
    /// block those by which Mono stops it.</summary>
    internal static class Signals
    {
        private const int SetMask = 2;
        // SIGXCPU and SIGPWR, which no thread of Mono blocks.
        private const ulong OfMono = 1UL << 23 | 1UL << 29;

        [DllImport("libc", EntryPoint = "pthread_sigmask")]
        private static extern int ReadMask(int how, IntPtr none, [Out] ulong[] mask);

        [DllImport("libc", EntryPoint = "pthread_sigmask")]
        private static extern int WriteMask(int how, ulong[] mask, IntPtr none);

        private static readonly bool IsOnMono = Type.GetType("Mono.Runtime") != null;
        private static ulong[] usual;

        /// <summary>Remembers those of a thread of the program.</summary>
        internal static void Remember()
        {
            if (IsOnMono)
            {
                usual = Mask();
            }
        }

        /// <summary>Has a thread of the library block what threads of the program block.</summary>
        internal static void Unblock()
        {
            if (IsOnMono && usual != null && (Mask()[0] & OfMono) == OfMono)
            {
                WriteMask(SetMask, usual, IntPtr.Zero);
            }
        }

        private static ulong[] Mask()
        {
            // A sigset_t is not longer than this.
            ulong[] mask = new ulong[16];
            ReadMask(SetMask, IntPtr.Zero, mask);
            return mask;
        }
    }
}
