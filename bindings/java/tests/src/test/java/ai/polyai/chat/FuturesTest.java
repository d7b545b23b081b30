// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FuturesTest extends Simulated {
    @Test
    void chain() {
        try (ChatClient client = simulator.client().build()) {
            String said = client.createAsync(null)
                    .thenCompose(conversation -> conversation.respondAsync("hello")
                            .thenCompose(reply -> conversation.closeAsync(null).thenApply(closed -> reply.response())))
                    .join();
            assertEquals("You said: hello", said);
            assertEquals(1, received("close"));
        }
    }

    @Test
    void keepTheOrderOfTheirTurns() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            List<CompletableFuture<Reply>> replies = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                replies.add(conversation.respondAsync("turn " + i));
            }
            for (int i = 0; i < 20; i++) {
                assertEquals("You said: turn " + i, replies.get(i).join().response());
            }
        }
    }

    @Test
    void areCompletedOnThreadsThatDoNotKeepTheJvmFromEnding() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hold the line");
            CompletableFuture<Thread> completing = turn.toFuture(Runnable::run).handle((reply, problem) -> Thread.currentThread());
            turn.cancel();
            Thread thread = completing.join();
            assertTrue(thread.isDaemon() && thread != Thread.currentThread(), thread.toString());
        }
    }

    @Test
    void thatAreCancelledEndTheirCall() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hold the line");
            CompletableFuture<Reply> future = turn.toFuture();
            awaitRequests("respond", 1);
            assertTrue(future.cancel(true));
            assertThrows(CancellationException.class, future::join);
            CancelledException cancelled = assertThrows(CancelledException.class, turn::result);
            assertEquals(Delivery.UNKNOWN, cancelled.delivery());
        }
    }

    @Test
    void thatAreCancelledBeforeTheirTurnHaveItNotSent() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> first = conversation.start("hold the line");
            awaitRequests("respond", 1);
            Turn<Reply> queued = conversation.start("hello");
            assertTrue(queued.toFuture().cancel(false));
            assertEquals(Delivery.NOT_SENT, assertThrows(CancelledException.class, queued::result).delivery());
            first.cancel();
            assertThrows(CancelledException.class, first::result);
            assertEquals(1, received("respond"));
        }
    }

    @Test
    void thatTimeOutEndTheirCall() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hold the line");
            turn.toFuture().orTimeout(1, TimeUnit.MILLISECONDS);
            assertThrows(CancelledException.class, turn::result);
        }
    }

    @Test
    void tellTheDeliveryOfATurnThatWasCancelled() throws Exception {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hold the line");
            CompletableFuture<Reply> future = turn.toFuture();
            awaitRequests("respond", 1);
            turn.cancel();
            CompletionException problem = assertThrows(CompletionException.class, future::join);
            assertEquals(Delivery.UNKNOWN, assertInstanceOf(CancelledException.class, problem.getCause()).delivery());
        }
    }

    @Test
    void areCompletedByTheExecutorOfTheClient() {
        List<Thread> used = new ArrayList<>();
        try (ChatClient client = simulator.client().executor(task -> {
            used.add(Thread.currentThread());
            task.run();
        }).build()) {
            client.createAsync(null).join().close();
            assertEquals(1, used.size());
        }
        try (ChatClient client = simulator.client().executor(task -> {
            throw new RejectedExecutionException("shut down");
        }).build()) {
            assertEquals("Hello there.", client.createAsync(null).join().greeting().response());
        }
    }

    @Test
    void ofWhatCannotBeSentFail() {
        try (ChatClient client = simulator.client().build()) {
            CompletableFuture<Conversation> future = client.createAsync(new Request().timeout(Duration.ZERO));
            CompletionException problem = assertThrows(CompletionException.class, future::join);
            assertInstanceOf(InvalidArgumentException.class, problem.getCause());
        }
    }
}
