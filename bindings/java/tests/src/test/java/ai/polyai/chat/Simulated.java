// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import ai.polyai.chat.testing.PolyAiSimulator;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the tests talk to. */
abstract class Simulated {
    @RegisterExtension
    static final PolyAiSimulator simulator = new PolyAiSimulator().script(String.join("\n",
            "greeting = \"Hello {attribute.customer_name|there}.\"",
            "default_reply = \"You said: {message}\"",
            "[[rules]]",
            "message = \"absent\"",
            "reply = \"Are you still there?\"",
            "[[rules]]",
            "pattern = '^hold the line$'",
            "reply = \"Nobody waits so long.\"",
            "delay_ms = 600000",
            "[[rules]]",
            "pattern = 'human'",
            "reply = \"I am putting you through.\"",
            "handoff = { destination = \"returns-desk\", reason = \"customer_request\", priority = 2 }",
            "end = true", ""));

    /** Waits for the simulator to have read so many requests of an operation. */
    static void awaitRequests(String operation, int number) throws InterruptedException {
        while (received(operation) < number) {
            Thread.sleep(5);
        }
    }

    static int received(String operation) {
        return simulator.receivedJson().split("\"operation\": ?\"" + operation + "\"", -1).length - 1;
    }
}
