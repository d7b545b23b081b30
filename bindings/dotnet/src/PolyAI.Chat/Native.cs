// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace PolyAI.Chat
{
    /// <summary>A handle of the native library, freed once, by a finalizer at the latest, and never while a call uses it.</summary>
    internal abstract class NativeHandle : SafeHandle
    {
        protected NativeHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }
    }

    /// <summary>A text on its way into the library: UTF-8 with its length, so that a NUL is a character as any other.</summary>
    internal struct Utf8
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);
        // An empty array may have no address, and NULL is not the same as empty.
        private static readonly byte[] Empty = new byte[1];
        // Half a surrogate pair as it is, which the library refuses in its own words; .NET would put a replacement.
        private static readonly byte[] Half = { 0xED, 0xA0, 0x80 };

        internal readonly byte[] Bytes;
        internal readonly UIntPtr Length;

        internal Utf8(string text)
        {
            Bytes = text == null ? null : text.Length == 0 ? Empty : Encoded(text);
            Length = new UIntPtr((uint)(string.IsNullOrEmpty(text) ? 0 : Bytes.Length));
        }

        private static byte[] Encoded(string text)
        {
            try
            {
                return Strict.GetBytes(text);
            }
            catch (EncoderFallbackException)
            {
                return Half;
            }
        }
    }

    /// <summary>Texts on their way out of the library.</summary>
    internal static class Text
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        internal delegate IntPtr Getter<H>(H handle, out UIntPtr length);
        internal delegate bool HeaderAt<H>(H handle, UIntPtr index, out IntPtr name, out IntPtr value, out UIntPtr length);
        internal delegate uint Writer(byte[] buffer, UIntPtr capacity, out UIntPtr length, out ErrorHandle error);

        /// <summary>A text that belongs to a handle; null where there is none.</summary>
        internal static string Of<H>(H handle, Getter<H> getter) where H : SafeHandle
        {
            bool isHeld = false;
            // Another thread may free the handle before the text is copied.
            handle.DangerousAddRef(ref isHeld);
            try
            {
                UIntPtr length;
                IntPtr text = getter(handle, out length);
                return Copy(text, length);
            }
            finally
            {
                if (isHeld)
                {
                    handle.DangerousRelease();
                }
            }
        }

        internal static string Copy(IntPtr text, UIntPtr length)
        {
            return text == IntPtr.Zero ? null : Encoding.UTF8.GetString(Bytes(text, (int)length));
        }

        /// <summary>A text that ends with a NUL.</summary>
        internal static string Copy(IntPtr text)
        {
            int length = 0;
            while (text != IntPtr.Zero && Marshal.ReadByte(text, length) != 0)
            {
                length++;
            }
            return Copy(text, new UIntPtr((uint)length));
        }

        private static byte[] Bytes(IntPtr from, int length)
        {
            byte[] bytes = new byte[length];
            Marshal.Copy(from, bytes, 0, length);
            return bytes;
        }

        /// <summary>The value of a header may hold any bytes: where they are not UTF-8, each is a character of its own.</summary>
        internal static string HeaderValue(IntPtr value, UIntPtr length)
        {
            byte[] bytes = Bytes(value, (int)length);
            try
            {
                return Strict.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                char[] characters = new char[bytes.Length];
                for (int i = 0; i < bytes.Length; i++)
                {
                    characters[i] = (char)bytes[i];
                }
                return new string(characters);
            }
        }

        /// <summary>A text that the library writes into a buffer.</summary>
        internal static string Written(Writer writer)
        {
            UIntPtr length;
            ErrorHandle error;
            Failure.Check(writer(null, UIntPtr.Zero, out length, out error), error);
            while (true)
            {
                // It may grow meanwhile.
                byte[] buffer = new byte[(int)length + 4096];
                uint status = writer(buffer, new UIntPtr((uint)buffer.Length), out length, out error);
                if (status != 0 && (ulong)length >= (ulong)buffer.Length)
                {
                    error.Dispose();
                    continue;
                }
                Failure.Check(status, error);
                return Encoding.UTF8.GetString(buffer, 0, (int)length);
            }
        }
    }
}
