// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One conversation with the agent. Any thread may use it; its turns are sent one at a time, in the order of the calls.
 *
 * <p>It is meant for try-with-resources: {@link #close()} closes the conversation at the service if that is still of use.
 *
 * @since 0.1.0
 */
public final class Conversation extends NativeObject implements AutoCloseable {
    private final Context context;
    private final String id;
    private final Greeting greeting;
    private volatile ConversationState lastState = ConversationState.OPEN;

    Conversation(Context context, long handle) {
        super(context.library, handle, Raw::polyai_conversation_free);
        this.context = context;
        try (Call call = new Call(library)) {
            id = call.said(library.raw.polyai_conversation_id(handle, call.out(2)));
            call.check(library.raw.polyai_conversation_greeting_reply(handle, call.out(0), call.error()));
            greeting = Answer.take(library, call.result(0), Greeting::new);
        }
        keep();
    }

    /**
     * The id that the service gave it. {@link ChatClient#attach} goes on with it, also in another process.
     *
     * @return the id
     * @since 0.1.0
     */
    public String id() {
        return id;
    }

    /**
     * What the agent said first.
     *
     * @return the greeting; one with empty texts where the conversation was attached to
     * @since 0.1.0
     */
    public Greeting greeting() {
        return greeting;
    }

    /**
     * What is known about it now. Does not block.
     *
     * @return the state; after {@link #close()} the last one
     * @since 0.1.0
     */
    public ConversationState state() {
        int now = library.raw.polyai_conversation_state(handle());
        keep();
        return now == 0 ? lastState : ConversationState.of(now);
    }

    private Operation<Reply> responding(String message) {
        return new Operation<>(context, this,
                (call, request) -> call.raw.polyai_conversation_respond(
                        handle(), call.text(0), call.length(0), request, call.out(0), call.error()),
                (call, request) -> call.raw.polyai_conversation_start_respond(
                        handle(), call.text(0), call.length(0), request, call.out(0), call.error()),
                false, reply -> Answer.take(library, reply, Reply::new), message);
    }

    private Operation<Closed> closing() {
        return new Operation<>(context, this,
                (call, request) -> call.raw.polyai_conversation_close(handle(), request, call.out(0), call.error()),
                (call, request) -> call.raw.polyai_conversation_start_close(handle(), request, call.out(0), call.error()),
                false, reply -> Answer.take(library, reply, Closed::new));
    }

    private Operation<Optional<Closed>> closingIfOpen() {
        return new Operation<>(context, this, null,
                (call, request) -> call.raw.polyai_conversation_start_close_if_open(handle(), call.out(0), call.error()),
                false, reply -> reply == 0 ? Optional.empty() : Optional.of(Answer.take(library, reply, Closed::new)));
    }

    /**
     * One turn: says a message, and gives the agent's reply. Blocks until the agent has replied, at most for the client's deadline; an
     * interrupt ends it within some 50 ms. A virtual thread leaves its carrier meanwhile.
     *
     * @param message what the customer says; it may hold any character; null is a turn without a message, which an empty one is not
     * @return the reply
     * @throws ConversationEndedException it is over; nothing was sent
     * @throws BusyException the deadline passed while an earlier turn was under way; nothing was sent
     * @throws CancelledException the thread was interrupted, whose flag stays set, or the client was shut down
     * @throws ChatException any other failure; send again only where {@link ChatException#mayResend()} says so
     * @since 0.1.0
     */
    public Reply respond(String message) {
        return respond(message, null);
    }

    /**
     * One turn, as {@link #respond(String)}, with what the request holds.
     *
     * @param message what the customer says, or null
     * @param request what goes with it; null where nothing does
     * @return the reply
     * @throws ChatException as {@link #respond(String)}
     * @since 0.1.0
     */
    public Reply respond(String message, Request request) {
        return responding(message).run(request);
    }

    /**
     * Starts a turn and returns at once: its place among the turns and its deadline are those of now.
     *
     * @param message what the customer says, or null
     * @return the turn
     * @throws InvalidArgumentException an argument cannot be sent
     * @throws InternalException no thread can be had
     * @since 0.1.0
     */
    public Turn<Reply> start(String message) {
        return start(message, null);
    }

    /**
     * Starts a turn, as {@link #start(String)}, with what the request holds.
     *
     * @param message what the customer says, or null
     * @param request what goes with it; null where nothing does
     * @return the turn
     * @throws ChatException as {@link #start(String)}
     * @since 0.1.0
     */
    public Turn<Reply> start(String message, Request request) {
        return responding(message).start(request);
    }

    /**
     * Starts a turn and gives a future of its reply, as {@link Turn#toFuture()} says. Does not block.
     *
     * @param message what the customer says, or null
     * @return the future; what {@link #respond(String)} throws completes it exceptionally
     * @since 0.1.0
     */
    public CompletableFuture<Reply> respondAsync(String message) {
        return respondAsync(message, null);
    }

    /**
     * Starts a turn and gives a future of its reply, as {@link #respondAsync(String)}, with what the request holds.
     *
     * @param message what the customer says, or null
     * @param request what goes with it; null where nothing does
     * @return the future
     * @since 0.1.0
     */
    public CompletableFuture<Reply> respondAsync(String message, Request request) {
        return responding(message).async(request);
    }

    /**
     * Closes it and gives the answer. Sent once, also when the service has said that it is over; later calls give the first answer. Waits for
     * earlier turns. Blocks at most for the client's deadline of a close; an interrupt ends it as in {@link #respond(String)}. The object
     * can be used afterwards, and is freed by {@link #close()}.
     *
     * @return the answer
     * @throws UnsupportedException the legacy dialect has no close
     * @throws ChatException any other failure; a close may be asked for again
     * @since 0.1.0
     */
    public Closed closeNow() {
        return closeNow(null);
    }

    /**
     * Closes it, as {@link #closeNow()}, with what the request holds.
     *
     * @param request what goes with it; null where nothing does
     * @return the answer
     * @throws ChatException as {@link #closeNow()}
     * @since 0.1.0
     */
    public Closed closeNow(Request request) {
        return closing().run(request);
    }

    /**
     * Starts to close it and returns at once.
     *
     * @param request what goes with it; null where nothing does
     * @return the turn
     * @throws ChatException as {@link #start(String)}
     * @since 0.1.0
     */
    public Turn<Closed> startClose(Request request) {
        return closing().start(request);
    }

    /**
     * Starts to close it and gives a future of the answer, as {@link Turn#toFuture()} says. Does not block.
     *
     * @param request what goes with it; null where nothing does
     * @return the future; what {@link #closeNow()} throws completes it exceptionally
     * @since 0.1.0
     */
    public CompletableFuture<Closed> closeAsync(Request request) {
        return closing().async(request);
    }

    /**
     * Starts to close it if that is still of use, as {@link #close()}, and returns at once. The object is not freed.
     *
     * @return the turn; its result is empty where there was nothing to send
     * @throws ChatException as {@link #start(String)}
     * @since 0.1.0
     */
    public Turn<Optional<Closed>> startCloseIfOpen() {
        return closingIfOpen().start(null);
    }

    /**
     * Closes the conversation at the service if that is still of use, then frees this object. Sends nothing when it is over, was closed,
     * or the dialect has no close. Blocks at most for the client's deadline of a close, 5 s unless set; an interrupt does not end it, so that
     * the service learns of the end, and stays set. A second call does nothing.
     *
     * @throws ChatException the close failed; the object is freed all the same
     * @since 0.1.0
     */
    @Override
    public void close() {
        if (handle() == 0) {
            return;
        }
        try {
            closingIfOpen().start(null).resultInAnyCase();
        } finally {
            lastState = state();
            free();
        }
    }
}
