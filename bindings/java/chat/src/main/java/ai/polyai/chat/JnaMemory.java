// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** {@link Memory} by JNA. */
final class JnaMemory implements Memory {
    @Override
    public long allocate(byte[] content) {
        long address = Native.malloc(content.length);
        if (address == 0) {
            throw new OutOfMemoryError("no memory outside of the Java heap");
        }
        new Pointer(address).write(0, content, 0, content.length);
        return address;
    }

    @Override
    public void free(long address) {
        Native.free(address);
    }

    @Override
    public long getLong(long address) {
        return new Pointer(address).getLong(0);
    }

    @Override
    public byte getByte(long address) {
        return new Pointer(address).getByte(0);
    }

    @Override
    public byte[] get(long address, int length) {
        return new Pointer(address).getByteArray(0, length);
    }

    @Override
    public int lengthAt(long address) {
        return (int) new Pointer(address).indexOf(0, (byte) 0);
    }
}
