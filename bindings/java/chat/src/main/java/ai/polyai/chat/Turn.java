// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A call that was started: a respond, a create, a close or a warm-up. Its deadline began when it was started, and its place among the turns
 * of its conversation is that of the start. Any thread may use it.
 *
 * <p>A turn that nobody keeps is cancelled a while after it was collected. Keep it, or its future, until it is done.
 *
 * @param <T> the type of its result, such as {@link Reply}
 * @since 0.1.0
 */
public final class Turn<T> extends NativeObject {
    private final Context context;
    private final boolean isCreate;
    private final Operation.Outcome<T> outcome;
    private final String correlationId;
    private final String operation;
    private final Done done = new Done();
    private boolean isSettled;
    private T value;
    private Throwable problem;

    /** What the library's thread reaches: not the turn, so that it can be collected. */
    private static final class Done implements Runnable {
        private final CountDownLatch latch = new CountDownLatch(1);
        private Runnable then = () -> {};
        private boolean isOver;

        @Override
        public void run() {
            latch.countDown();
            Runnable next;
            synchronized (this) {
                isOver = true;
                next = then;
                then = null;
            }
            next.run();
        }

        void then(Runnable more) {
            synchronized (this) {
                if (!isOver) {
                    Runnable first = then;
                    then = () -> {
                        first.run();
                        more.run();
                    };
                    return;
                }
            }
            more.run();
        }
    }

    Turn(Context context, long handle, boolean isCreate, Operation.Outcome<T> outcome) {
        super(context.library, handle, Raw::polyai_turn_free);
        this.context = context;
        this.isCreate = isCreate;
        this.outcome = outcome;
        long id = Upcalls.expect(done);
        Raw raw = library.raw;
        try (Call call = new Call(library)) {
            correlationId = call.said(raw.polyai_turn_correlation_id(handle, call.out(2)));
            operation = library.text(raw.polyai_turn_operation(handle));
            call.check(raw.polyai_turn_when_done(handle, library.onDone, id, 0, call.error()));
        } catch (RuntimeException | Error failed) {
            Upcalls.forget(id);
            free();
            throw failed;
        }
        keep();
    }

    /**
     * Waits until the call is done, but no longer than this. The call goes on all the same, unless the thread is interrupted: that cancels
     * the call, waits the milliseconds until it has ended, and sets the thread's interrupt flag again.
     *
     * @param time how long to wait at most; zero or less asks without waiting
     * @return whether the call is done; {@link #result()} does not wait then
     * @throws CancelledException the thread was interrupted, which ended the call; the delivery is that of the call
     * @throws ChatException the thread was interrupted, and the call had failed otherwise
     * @since 0.1.0
     */
    public boolean await(Duration time) {
        try {
            return isDone() || done.latch.await(Times.milliseconds(time), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            end();
            result();
            return true;
        }
    }

    /**
     * The outcome of the call. Waits until it is done, at most for its deadline. It can be asked any number of times, and gives the same
     * object or throws the same exception each time. An interrupt cancels the call, as in {@link #await}.
     *
     * @return the reply, conversation or answer
     * @throws ChatException the call failed
     * @since 0.1.0
     */
    public T result() {
        try {
            done.latch.await();
        } catch (InterruptedException interrupted) {
            end();
        }
        settle();
        if (problem instanceof Error) {
            throw (Error) problem;
        }
        if (problem != null) {
            throw (RuntimeException) problem;
        }
        return value;
    }

    /** As {@link #result()}, but an interrupt does not end the call. */
    T resultInAnyCase() {
        uninterruptibly();
        boolean wasInterrupted = Thread.interrupted();
        try {
            return result();
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Cancels and waits for the end, because of an interrupt. */
    private void end() {
        cancel();
        uninterruptibly();
        Thread.currentThread().interrupt();
        settle();
    }

    private void uninterruptibly() {
        boolean wasInterrupted = false;
        while (true) {
            try {
                done.latch.await();
                break;
            } catch (InterruptedException again) {
                wasInterrupted = true;
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes the outcome of a call that is done, and frees the handle. Does not wait. */
    private synchronized void settle() {
        if (isSettled) {
            return;
        }
        Raw raw = library.raw;
        try (Call call = new Call(library)) {
            call.check(isCreate
                    ? raw.polyai_turn_take_conversation(handle(), call.out(0), call.error())
                    : raw.polyai_turn_take_reply(handle(), call.out(0), call.error()));
            value = outcome.of(call.result(0));
        } catch (RuntimeException | Error failed) {
            problem = failed;
        }
        isSettled = true;
        free();
        context.logs.drain();
    }

    /**
     * Whether the call is done. Does not block.
     *
     * @return true where {@link #result()} would not wait
     * @since 0.1.0
     */
    public boolean isDone() {
        return done.latch.getCount() == 0;
    }

    /**
     * Ends the call, which is then done within milliseconds, with {@link CancelledException} and a truthful delivery. Does nothing when it is
     * done already. Does not block.
     *
     * @since 0.1.0
     */
    public void cancel() {
        library.raw.polyai_turn_cancel(handle());
        keep();
    }

    /**
     * The id that PolyAI's support asks for; known before the call is done.
     *
     * @return the id
     * @since 0.1.0
     */
    public String correlationId() {
        return correlationId;
    }

    /**
     * What was started.
     *
     * @return {@code create}, {@code respond}, {@code close} or {@code warm_up}
     * @since 0.1.0
     */
    public String operation() {
        return operation;
    }

    /**
     * A future of this call, completed by the executor of the client: {@link ChatClientBuilder#executor}. Does not block.
     *
     * @return a new future, as {@link #toFuture(Executor)} says
     * @since 0.1.0
     */
    public CompletableFuture<T> toFuture() {
        return toFuture(context.executor);
    }

    /**
     * A future of this call. Does not block.
     *
     * <p>Whatever ends the future early ends the call: {@code cancel}, {@code complete}, {@code orTimeout}. After {@code cancel} the future
     * throws {@link java.util.concurrent.CancellationException}, as any, which does not say whether the agent heard the turn; after
     * {@link Turn#cancel()} it throws {@link CancelledException}, which does.
     *
     * @param executor completes the future, and so runs what depends on it; {@code Runnable::run} does so on the thread of the native
     *     library that ran the call, where nothing may take long. An executor that refuses is replaced by that thread
     * @return a new future
     * @since 0.1.0
     */
    public CompletableFuture<T> toFuture(Executor executor) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Runnable complete = () -> {
            settle();
            if (problem == null) {
                future.complete(value);
            } else {
                future.completeExceptionally(problem);
            }
        };
        done.then(() -> {
            try {
                executor.execute(complete);
            } catch (RuntimeException refused) {
                complete.run();
            }
        });
        future.whenComplete((value, problem) -> {
            if (!isDone()) {
                cancel();
            }
        });
        return future;
    }
}
