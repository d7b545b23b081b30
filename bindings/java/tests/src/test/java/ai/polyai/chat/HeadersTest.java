// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HeadersTest {
    /** Reads the beginning of a request, and refuses it in an old encoding, which the simulator has no words for. */
    private static void refuse(ServerSocket server) {
        try (Socket socket = server.accept(); InputStream request = socket.getInputStream()) {
            request.read();
            socket.getOutputStream().write(("HTTP/1.1 400 Bad Request\r\nX-Odd: caf\u00e9\r\nX-Odd: two\r\nContent-Length: 2\r\n\r\n{}")
                    .getBytes(StandardCharsets.ISO_8859_1));
            while (request.read() >= 0) {
                // Until the client closes: a reset would take the answer away.
            }
        } catch (java.io.IOException over) {
            // The client has closed.
        }
    }

    @Test
    void whatIsNotUtf8IsReadAsIso88591() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ChatClient client = ChatClient.builder().baseUrl("http://127.0.0.1:" + server.getLocalPort()).option("allow_plain_http", true)
                        .apiKey("test-key").token("test-token").accountId("a").projectId("p").maxAttempts(1).build()) {
            Thread thread = new Thread(() -> refuse(server));
            thread.start();
            Headers headers = assertThrows(RejectedException.class, client::create).headers();
            assertEquals(Optional.of("caf\u00e9"), headers.first("x-odd"));
            assertEquals(List.of("caf\u00e9", "two"), headers.values("X-ODD"));
            client.shutDown();
            thread.join();
        }
    }
}
