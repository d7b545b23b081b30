// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.concurrent.CompletableFuture;

/** One operation of the service with its texts, which can be waited for, started, or made a future of. */
final class Operation<T> {
    /** A function of the library, which writes its handle as result 0. */
    interface Function {
        int call(Call call, long request);
    }

    /** What is made of a handle. */
    interface Outcome<T> {
        T of(long handle);
    }

    private final Context context;
    private final NativeObject receiver;
    private final Function blocking;
    private final Function starting;
    private final boolean isCreate;
    private final Outcome<T> outcome;
    private final String[] texts;

    /** @param blocking null where waiting is done by starting alone */
    Operation(Context context, NativeObject receiver, Function blocking, Function starting, boolean isCreate, Outcome<T> outcome, String... texts) {
        this.context = context;
        this.receiver = receiver;
        this.blocking = blocking;
        this.starting = starting;
        this.isCreate = isCreate;
        this.outcome = outcome;
        this.texts = texts;
    }

    /**
     * Waits inside of the library, which costs least, and asks there whether this thread was interrupted. A virtual thread waits in Java
     * instead, and leaves its carrier to others; not where it was interrupted before, for then there is nothing to wait for.
     */
    T run(Request request) {
        if (blocking == null || Threads.holdsCarrier() && !Thread.currentThread().isInterrupted()) {
            return start(request).result();
        }
        try {
            return outcome.of(call(blocking, request, true));
        } finally {
            context.logs.drain();
        }
    }

    Turn<T> start(Request request) {
        return new Turn<>(context, call(starting, request, false), isCreate, outcome);
    }

    CompletableFuture<T> async(Request request) {
        try {
            return start(request).toFuture();
        } catch (ChatException problem) {
            CompletableFuture<T> failed = new CompletableFuture<>();
            failed.completeExceptionally(problem);
            return failed;
        }
    }

    private long call(Function function, Request given, boolean isBlocking) {
        NativeObject.freeCollected();
        Raw raw = context.library.raw;
        long request = Request.open(context.library, given, isBlocking);
        long interrupted = isBlocking && Thread.currentThread().isInterrupted() ? raw.polyai_cancel_new() : 0;
        try (Call call = new Call(context.library, texts)) {
            if (interrupted != 0) {
                // A check runs only while a call waits: one that is done at once would not see it.
                raw.polyai_cancel_trigger_for_good(interrupted);
                call.check(raw.polyai_request_set_cancel(request, interrupted, call.error()));
            }
            call.check(function.call(call, request));
            return call.result(0);
        } finally {
            raw.polyai_cancel_free(interrupted);
            raw.polyai_request_free(request);
            receiver.keep();
        }
    }
}
