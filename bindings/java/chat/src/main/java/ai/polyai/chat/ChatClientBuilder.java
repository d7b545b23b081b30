// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/**
 * What a client is made of. It belongs to one thread at a time.
 *
 * <p>What is set here beats the environment, which beats a profile. Nothing is checked before {@link #build()}.
 *
 * @since 0.1.0
 */
public final class ChatClientBuilder {
    private interface Step {
        int on(Call call, long config);
    }

    private final List<String[]> texts = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private Executor executor = ForkJoinPool.commonPool();

    ChatClientBuilder() {}

    private ChatClientBuilder add(Step step, String... texts) {
        steps.add(step);
        this.texts.add(texts);
        return this;
    }

    /**
     * Sets an option by its name in the table of options; times and sizes end in their unit, such as {@code timeout_ms}.
     *
     * @param name its name
     * @param value its value
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder option(String name, String value) {
        return add((call, config) -> call.raw.polyai_config_set(
                config, call.text(0), call.length(0), call.text(1), call.length(1), call.error()), name, value);
    }

    /**
     * Sets an option that is a number.
     *
     * @param name its name
     * @param value its value, in the unit that the name ends in
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder option(String name, long value) {
        return option(name, Long.toString(value));
    }

    /**
     * Sets an option that is yes or no.
     *
     * @param name its name
     * @param value its value
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder option(String name, boolean value) {
        return option(name, Boolean.toString(value));
    }

    /**
     * The API key.
     *
     * @param value the key; it is shown nowhere
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder apiKey(String value) {
        return option("api_key", value);
    }

    /**
     * The connector token.
     *
     * @param value the token; it is shown nowhere
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder token(String value) {
        return option("token", value);
    }

    /**
     * Where the service is and which project is meant, as the address bar of Agent Studio says it.
     *
     * @param value the URL
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder studioUrl(String value) {
        return option("studio_url", value);
    }

    /**
     * The account.
     *
     * @param value its id
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder accountId(String value) {
        return option("account_id", value);
    }

    /**
     * The project.
     *
     * @param value its id
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder projectId(String value) {
        return option("project_id", value);
    }

    /**
     * The region of the service.
     *
     * @param value such as {@code uk}
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder region(String value) {
        return option("region", value);
    }

    /**
     * Where the service is, in place of region and Studio URL.
     *
     * @param value the URL
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder baseUrl(String value) {
        return option("base_url", value);
    }

    /**
     * Which of the service's two dialects is spoken.
     *
     * @param value {@code current} or {@code legacy}
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder dialect(String value) {
        return option("dialect", value);
    }

    /**
     * The proxy.
     *
     * @param value its URL, {@code environment} or {@code none}
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder proxy(String value) {
        return option("proxy", value);
    }

    /**
     * What the client calls itself.
     *
     * @param value the header's value
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder userAgent(String value) {
        return option("user_agent", value);
    }

    /**
     * The deadline of each call, with everything that it waits for; 30 s unless set.
     *
     * @param time the time; part of a millisecond counts as a whole one
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder timeout(Duration time) {
        return option("timeout_ms", Times.milliseconds(time));
    }

    /**
     * The deadline of a close; 5 s unless set.
     *
     * @param time the time; part of a millisecond counts as a whole one
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder closeTimeout(Duration time) {
        return option("close_timeout_ms", Times.milliseconds(time));
    }

    /**
     * How long one connection may take to be made; 5 s unless set.
     *
     * @param time the time; part of a millisecond counts as a whole one
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder connectTimeout(Duration time) {
        return option("connect_timeout_ms", Times.milliseconds(time));
    }

    /**
     * The deadline that all turns of a conversation have together; none unless set.
     *
     * @param time the time; part of a millisecond counts as a whole one
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder conversationTimeout(Duration time) {
        return option("conversation_timeout_ms", Times.milliseconds(time));
    }

    /**
     * How often a request is tried that the service cannot have processed; 3 unless set.
     *
     * @param number from 1
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder maxAttempts(int number) {
        return option("max_attempts", number);
    }

    /**
     * Reads the environment variables {@code POLYAI_...} when the client is made. An empty one counts as not set.
     *
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder environment() {
        return add((call, config) -> call.raw.polyai_config_load_environment(config, call.error()));
    }

    /**
     * Reads a profile of the configuration file when the client is made.
     *
     * @param profile its name; null for {@code default}
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder profile(String profile) {
        return profile(profile, null);
    }

    /**
     * Reads a profile of this configuration file when the client is made.
     *
     * @param profile its name; null for {@code default}
     * @param file the file; null for the usual one, as {@link ChatClient#fromProfile} says
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder profile(String profile, Path file) {
        return add((call, config) -> call.raw.polyai_config_load_profile(
                config, call.text(0), call.length(0), call.text(1), call.length(1), call.error()),
                profile, file == null ? null : file.toString());
    }

    /**
     * Completes the futures of the client, and so runs what depends on them; {@link ForkJoinPool#commonPool()} unless set. {@code
     * Runnable::run} does so on the thread of the native library that ran the call, where nothing may take long.
     *
     * @param executor the executor
     * @return this builder
     * @since 0.1.0
     */
    public ChatClientBuilder executor(Executor executor) {
        this.executor = executor;
        return this;
    }

    /**
     * Makes a client. Reads the files that the options name; opens no connection, and starts no thread.
     *
     * @return the client
     * @throws ConfigurationException something is missing or wrong: the message names the option, where it came from, and what
     *     would be right
     * @throws InvalidArgumentException there is no option of this name
     * @throws NativeLibraryException the native library cannot be used
     * @since 0.1.0
     */
    public ChatClient build() {
        Library library = Library.get();
        Context context = new Context(library, new Logs(), executor);
        return configured(library, config -> {
            try (Call call = new Call(library)) {
                call.check(call.raw.polyai_config_set_log_callback(
                        config, library.onLog, Upcalls.add(context.logs), library.onLogRelease, call.error()));
                call.check(call.raw.polyai_client_new(config, call.out(0), call.error()));
                return new ChatClient(context, call.result(0), false);
            }
        });
    }

    /** For {@link ChatClient#shared}. */
    ChatClient shared() {
        Library library = Library.get();
        Context context = new Context(library, new Logs(), executor);
        return configured(library, config -> {
            try (Call call = new Call(library)) {
                call.check(call.raw.polyai_client_shared(config, call.out(0), call.error()));
                return new ChatClient(context, call.result(0), true);
            }
        });
    }

    /**
     * The value that each option would have, and where it comes from. Reads what {@link #build()} reads of environment and profile.
     *
     * @return a JSON array of objects: {@code name}, {@code value} (null when not set; {@code set} for a secret), {@code origin}
     * @throws ChatException as {@link #build()}
     * @since 0.1.0
     */
    public String describeJson() {
        Library library = Library.get();
        return configured(library, config -> Call.buffered(library, (buffer, capacity, length, error) ->
                library.raw.polyai_config_describe_json(config, buffer, capacity, length, error)));
    }

    private <T> T configured(Library library, Operation.Outcome<T> use) {
        long config = library.raw.polyai_config_new();
        try {
            for (int i = 0; i < steps.size(); i++) {
                try (Call call = new Call(library, texts.get(i))) {
                    call.check(steps.get(i).on(call, config));
                }
            }
            return use.of(config);
        } finally {
            library.raw.polyai_config_free(config);
        }
    }
}
