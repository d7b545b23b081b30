// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import ai.polyai.chat.ChatClient;
import ai.polyai.chat.Request;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The calls that are under way. Nobody waits for the close of a conversation, but the end of the program. */
final class Calls {
    /** So a call is forgotten when it was idle for at most a quarter more than it may be. */
    private static final int SWEEPS_WHILE_IDLE = 4;
    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    private final SecureRandom random = new SecureRandom();
    private final Map<String, Call> all = new ConcurrentHashMap<>();
    /** What is being closed: a call that nobody keeps would be cancelled. */
    private final Map<Call, CompletableFuture<?>> closing = new ConcurrentHashMap<>();
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "sweeper");
        thread.setDaemon(true);
        return thread;
    });
    private final Semaphore free;
    private final ChatClient client;
    private final Duration idle;
    private volatile boolean isEnding;

    Calls(ChatClient client, int most, Duration idle) {
        this.client = client;
        this.free = new Semaphore(most);
        this.idle = idle;
        long pause = idle.toMillis() / SWEEPS_WHILE_IDLE;
        sweeper.scheduleWithFixedDelay(this::endIdle, pause, pause, TimeUnit.MILLISECONDS);
    }

    /** A new call, or null where there are as many as there may be, or the program ends. Blocks until the agent has greeted. */
    Call begin(String caller) {
        if (isEnding || !free.tryAcquire()) {
            return null;
        }
        boolean isBegun = false;
        try {
            Request request = new Request().channel("voice");
            if (!caller.isEmpty()) {
                request.attribute("caller", caller);
            }
            byte[] key = new byte[16];
            random.nextBytes(key);
            Call call = new Call(HexFormat.of().formatHex(key), client.create(request));
            all.put(call.key, call);
            isBegun = true;
            if (isEnding) {
                end(call);
                return null;
            }
            return call;
        } finally {
            if (!isBegun) {
                free.release();
            }
        }
    }

    /** The call of a key, or null. */
    Call find(String key) {
        return key == null ? null : all.get(key);
    }

    /** Ends a call, once: its place is free, and its conversation starts to close. Does not block. */
    void end(Call call) {
        if (!all.remove(call.key, call)) {
            return;
        }
        free.release();
        CompletableFuture<?> closed = call.end();
        closing.put(call, closed);
        closed.whenComplete((answer, problem) -> {
            closing.remove(call);
            if (problem != null) {
                // The service ends it by itself, later.
                LOG.warn("A conversation was not closed: {}", problem.getMessage());
            }
        });
    }

    /** Ends all calls, begins none any more, and waits for the closes, but no longer than this. */
    void endAll(Duration atMost) throws InterruptedException {
        isEnding = true;
        sweeper.shutdown();
        sweeper.awaitTermination(atMost.toMillis(), TimeUnit.MILLISECONDS); // a sweep does not block
        all.values().forEach(this::end);
        try {
            CompletableFuture.allOf(closing.values().toArray(CompletableFuture[]::new)).get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException logged) {
            // That one has said why.
        } catch (TimeoutException late) {
            LOG.warn("{} conversations are not closed yet: the service ends them by itself, later", closing.size());
        }
    }

    /** A host that has gone away hangs nothing up. */
    private void endIdle() {
        for (Call call : all.values()) {
            if (call.isUnused(idle.toNanos())) {
                end(call);
            }
        }
    }
}
