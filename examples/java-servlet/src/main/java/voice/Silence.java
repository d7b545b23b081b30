// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A second of silence, which a host plays while it waits for a page. Serve music in its place if you like. */
final class Silence {
    private static final int RATE = 8_000;
    private static final byte SILENT = (byte) 0xFF;
    static final byte[] WAV = wav();

    private Silence() {}

    /** One channel of 8 bits in mu-law, as telephones have it. */
    private static byte[] wav() {
        byte[] samples = new byte[RATE];
        Arrays.fill(samples, SILENT);
        ByteBuffer file = ByteBuffer.allocate(44 + samples.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(36 + samples.length).put(ascii("WAVEfmt ")).putInt(16);
        file.putShort((short) 7).putShort((short) 1).putInt(RATE).putInt(RATE).putShort((short) 1).putShort((short) 8);
        return file.put(ascii("data")).putInt(samples.length).put(samples).array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
