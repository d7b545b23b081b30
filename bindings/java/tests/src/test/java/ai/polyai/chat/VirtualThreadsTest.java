// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

@EnabledForJreRange(min = JRE.JAVA_21)
class VirtualThreadsTest extends Simulated {
    private static Thread start(Runnable run) {
        try {
            return (Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, run);
        } catch (ReflectiveOperationException missing) {
            throw new AssertionError(missing);
        }
    }

    /** The JVM of the tests has one carrier: were it held, only one call would reach the service. */
    @Test
    void doNotHoldTheirCarrier() throws Exception {
        BlockingQueue<Object> outcomes = new LinkedBlockingQueue<>();
        try (ChatClient client = simulator.client().build()) {
            for (int i = 0; i < 100; i++) {
                start(() -> {
                    try {
                        outcomes.add(client.create().respond("hold the line"));
                    } catch (Throwable problem) {
                        outcomes.add(problem);
                    }
                });
            }
            awaitRequests("respond", 100);
            assertTrue(outcomes.isEmpty());
            client.shutDown();
            for (int i = 0; i < 100; i++) {
                assertInstanceOf(CancelledException.class, outcomes.take());
            }
        }
    }

    @Test
    void areInterruptedAsOthers() throws Exception {
        BlockingQueue<Object> outcomes = new LinkedBlockingQueue<>();
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Thread thread = start(() -> {
                try {
                    outcomes.add(conversation.respond("hold the line"));
                } catch (ChatException problem) {
                    outcomes.add(problem);
                }
                outcomes.add(Thread.currentThread().isInterrupted());
            });
            awaitRequests("respond", 1);
            thread.interrupt();
            List<Object> both = new ArrayList<>(List.of(outcomes.take(), outcomes.take()));
            assertEquals(Delivery.UNKNOWN, assertInstanceOf(CancelledException.class, both.get(0)).delivery());
            assertEquals(true, both.get(1));
        }
    }
}
