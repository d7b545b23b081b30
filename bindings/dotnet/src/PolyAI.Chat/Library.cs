// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Runtime.InteropServices;

namespace PolyAI.Chat
{
    /// <summary>The native library cannot be used: it is missing, for another platform, or of another release. The message says what to
    /// install.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed class NativeLibraryException : Exception
    {
        internal NativeLibraryException(string message, Exception cause) : base(message, cause) { }
    }

    /// <summary>The native library that is loaded. Any thread may ask.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public static class ChatLibrary
    {
        private static volatile bool isChecked;

        /// <summary>The version of the library, such as <c>0.1.0</c>. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static string Version
        {
            get
            {
                Check();
                return Text.Copy(Raw.polyai_version());
            }
        }

        /// <summary>What the library was built with, as words separated by spaces. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static string BuildFeatures
        {
            get
            {
                Check();
                return Text.Copy(Raw.polyai_build_features());
            }
        }

        /// <summary>The table of options, as a JSON array of objects: <c>name</c>, <c>environment_variable</c>, <c>default</c> (or null),
        /// <c>unit</c>, <c>is_secret</c>, <c>summary</c>. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static string OptionsJson
        {
            get
            {
                Check();
                UIntPtr length;
                IntPtr text = Raw.polyai_options_json(out length);
                return Text.Copy(text, length);
            }
        }

        /// <summary>The oldest ABI that the library still has. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static long AbiOldest
        {
            get
            {
                Check();
                return Raw.polyai_abi_oldest();
            }
        }

        /// <summary>The newest ABI that the library has. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static long AbiNewest
        {
            get
            {
                Check();
                return Raw.polyai_abi_newest();
            }
        }

        /// <summary>How many native objects there are that have not been freed, for tests that look for leaks. Its cost grows with their
        /// number. Does not block.</summary>
        /// <exception cref="NativeLibraryException">The library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public static long LiveHandles
        {
            get
            {
                Check();
                return (long)(ulong)Raw.polyai_live_handles();
            }
        }

        /// <summary>Loads the library, and refuses one that has not the ABI of the declarations.</summary>
        internal static void Check()
        {
            if (isChecked)
            {
                return;
            }
            uint oldest, newest;
            try
            {
                oldest = Raw.polyai_abi_oldest();
                newest = Raw.polyai_abi_newest();
            }
            catch (Exception problem) when (problem is DllNotFoundException || problem is EntryPointNotFoundException
                || problem is BadImageFormatException)
            {
                throw new NativeLibraryException("The native library " + Raw.Library + " cannot be used: " + problem.Message + ". " + Remedy,
                    problem);
            }
            if (oldest > Raw.Abi || newest < Raw.Abi)
            {
                throw new NativeLibraryException("The native library " + Raw.Library + " that was found has the ABIs " + oldest + " to "
                    + newest + ", and this assembly needs " + Raw.Abi + ". " + Remedy, null);
            }
            isChecked = true;
        }

        private const string Remedy = "Right is one of: the NuGet package PolyAI.Chat.Native.linux-x64 of the version of this assembly; the "
            + "Debian package libpolyai-chat1 of that release; the file "
            + Raw.Library + " of it beside this assembly; or LD_LIBRARY_PATH with the directory that holds it.";
    }

    /// <summary>What the library calls. An exception must not reach it, and the delegates must outlive every call.</summary>
    internal static class Callbacks
    {
        internal static readonly Raw.polyai_log_callback Log = OnLog;
        internal static readonly Raw.polyai_attempt_callback Attempt = OnAttempt;
        internal static readonly Raw.polyai_release_callback Release = OnRelease;

        /// <summary>Keeps an object until the library calls <see cref="Release"/>.</summary>
        internal static IntPtr Keep(object kept)
        {
            return GCHandle.ToIntPtr(GCHandle.Alloc(kept));
        }

        private static void OnLog(IntPtr kept, uint level, IntPtr line, UIntPtr length)
        {
            try
            {
                ((Action<LogLevel, string>)GCHandle.FromIntPtr(kept).Target)((LogLevel)level, Text.Copy(line, length));
            }
            catch (Exception)
            {
                // What a log does must not change the outcome of a call.
            }
        }

        private static void OnAttempt(IntPtr kept, IntPtr json, UIntPtr length)
        {
            try
            {
                ((Action<string>)GCHandle.FromIntPtr(kept).Target)(Text.Copy(json, length));
            }
            catch (Exception)
            {
                // As a log.
            }
        }

        private static void OnRelease(IntPtr kept)
        {
            try
            {
                GCHandle.FromIntPtr(kept).Free();
            }
            catch (Exception)
            {
            }
        }
    }
}
