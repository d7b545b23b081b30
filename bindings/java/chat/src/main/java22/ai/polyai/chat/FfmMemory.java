// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@link Memory} by {@code java.lang.foreign}. */
final class FfmMemory implements Memory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final MethodHandle MALLOC = handle("malloc", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(JAVA_LONG));

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    @Override
    public long allocate(byte[] content) {
        long address;
        try {
            address = (long) MALLOC.invokeExact((long) content.length);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
        if (address == 0) {
            throw new OutOfMemoryError("no memory outside of the Java heap");
        }
        MemorySegment.copy(content, 0, ALL, JAVA_BYTE, address, content.length);
        return address;
    }

    @Override
    public void free(long address) {
        try {
            FREE.invokeExact(address);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    @Override
    public long getLong(long address) {
        return ALL.get(JAVA_LONG_UNALIGNED, address);
    }

    @Override
    public byte getByte(long address) {
        return ALL.get(JAVA_BYTE, address);
    }

    @Override
    public byte[] get(long address, int length) {
        byte[] content = new byte[length];
        MemorySegment.copy(ALL, JAVA_BYTE, address, content, 0, length);
        return content;
    }

    @Override
    public int lengthAt(long address) {
        int length = 0;
        while (ALL.get(JAVA_BYTE, address + length) != 0) {
            length++;
        }
        return length;
    }
}
