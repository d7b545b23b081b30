// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class InterruptTest extends Simulated {
    /** What an interrupt of the thread makes of a call that nobody answers, and whether its flag stays set. */
    private static void assertEnds(Supplier<?> call) throws Exception {
        CompletableFuture<CancelledException> outcome = new CompletableFuture<>();
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                outcome.complete(assertThrows(CancelledException.class, call::get));
            } catch (Throwable problem) {
                outcome.completeExceptionally(problem);
            }
            flag.complete(Thread.currentThread().isInterrupted());
        });
        thread.start();
        awaitRequests("respond", 1);
        thread.interrupt();
        CancelledException cancelled = outcome.get();
        assertEquals(Delivery.UNKNOWN, cancelled.delivery());
        assertFalse(cancelled.mayResend());
        assertTrue(flag.get());
    }

    @Test
    void endsABlockingCall() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            assertEnds(() -> conversation.respond("hold the line"));
        }
    }

    @Test
    void endsACallThatIsAwaited() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            assertEnds(() -> conversation.start("hold the line").result());
        }
    }

    @Test
    void endsACallThatIsAwaitedInPieces() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hold the line");
            assertFalse(turn.await(Duration.ZERO));
            assertEnds(() -> turn.await(Duration.ofDays(1)));
        }
    }

    @Test
    void beforeACallHasItNotSent() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Thread.currentThread().interrupt();
            CancelledException cancelled = assertThrows(CancelledException.class, () -> conversation.respond("hello"));
            assertTrue(Thread.interrupted());
            assertEquals(Delivery.NOT_SENT, cancelled.delivery());
            assertEquals(0, received("respond"));
        }
    }

    @Test
    void doesNotKeepAConversationOpen() {
        try (ChatClient client = simulator.client().build()) {
            try (Conversation conversation = client.create()) {
                Thread.currentThread().interrupt();
            }
            assertTrue(Thread.interrupted());
            assertEquals(1, received("close"));
        }
    }

    @Test
    void aTokenEndsACallFromAnotherThread() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create(); CancelToken token = new CancelToken()) {
            CompletableFuture<Reply> reply = CompletableFuture.supplyAsync(
                    () -> conversation.respond("hold the line", new Request().cancel(token)));
            awaitRequests("respond", 1);
            token.cancel();
            assertThrows(Exception.class, reply::get);
            token.cancelForGood();
            CancelledException refused = assertThrows(CancelledException.class, () -> client.create(new Request().cancel(token)));
            assertEquals(Delivery.NOT_SENT, refused.delivery());
        }
    }
}
