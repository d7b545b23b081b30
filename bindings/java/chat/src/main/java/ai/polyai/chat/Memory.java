// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/** Memory outside of the Java heap, by its addresses. */
interface Memory {
    /** New memory with this content, which {@link #free} gives back. */
    long allocate(byte[] content);

    void free(long address);

    long getLong(long address);

    byte getByte(long address);

    byte[] get(long address, int length);

    /** The length of the text that begins here and ends with a NUL. */
    int lengthAt(long address);
}
