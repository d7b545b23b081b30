// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Holds conversations with one agent. Make one at the start of the program and keep it: it holds the connections, and all threads may use
 * it at the same time.
 *
 * <pre>{@code
 * try (ChatClient client = ChatClient.fromEnvironment();
 *         Conversation conversation = client.create()) {
 *     System.out.println(conversation.greeting().response());
 *     System.out.println(conversation.respond("Where is my order?").response());
 * }
 * }</pre>
 *
 * <p>A call that blocks ends by its deadline, 30 s unless set, and 5 s for a close. An interrupt of its thread ends it within some 50 ms with
 * {@link CancelledException}, whose delivery is truthful, and the interrupt flag stays set. On a virtual thread it leaves its carrier while
 * it waits.
 *
 * <p>A line for each attempt goes to the SLF4J logger {@code ai.polyai.chat}: {@code warn} where something failed for good, {@code info} where it is
 * tried again, {@code debug} where it succeeded. A thread of the program logs them at the end of a call, never a thread of the library.
 *
 * @since 0.1.0
 */
public final class ChatClient extends NativeObject implements AutoCloseable {
    private final Context context;
    private final boolean isShared;

    ChatClient(Context context, long handle, boolean isShared) {
        super(context.library, handle, Raw::polyai_client_free);
        this.context = context;
        this.isShared = isShared;
    }

    /**
     * A client of the environment variables {@code POLYAI_API_KEY} and its like: {@code POLYAI_} and the name of an option in capitals. Reads
     * the files that they name; opens no connection.
     *
     * @return the client
     * @throws ConfigurationException something is missing or wrong: the message names the option, where it came from, and what would be right
     * @throws NativeLibraryException the native library cannot be used
     * @since 0.1.0
     */
    public static ChatClient fromEnvironment() {
        return builder().environment().build();
    }

    /**
     * A client of a profile of the configuration file: that of {@code $POLYAI_CONFIG_FILE}, else
     * {@code $XDG_CONFIG_HOME/polyai/config.toml}, else {@code ~/.config/polyai/config.toml}.
     *
     * @param profile its name; null for {@code default}
     * @return the client
     * @throws ConfigurationException as {@link #fromEnvironment()}
     * @throws NativeLibraryException the native library cannot be used
     * @since 0.1.0
     */
    public static ChatClient fromProfile(String profile) {
        return builder().profile(profile).build();
    }

    /**
     * The client of this process for these options: it is made the first time, and given again, with its open connections, whenever
     * the same options are. For modules of one process that do not know each other. Blocks while files are read. Any thread.
     *
     * <p>{@link #close()} lets go of this object alone. The client is kept until {@link #shutDown()} or the end of the process; after
     * {@code shutDown} the next call makes a new one. Files and variables that the options name are read only when it is made, and
     * credentials that were replaced stay replaced. It logs no lines to SLF4J: {@link #recentLogLinesJson} has them.
     *
     * @param options its options; the executor is that of this object, and does not count when they are compared
     * @return the client, as an object of its own
     * @throws ConfigurationException something is missing or wrong, as {@link ChatClientBuilder#build()}
     * @throws InvalidArgumentException there is no option of this name, or there are 1,024 shared clients already
     * @throws NativeLibraryException the native library cannot be used
     * @since 0.1.0
     */
    public static ChatClient shared(ChatClientBuilder options) {
        return options.shared();
    }

    /**
     * What a client is made of.
     *
     * @return a builder in which nothing is set
     * @since 0.1.0
     */
    public static ChatClientBuilder builder() {
        return new ChatClientBuilder();
    }

    private Operation<Conversation> creating() {
        return new Operation<>(context, this,
                (call, request) -> call.raw.polyai_client_create(handle(), request, call.out(0), call.error()),
                (call, request) -> call.raw.polyai_client_start_create(handle(), request, call.out(0), call.error()),
                true, handle -> new Conversation(context, handle));
    }

    private Operation<Reply> responding(String conversationId, String message) {
        return new Operation<>(context, this,
                (call, request) -> call.raw.polyai_client_respond(handle(), call.text(0), call.length(0),
                        call.text(1), call.length(1), request, call.out(0), call.error()),
                (call, request) -> call.raw.polyai_client_start_respond(handle(), call.text(0), call.length(0),
                        call.text(1), call.length(1), request, call.out(0), call.error()),
                false, reply -> Answer.take(library, reply, Reply::new), conversationId, message);
    }

    private Operation<Closed> closing(String conversationId) {
        return new Operation<>(context, this,
                (call, request) -> call.raw.polyai_client_close_conversation(
                        handle(), call.text(0), call.length(0), request, call.out(0), call.error()),
                (call, request) -> call.raw.polyai_client_start_close_conversation(
                        handle(), call.text(0), call.length(0), request, call.out(0), call.error()),
                false, reply -> Answer.take(library, reply, Closed::new), conversationId);
    }

    private Operation<Void> warming(Duration timeout) {
        return new Operation<>(context, this, null,
                (call, request) -> call.raw.polyai_client_start_warm_up(
                        handle(), Times.milliseconds(timeout), call.out(0), call.error()),
                false, nothing -> null);
    }

    /**
     * Starts a conversation; the agent greets. Blocks until it has greeted, at most for the deadline.
     *
     * @return the conversation
     * @throws ChatException the call failed. After one with {@link Delivery#UNKNOWN} a conversation may be open that nobody can
     *     reach
     * @since 0.1.0
     */
    public Conversation create() {
        return create(null);
    }

    /**
     * Starts a conversation, as {@link #create()}, with what the agent may know, variant, channel, deadline and more.
     *
     * @param request what goes with it; null where nothing does
     * @return the conversation
     * @throws ChatException as {@link #create()}
     * @since 0.1.0
     */
    public Conversation create(Request request) {
        return creating().run(request);
    }

    /**
     * Starts to create a conversation and returns at once.
     *
     * @param request what goes with it; null where nothing does
     * @return the turn
     * @throws InvalidArgumentException an argument cannot be sent
     * @throws InternalException no thread can be had
     * @since 0.1.0
     */
    public Turn<Conversation> startCreate(Request request) {
        return creating().start(request);
    }

    /**
     * Starts to create a conversation and gives a future of it, as {@link Turn#toFuture()} says. Does not block.
     *
     * @param request what goes with it; null where nothing does
     * @return the future; what {@link #create()} throws completes it exceptionally
     * @since 0.1.0
     */
    public CompletableFuture<Conversation> createAsync(Request request) {
        return creating().async(request);
    }

    /**
     * Goes on with a conversation that was created elsewhere, or earlier. Sends nothing, and does not block.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @return the conversation
     * @throws InvalidArgumentException the id is empty or too long
     * @since 0.1.0
     */
    public Conversation attach(String conversationId) {
        try (Call call = new Call(library, conversationId)) {
            call.check(call.raw.polyai_client_attach(handle(), call.text(0), call.length(0), call.out(0), call.error()));
            keep();
            return new Conversation(context, call.result(0));
        }
    }

    /**
     * One turn of a conversation by its id alone: no order among turns and no state is kept. For hosts that keep only ids. Blocks
     * until the agent has replied, at most for the deadline.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param message what the customer says; null is a turn without a message, which an empty one is not
     * @param request what goes with it; null where nothing does
     * @return the reply
     * @throws ChatException the call failed
     * @since 0.1.0
     */
    public Reply respond(String conversationId, String message, Request request) {
        return responding(conversationId, message).run(request);
    }

    /**
     * Starts a turn of a conversation by its id alone, and returns at once. Turns that are started so go their way at the same
     * time.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param message what the customer says; null is a turn without a message, which an empty one is not
     * @param request what goes with it; null where nothing does
     * @return the turn
     * @throws ChatException as {@link #startCreate}
     * @since 0.1.0
     */
    public Turn<Reply> startRespond(String conversationId, String message, Request request) {
        return responding(conversationId, message).start(request);
    }

    /**
     * Starts a turn of a conversation by its id alone and gives a future of the reply, as {@link Turn#toFuture()} says. Does not
     * block.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param message what the customer says; null is a turn without a message, which an empty one is not
     * @param request what goes with it; null where nothing does
     * @return the future
     * @since 0.1.0
     */
    public CompletableFuture<Reply> respondAsync(String conversationId, String message, Request request) {
        return responding(conversationId, message).async(request);
    }

    /**
     * Closes a conversation by its id. One that is over already counts as closed. Blocks at most for the deadline of a close.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param request what goes with it; null where nothing does
     * @return the answer
     * @throws UnsupportedException the legacy dialect has no close
     * @throws ChatException any other failure
     * @since 0.1.0
     */
    public Closed closeConversation(String conversationId, Request request) {
        return closing(conversationId).run(request);
    }

    /**
     * Starts to close a conversation by its id, and returns at once.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param request what goes with it; null where nothing does
     * @return the turn
     * @throws ChatException as {@link #startCreate}
     * @since 0.1.0
     */
    public Turn<Closed> startCloseConversation(String conversationId, Request request) {
        return closing(conversationId).start(request);
    }

    /**
     * Starts to close a conversation by its id and gives a future of the answer, as {@link Turn#toFuture()} says. Does not block.
     *
     * @param conversationId its id, from 1 to 1,024 bytes
     * @param request what goes with it; null where nothing does
     * @return the future
     * @since 0.1.0
     */
    public CompletableFuture<Closed> closeConversationAsync(String conversationId, Request request) {
        return closing(conversationId).async(request);
    }

    /**
     * Opens a connection ahead of the first turn, unless one is idle already. Sends no request. Blocks at most for this time.
     *
     * @param timeout from 1 ms to 24 hours
     * @throws ConnectionFailedException there is no connection
     * @throws DeadlineExceededException it took longer
     * @throws CancelledException the thread was interrupted, or the client was shut down
     * @throws InvalidArgumentException the time is out of range
     * @since 0.1.0
     */
    public void warmUp(Duration timeout) {
        warming(timeout).run(null);
    }

    /**
     * Starts to open a connection ahead of the first turn, and returns at once.
     *
     * @param timeout from 1 ms to 24 hours
     * @return the turn, whose result is null
     * @throws ChatException as {@link #startCreate}
     * @since 0.1.0
     */
    public Turn<Void> startWarmUp(Duration timeout) {
        return warming(timeout).start(null);
    }

    /**
     * Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched. Does not
     * block.
     *
     * @param apiKey the API key
     * @param token the connector token
     * @throws InvalidArgumentException one of them cannot stand in a header; nothing is replaced then
     * @since 0.1.0
     */
    public void replaceCredentials(String apiKey, String token) {
        try (Call call = new Call(library, apiKey, token)) {
            call.check(call.raw.polyai_client_replace_credentials(
                    handle(), call.text(0), call.length(0), call.text(1), call.length(1), call.error()));
            keep();
        }
    }

    /**
     * Ends every call that is under way with {@link CancelledException} and a truthful delivery, closes idle connections, and has
     * later calls fail as cancelled, not sent. Sends nothing: close the conversations first. Does not block; may be called again.
     *
     * @since 0.1.0
     */
    public void shutDown() {
        library.raw.polyai_client_shut_down(handle());
        keep();
    }

    /**
     * Shuts the client down as {@link #shutDown()}, then waits until no native thread of it is left. Blocks at most for this time,
     * and an interrupt does not end it.
     *
     * @param timeout how long to wait at most, from 0
     * @return whether none is left; a name server that does not answer can keep one
     * @throws InvalidArgumentException the time is negative
     * @since 0.1.0
     */
    public boolean shutDownAndWait(Duration timeout) {
        try (Call call = new Call(library)) {
            call.check(call.raw.polyai_client_shut_down_and_wait(
                    handle(), Times.milliseconds(timeout), call.out(0), call.error()));
            keep();
            return call.isTrue(0);
        }
    }

    /**
     * Shuts the client down as {@link #shutDown()}, unless it is {@linkplain #shared shared}, and frees it: later calls throw
     * {@link InvalidArgumentException}. Does not block. Close its conversations first: their close is cancelled now, and throws
     * {@link CancelledException}. A client that is collected instead is freed without being shut down.
     *
     * @since 0.1.0
     */
    @Override
    public void close() {
        if (!isShared) {
            shutDown();
        }
        free();
        context.logs.drain();
    }

    /**
     * Where the service is, as it was configured. Does not block.
     *
     * @return the URL
     * @since 0.1.0
     */
    public String baseUrl() {
        try (Call call = new Call(library)) {
            return call.said(call.raw.polyai_client_base_url(handle(), call.out(2)));
        } finally {
            keep();
        }
    }

    /**
     * The dialect that the client speaks. Does not block.
     *
     * @return {@code current} or {@code legacy}
     * @since 0.1.0
     */
    public String dialect() {
        try (Call call = new Call(library)) {
            return call.said(call.raw.polyai_client_dialect(handle(), call.out(2)));
        } finally {
            keep();
        }
    }

    /**
     * The proxy between this client and the service, without user name and password. Does not block.
     *
     * @return the proxy; empty where the connection is direct
     * @since 0.1.0
     */
    public Optional<String> proxy() {
        try (Call call = new Call(library)) {
            return Optional.ofNullable(call.said(call.raw.polyai_client_proxy(handle(), call.out(2))));
        } finally {
            keep();
        }
    }

    /**
     * The client's counters. Does not block.
     *
     * @return a JSON object, whose keys are those of {@code polyai_client_metrics_json} in C
     * @throws InvalidArgumentException the client was closed
     * @since 0.1.0
     */
    public String metricsJson() {
        try {
            return Call.buffered(library, (buffer, capacity, length, error) ->
                    library.raw.polyai_client_metrics_json(handle(), buffer, capacity, length, error));
        } finally {
            keep();
        }
    }

    /**
     * The last attempts of all calls, oldest first; the option {@code recent_attempts} says how many are remembered. Does not
     * block.
     *
     * @param after only attempts with a larger {@code serial} are given; 0 gives all
     * @return a JSON array of objects
     * @throws InvalidArgumentException the client was closed
     * @since 0.1.0
     */
    public String recentAttemptsJson(long after) {
        try {
            return Call.buffered(library, (buffer, capacity, length, error) ->
                    library.raw.polyai_client_recent_attempts_json(handle(), after, buffer, capacity, length, error));
        } finally {
            keep();
        }
    }

    /**
     * The same attempts as lines for a log, which are those that SLF4J gets. Does not block.
     *
     * @param after only attempts with a larger {@code serial} are given; 0 gives all
     * @return a JSON array of objects
     * @throws InvalidArgumentException the client was closed
     * @since 0.1.0
     */
    public String recentLogLinesJson(long after) {
        try {
            return Call.buffered(library, (buffer, capacity, length, error) ->
                    library.raw.polyai_client_recent_log_lines_json(handle(), after, buffer, capacity, length, error));
        } finally {
            keep();
        }
    }
}
