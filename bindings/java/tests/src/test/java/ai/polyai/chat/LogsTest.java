// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogsTest extends Simulated {
    @AfterEach
    void calm() {
        RecordedLogs.take();
        RecordedLogs.throwing = null;
    }

    @Test
    void haveALineForEachAttempt() {
        RecordedLogs.take();
        simulator.fault("{\"when\": {\"operation\": \"respond\", \"nth\": 1}, \"action\": {\"answer\": {\"status\": 429}}}");
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            conversation.respond("hello");
            List<String> lines = RecordedLogs.take();
            assertEquals(3, lines.size(), lines.toString());
            assertTrue(lines.get(0).startsWith("DEBUG " + Thread.currentThread().getName() + " create"), lines.toString());
            assertTrue(lines.get(1).startsWith("INFO"), lines.toString());
            conversation.start("hello").result();
            assertEquals(1, RecordedLogs.take().size());
            assertTrue(client.recentLogLinesJson(0).contains("rate_limited"));
            assertTrue(client.recentAttemptsJson(3).contains("\"serial\":4"), client.recentAttemptsJson(3));
            assertTrue(client.metricsJson().contains("retries"));
        }
    }

    @Test
    void thatThrowHarmNothing() {
        for (Throwable each : new Throwable[] {new IllegalStateException("disk full"), new StackOverflowError("deep")}) {
            RecordedLogs.throwing = each;
            try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
                assertEquals("You said: hello", conversation.respond("hello").response());
                assertEquals("You said: hello", conversation.respondAsync("hello").join().response());
            }
        }
    }
}
