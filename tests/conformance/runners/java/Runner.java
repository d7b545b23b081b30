// SPDX-License-Identifier: Apache-2.0 OR MIT
import ai.polyai.chat.Answer;
import ai.polyai.chat.CancelToken;
import ai.polyai.chat.ChatClient;
import ai.polyai.chat.ChatClientBuilder;
import ai.polyai.chat.ChatException;
import ai.polyai.chat.Closed;
import ai.polyai.chat.Conversation;
import ai.polyai.chat.Delivery;
import ai.polyai.chat.ErrorKind;
import ai.polyai.chat.Greeting;
import ai.polyai.chat.Handoff;
import ai.polyai.chat.Headers;
import ai.polyai.chat.Reply;
import ai.polyai.chat.Request;
import ai.polyai.chat.Turn;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * The runner of Java: does what steps say with {@code ai.polyai.chat}, and writes the outcome of each. Its argument says how calls are made:
 * {@code blocking}, {@code futures}, or {@code virtual} for blocking calls on virtual threads.
 */
public final class Runner {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private static final String LOOKED_UP = "X-POLYAI-Correlation-ID";
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);
    private static final Map<String, BiFunction<ChatClientBuilder, String, ChatClientBuilder>> OPTIONS = Map.ofEntries(
            Map.entry("api_key", ChatClientBuilder::apiKey),
            Map.entry("token", ChatClientBuilder::token),
            Map.entry("studio_url", ChatClientBuilder::studioUrl),
            Map.entry("account_id", ChatClientBuilder::accountId),
            Map.entry("project_id", ChatClientBuilder::projectId),
            Map.entry("region", ChatClientBuilder::region),
            Map.entry("base_url", ChatClientBuilder::baseUrl),
            Map.entry("dialect", ChatClientBuilder::dialect),
            Map.entry("proxy", ChatClientBuilder::proxy),
            Map.entry("user_agent", ChatClientBuilder::userAgent));
    private static final Map<String, BiFunction<ChatClientBuilder, Duration, ChatClientBuilder>> TIMES = Map.of(
            "timeout_ms", ChatClientBuilder::timeout,
            "close_timeout_ms", ChatClientBuilder::closeTimeout,
            "connect_timeout_ms", ChatClientBuilder::connectTimeout,
            "conversation_timeout_ms", ChatClientBuilder::conversationTimeout);
    private static final Map<String, BiFunction<Request, String, Request>> FIELDS = Map.of(
            "integration_attributes", Request::integrationAttributesJson,
            "metadata", Request::metadataJson,
            "extra", Request::extraJson,
            "variant_id", Request::variantId,
            "channel", Request::channel,
            "asr_lang_code", Request::asrLangCode,
            "tts_lang_code", Request::ttsLangCode,
            "correlation_id", Request::correlationId);

    private final String mode;
    private ChatClient client;
    private final Map<String, Conversation> conversations = new ConcurrentHashMap<>();
    private final Map<String, Turn<?>> turns = new ConcurrentHashMap<>();
    private BlockingQueue<String> done = new LinkedBlockingQueue<>();

    private Runner(String mode) {
        this.mode = mode;
    }

    public static void main(String[] arguments) throws IOException {
        Runner runner = new Runner(arguments.length == 0 ? "blocking" : arguments[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            runner.read(JsonParser.parseString(line).getAsJsonObject());
        }
    }

    private void read(JsonObject step) {
        if (step.has("on_a_thread") && step.get("on_a_thread").getAsBoolean()) {
            Thread thread = new Thread(() -> answer(step));
            thread.setDaemon(true);
            thread.start();
        } else {
            answer(step);
        }
    }

    private void answer(JsonObject step) {
        JsonObject outcome;
        try {
            outcome = act(step);
        } catch (ChatException problem) {
            outcome = of(problem);
        } catch (RuntimeException problem) {
            outcome = new JsonObject();
            outcome.addProperty("wrong", problem.toString());
        }
        outcome.add("step", step.get("step"));
        synchronized (OUT) {
            OUT.println(GSON.toJson(outcome));
            OUT.flush();
        }
    }

    private JsonObject act(JsonObject step) {
        JsonObject with = step.has("with") ? step.getAsJsonObject("with") : new JsonObject();
        CancelToken token = with.has("cancel_after_ms") || with.has("cancelled_before") ? new CancelToken() : null;
        if (with.has("cancelled_before")) {
            token.cancelForGood();
        } else if (token != null) {
            cancelLater(token, with.get("cancel_after_ms").getAsLong());
        }
        String message = text(step, "message");
        String id = text(step, "id");
        String action = step.get("do").getAsString();
        switch (action) {
            case "begin":
                // Calls of the case before may still end.
                done = new LinkedBlockingQueue<>();
                client = client(step.getAsJsonObject("options"));
                return new JsonObject();
            case "shut_down":
                client.shutDown();
                return new JsonObject();
            case "log_lines":
                JsonObject log = new JsonObject();
                log.add("log", json(client.recentLogLinesJson(0)));
                return log;
            case "replace_credentials":
                client.replaceCredentials(text(with, "api_key"), text(with, "token"));
                return new JsonObject();
            case "warm_up":
                run(() -> {
                    client.warmUp(time(with));
                    return null;
                }, () -> client.startWarmUp(time(with)).toFuture());
                return new JsonObject();
            case "start_warm_up":
                return keep(step, client.startWarmUp(time(with)));
            case "attach":
                return keep(step, client.attach(id), false);
            case "wait":
                return shown("done", turn(step).await(Duration.ofMillis(step.get("wait_ms").getAsLong())));
            case "cancel":
                turn(step).cancel();
                return new JsonObject();
            case "take":
                return taken(step, turn(step).result());
            case "next_done":
                return nextDone();
            case "state":
                return state(of(step));
            case "close_if_open":
                of(step).close();
                return new JsonObject();
            case "start_close_if_open":
                return keep(step, of(step).startCloseIfOpen());
            default:
                return call(action, step, request(with, token), message, id);
        }
    }

    private JsonObject call(String action, JsonObject step, Request request, String message, String id) {
        switch (action) {
            case "create":
                return keep(step, run(() -> client.create(request), () -> client.createAsync(request)), true);
            case "respond":
                return of(run(() -> of(step).respond(message, request), () -> of(step).respondAsync(message, request)));
            case "close":
                return of(run(() -> of(step).closeNow(request), () -> of(step).closeAsync(request)));
            case "respond_by_id":
                return of(run(() -> client.respond(id, message, request), () -> client.respondAsync(id, message, request)));
            case "close_by_id":
                return of(run(() -> client.closeConversation(id, request), () -> client.closeConversationAsync(id, request)));
            case "start_create":
                return keep(step, client.startCreate(request));
            case "start_respond":
                return keep(step, of(step).start(message, request));
            case "start_close":
                return keep(step, of(step).startClose(request));
            case "start_respond_by_id":
                return keep(step, client.startRespond(id, message, request));
            case "start_close_by_id":
                return keep(step, client.startCloseConversation(id, request));
            default:
                throw new IllegalStateException("no such action: " + action);
        }
    }

    /** A call, made as the argument of the program says. */
    private <T> T run(Supplier<T> blocking, Supplier<CompletableFuture<T>> starting) {
        if (mode.equals("blocking")) {
            return blocking.get();
        }
        CompletableFuture<T> future = mode.equals("virtual") ? virtual(blocking) : starting.get();
        try {
            return future.join();
        } catch (CompletionException problem) {
            throw (RuntimeException) problem.getCause();
        }
    }

    private static <T> CompletableFuture<T> virtual(Supplier<T> call) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Runnable run = () -> {
            try {
                future.complete(call.get());
            } catch (Throwable problem) {
                future.completeExceptionally(problem);
            }
        };
        try {
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, run);
        } catch (ReflectiveOperationException missing) {
            throw new IllegalStateException("virtual threads need Java 21", missing);
        }
        return future;
    }

    private static ChatClient client(JsonObject options) {
        ChatClientBuilder builder = ChatClient.builder();
        for (Map.Entry<String, JsonElement> option : options.entrySet()) {
            String name = option.getKey();
            String value = option.getValue().getAsString();
            if (TIMES.containsKey(name) && value.matches("[0-9]{1,12}")) {
                TIMES.get(name).apply(builder, Duration.ofMillis(Long.parseLong(value)));
            } else {
                OPTIONS.getOrDefault(name, (b, v) -> b.option(name, v)).apply(builder, value);
            }
        }
        return builder.build();
    }

    private static Request request(JsonObject with, CancelToken token) {
        Request request = new Request();
        for (Map.Entry<String, JsonElement> field : with.entrySet()) {
            String name = field.getKey();
            JsonElement value = field.getValue();
            if (name.equals("timeout_ms")) {
                request.timeout(Duration.ofMillis(value.getAsLong()));
            } else if (name.equals("headers")) {
                value.getAsJsonObject().entrySet().forEach(each -> request.header(each.getKey(), each.getValue().getAsString()));
            } else if (name.equals("integration_attributes") && areTexts(value)) {
                value.getAsJsonObject().entrySet().forEach(each -> request.attribute(each.getKey(), each.getValue().getAsString()));
            } else if (!name.startsWith("cancel")) {
                String text = value.isJsonPrimitive() ? value.getAsString() : GSON.toJson(value);
                FIELDS.getOrDefault(name, (r, v) -> r.field(name, v)).apply(request, text);
            }
        }
        return token == null ? request : request.cancel(token);
    }

    private static boolean areTexts(JsonElement value) {
        return value.isJsonObject() && value.getAsJsonObject().size() > 0 && value.getAsJsonObject().entrySet().stream().allMatch(each ->
                each.getValue().isJsonPrimitive() && each.getValue().getAsJsonPrimitive().isString());
    }

    private static void cancelLater(CancelToken token, long milliseconds) {
        CompletableFuture.delayedExecutor(milliseconds, TimeUnit.MILLISECONDS).execute(token::cancel);
    }

    private static Duration time(JsonObject with) {
        return Duration.ofMillis(with.get("timeout_ms").getAsLong());
    }

    private static String text(JsonObject object, String name) {
        return object.has(name) && !object.get(name).isJsonNull() ? object.get(name).getAsString() : null;
    }

    private Conversation of(JsonObject step) {
        return conversations.get(step.get("conversation").getAsString());
    }

    private Turn<?> turn(JsonObject step) {
        return turns.get(step.get("turn").getAsString());
    }

    private JsonObject keep(JsonObject step, Conversation conversation, boolean isNew) {
        conversations.put(step.get("conversation").getAsString(), conversation);
        JsonObject outcome = isNew ? of(conversation.greeting()) : new JsonObject();
        JsonObject shown = shown("id", conversation.id());
        shown.addProperty("greeting", conversation.greeting().response());
        outcome.add("conversation", shown);
        return outcome;
    }

    private JsonObject keep(JsonObject step, Turn<?> turn) {
        String name = step.get("turn").getAsString();
        turns.put(name, turn);
        BlockingQueue<String> ofThisCase = done;
        turn.toFuture(Runnable::run).whenComplete((value, problem) -> ofThisCase.add(name));
        return shown("correlation_id", turn.correlationId());
    }

    private JsonObject taken(JsonObject step, Object outcome) {
        if (outcome instanceof Conversation) {
            return keep(step, (Conversation) outcome, true);
        }
        Object value = outcome instanceof Optional ? ((Optional<?>) outcome).orElse(null) : outcome;
        return value == null ? new JsonObject() : of((Answer) value);
    }

    private JsonObject nextDone() {
        try {
            String name = done.poll(60, TimeUnit.SECONDS);
            return name == null ? shown("wrong", "no call is done") : shown("turn", name);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private static JsonObject state(Conversation conversation) {
        JsonObject shown = shown("state", conversation.state().label());
        shown.addProperty("over", conversation.state().number() >= 3);
        return shown;
    }

    private static JsonObject of(Answer answer) {
        JsonObject shown = new JsonObject();
        shown.addProperty("raw", answer.rawJson());
        shown.add("unknown_fields", json(answer.unknownFieldsJson()));
        shown.addProperty("correlation_id", answer.correlationId());
        shown.addProperty("elapsed_us", answer.elapsed().toNanos() / 1000);
        shown.add("headers", of(answer.headers()));
        shown.addProperty("header", answer.headers().first(LOOKED_UP).orElse(null));
        JsonObject outcome = new JsonObject();
        if (answer instanceof Greeting) {
            Greeting greeting = (Greeting) answer;
            shown.addProperty("response", greeting.response());
            shown.addProperty("plain_text", greeting.plainText());
            shown.addProperty("conversation_id", greeting.conversationId());
            shown.addProperty("user_id", greeting.userId().orElse(null));
            outcome.add("greeting", shown);
        } else if (answer instanceof Reply) {
            Reply reply = (Reply) answer;
            shown.addProperty("response", reply.response());
            shown.addProperty("plain_text", reply.plainText());
            shown.addProperty("conversation_id", reply.conversationId());
            shown.addProperty("end_conversation", reply.endConversation());
            shown.add("handoff", reply.handoff().map(Runner::of).orElse(JsonNull.INSTANCE));
            outcome.add("reply", shown);
        } else {
            shown.addProperty("was_over", ((Closed) answer).wasOver());
            outcome.add("closed", shown);
        }
        String wrong = disagreement(shown, JsonParser.parseString(answer.toJson()).getAsJsonObject(), "raw", "raw_json");
        if (wrong != null) {
            outcome.addProperty("wrong", wrong);
        }
        return outcome;
    }

    private static JsonElement of(Handoff handoff) {
        JsonObject shown = shown("destination", handoff.destination().orElse(null));
        shown.addProperty("reason", handoff.reason().orElse(null));
        shown.add("raw", json(handoff.json()));
        return shown;
    }

    private static JsonArray of(Headers headers) {
        JsonArray all = new JsonArray();
        for (Map.Entry<String, String> header : headers) {
            JsonArray pair = new JsonArray();
            pair.add(header.getKey());
            pair.add(header.getValue());
            all.add(pair);
        }
        return all;
    }

    private static JsonObject of(ChatException problem) {
        JsonObject shown = shown("kind", problem.kindName());
        shown.addProperty("number", problem.kindNumber());
        shown.addProperty("delivery", problem.delivery().label());
        shown.addProperty("may_resend", problem.mayResend());
        shown.addProperty("phase", problem.phase());
        shown.addProperty("message", problem.explanation());
        shown.addProperty("text", problem.getMessage());
        OptionalInt status = problem.httpStatus();
        shown.addProperty("http_status", status.isPresent() ? status.getAsInt() : null);
        shown.addProperty("error_code", problem.errorCode().orElse(null));
        shown.addProperty("service_message", problem.serviceMessage().orElse(null));
        shown.addProperty("correlation_id", problem.correlationId().orElse(null));
        shown.addProperty("retry_after_ms", problem.retryAfter().map(Duration::toMillis).orElse(null));
        shown.addProperty("body_excerpt", problem.bodyExcerpt().orElse(null));
        shown.addProperty("cause", problem.systemCause().orElse(null));
        shown.add("attempts", json(problem.attemptsJson()));
        shown.add("headers", of(problem.headers()));
        shown.addProperty("header", problem.headers().first(LOOKED_UP).orElse(null));
        JsonObject outcome = new JsonObject();
        outcome.add("error", shown);
        StringWriter printed = new StringWriter();
        problem.printStackTrace(new PrintWriter(printed, true));
        outcome.addProperty("printed", printed.toString());
        String wrong = wrong(problem, shown);
        if (wrong != null) {
            outcome.addProperty("wrong", wrong);
        }
        return outcome;
    }

    /** Where two ways to learn the same disagree. */
    private static String wrong(ChatException problem, JsonObject shown) {
        ErrorKind kind = problem.kind();
        String name = problem.getClass().getSimpleName();
        if (!kind.label().equals(problem.kindName()) || problem.delivery() == Delivery.UNKNOWN == problem.mayResend()) {
            return name + " contradicts itself";
        }
        if (problem.attemptCount() != shown.getAsJsonArray("attempts").size()) {
            return "there are not " + problem.attemptCount() + " attempts";
        }
        String disagreement = disagreement(shown, JsonParser.parseString(problem.toJson()).getAsJsonObject(), "", "");
        if (disagreement != null) {
            return disagreement;
        }
        String[] words = kind.label().split("_");
        return name.endsWith("Exception") && name.toLowerCase().startsWith(NAMES.getOrDefault(kind, String.join("", words)))
                ? null : "a " + name + " is of the kind " + kind;
    }

    /** A field that is another one where all of them are one JSON object, in which one name may be another. */
    private static String disagreement(JsonObject shown, JsonObject all, String name, String nameInJson) {
        for (Map.Entry<String, JsonElement> field : shown.entrySet()) {
            String key = field.getKey().equals(name) ? nameInJson : field.getKey();
            // An array of bytes where a value is not UTF-8, and what is made of another field.
            boolean isElsewhere = key.equals("header") || key.equals("headers") || key.equals("plain_text");
            if (!isElsewhere && !field.getValue().equals(all.get(key))) {
                return key + " is " + all.get(key) + " in the JSON";
            }
        }
        return null;
    }

    private static final Map<ErrorKind, String> NAMES = Map.of(
            ErrorKind.CONNECT, "connectionfailed", ErrorKind.TIMEOUT, "deadlineexceeded");

    private static JsonElement json(String text) {
        return text == null ? JsonNull.INSTANCE : JsonParser.parseString(text);
    }

    private static JsonObject shown(String name, Object value) {
        JsonObject shown = new JsonObject();
        shown.add(name, GSON.toJsonTree(value));
        return shown;
    }
}
