// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The memory that one call of the library needs: places for what it gives, and the texts that it is given. */
final class Call implements AutoCloseable {
    /** Three results and the error, each of eight bytes. */
    private static final int PLACES = 4 * Long.BYTES;

    final Library library;
    final Raw raw;
    private final long block;
    private final int[] begins;

    Call(Library library, String... texts) {
        this.library = library;
        this.raw = library.raw;
        byte[][] encoded = new byte[texts.length][];
        begins = new int[texts.length + 1];
        int end = PLACES;
        for (int i = 0; i < texts.length; i++) {
            encoded[i] = texts[i] == null ? null : utf8(texts[i]);
            begins[i] = end;
            end = Math.addExact(end, encoded[i] == null ? 0 : encoded[i].length);
        }
        begins[texts.length] = end;
        byte[] content = new byte[end];
        for (int i = 0; i < texts.length; i++) {
            if (encoded[i] == null) {
                begins[i] = -begins[i];
            } else {
                System.arraycopy(encoded[i], 0, content, begins[i], encoded[i].length);
            }
        }
        block = library.memory.allocate(content);
    }

    /** Half a surrogate pair is encoded as it is, which the library refuses in its own words; the JDK would put a question mark. */
    private static byte[] utf8(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException half) {
            return new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80};
        }
    }

    /** Where a text begins; 0 where it is null. */
    long text(int index) {
        return begins[index] < 0 ? 0 : block + begins[index];
    }

    /** The length of a text in bytes. */
    long length(int index) {
        return begins[index] < 0 ? 0 : Math.abs(begins[index + 1]) - begins[index];
    }

    /** Where the library writes a result: 0 to 2. */
    long out(int index) {
        return block + (long) index * Long.BYTES;
    }

    /** Where the library writes an error. */
    long error() {
        return out(3);
    }

    long result(int index) {
        return library.memory.getLong(out(index));
    }

    boolean isTrue(int index) {
        return library.memory.getByte(out(index)) != 0;
    }

    /** The text that a function has returned, which has written its length as result 2. */
    String said(long address) {
        return library.text(address, address == 0 ? 0 : result(2));
    }

    /** As {@link #said}, of any bytes. */
    byte[] saidBytes(long address) {
        return address == 0 ? null : library.memory.get(address, (int) result(2));
    }

    /**
     * Throws what a call has returned, unless it went well.
     *
     * @throws ChatException it did not
     */
    void check(int status) {
        if (status != 0) {
            throw ErrorDetails.take(library, status, library.memory.getLong(error()));
        }
    }

    interface Buffered {
        int into(long buffer, long capacity, long length, long error);
    }

    /** A text that a function writes into a buffer. */
    static String buffered(Library library, Buffered function) {
        try (Call call = new Call(library)) {
            call.check(function.into(0, 0, call.out(2), call.error()));
            while (true) {
                // It may grow meanwhile.
                long capacity = call.result(2) + 4096;
                long buffer = library.memory.allocate(new byte[(int) capacity]);
                try {
                    int status = function.into(buffer, capacity, call.out(2), call.error());
                    if (status == 0 || call.result(2) < capacity) {
                        call.check(status);
                        return library.text(buffer, call.result(2));
                    }
                    library.raw.polyai_error_free(library.memory.getLong(call.error()));
                } finally {
                    library.memory.free(buffer);
                }
            }
        }
    }

    @Override
    public void close() {
        library.memory.free(block);
    }
}
