// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat.testing;

import ai.polyai.chat.ChatClient;
import ai.polyai.chat.ChatClientBuilder;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A local double of the service for tests: the program {@code polyai-chat simulator}, which needs no account and no network.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final PolyAiSimulator simulator = new PolyAiSimulator().script("greeting = \"Hello\"\ndefault_reply = \"Yes.\"\n");
 *
 * @Test
 * void greets() {
 *     try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
 *         assertEquals("Hello", conversation.greeting().response());
 *     }
 * }
 * }</pre>
 *
 * <p>In a static field, and with {@code @ExtendWith(PolyAiSimulator.class)}, one simulator runs for all tests of the class, and forgets
 * before each test what it has received and which faults it was given. In a field of an object each test has one of its own. A parameter of
 * this type is given to tests that have one.
 *
 * <p>The program is that which the system property {@code polyai.simulator} names, else {@code polyai-chat} of the {@code PATH}.
 *
 * @since 0.1.0
 */
public final class PolyAiSimulator
        implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private final List<String> arguments = new ArrayList<>();
    private String script;
    private Path scriptFile;
    private Process process;
    private String url;
    private boolean isForAll;

    /**
     * A simulator with the built-in script; it is started before the first test.
     *
     * @since 0.1.0
     */
    public PolyAiSimulator() {}

    /**
     * What the agent says, in place of the built-in script.
     *
     * @param toml a script, as the documentation of the simulator says
     * @return this simulator
     * @since 0.1.0
     */
    public PolyAiSimulator script(String toml) {
        script = toml;
        return this;
    }

    /**
     * Which of the service's two dialects it speaks.
     *
     * @param dialect {@code current} or {@code legacy}
     * @return this simulator
     * @since 0.1.0
     */
    public PolyAiSimulator dialect(String dialect) {
        return arguments("--dialect", dialect);
    }

    /**
     * Further arguments of the program; {@code polyai-chat simulator --help} lists them.
     *
     * @param more the arguments
     * @return this simulator
     * @since 0.1.0
     */
    public PolyAiSimulator arguments(String... more) {
        arguments.addAll(Arrays.asList(more));
        return this;
    }

    /**
     * Where it is reached.
     *
     * @return its URL
     * @throws IllegalStateException it does not run
     * @since 0.1.0
     */
    public String url() {
        if (url == null) {
            throw new IllegalStateException("the simulator does not run: it is started before the first test, or by start()");
        }
        return url;
    }

    /**
     * What clients of it are made of: URL, keys, account and project are set.
     *
     * @return a builder
     * @since 0.1.0
     */
    public ChatClientBuilder client() {
        return ChatClient.builder().baseUrl(url()).option("allow_plain_http", true).apiKey("simulator-key").token("simulator-token")
                .accountId("simulator-account").projectId("simulator-project");
    }

    /**
     * The requests that it has received, with header names as they were spelled, body, and the reply that was sent.
     *
     * @return a JSON array of objects, oldest first
     * @since 0.1.0
     */
    public String receivedJson() {
        return ask("GET", "received", null);
    }

    /**
     * Gives its counts of connections, requests, turns, and replies by status.
     *
     * @return a JSON object
     * @since 0.1.0
     */
    public String countsJson() {
        return ask("GET", "counts", null);
    }

    /**
     * Has it misbehave.
     *
     * @param json a fault, or an array of them, as the documentation of the simulator says
     * @since 0.1.0
     */
    public void fault(String json) {
        ask("POST", "faults", json);
    }

    /**
     * Takes all faults back, and forgets what was received.
     *
     * @since 0.1.0
     */
    public void reset() {
        ask("DELETE", "faults", null);
        ask("DELETE", "received", null);
    }

    /**
     * Starts it; JUnit does so by itself. Blocks until it listens.
     *
     * @return this simulator
     * @throws IllegalStateException the program is not there, or did not start; the message says why
     * @since 0.1.0
     */
    public synchronized PolyAiSimulator start() {
        if (process != null) {
            return this;
        }
        List<String> command = new ArrayList<>();
        command.add(program());
        command.add("simulator");
        try {
            if (script != null) {
                scriptFile = Files.createTempFile("polyai-simulator-", ".toml");
                Files.write(scriptFile, script.getBytes(StandardCharsets.UTF_8));
                command.addAll(Arrays.asList("--script", scriptFile.toString()));
            }
            command.addAll(arguments);
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            Process started = process;
            Runtime.getRuntime().addShutdownHook(new Thread(started::destroy));
            url = firstLine(started, command);
            return this;
        } catch (IOException problem) {
            stop();
            throw new IllegalStateException("the simulator could not be started: " + problem.getMessage(), problem);
        }
    }

    private static String firstLine(Process started, List<String> command) throws IOException {
        BufferedReader output = new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        if (line == null || !line.startsWith("http")) {
            StringBuilder said = new StringBuilder();
            for (; line != null; line = output.readLine()) {
                said.append('\n').append(line);
            }
            throw new IOException(String.join(" ", command) + " said:" + said);
        }
        // Whatever it prints later must not fill the pipe.
        Thread reader = new Thread(() -> {
            try {
                while (output.readLine() != null) {
                    continue;
                }
            } catch (IOException ended) {
                return;
            }
        }, "polyai-simulator");
        reader.setDaemon(true);
        reader.start();
        return line;
    }

    /**
     * Ends it; JUnit does so by itself.
     *
     * @since 0.1.0
     */
    public synchronized void stop() {
        if (process != null) {
            process.destroy();
            process = null;
            url = null;
        }
        if (scriptFile != null) {
            try {
                Files.deleteIfExists(scriptFile);
            } catch (IOException left) {
                scriptFile.toFile().deleteOnExit();
            }
            scriptFile = null;
        }
    }

    private static String program() {
        String named = System.getProperty("polyai.simulator");
        if (named != null) {
            return named;
        }
        String path = System.getenv("PATH");
        for (String folder : (path == null ? "" : path).split(File.pathSeparator)) {
            File program = new File(folder, "polyai-chat");
            if (program.canExecute() && program.isFile()) {
                return program.getPath();
            }
        }
        throw new IllegalStateException("there is no program polyai-chat, which holds the simulator: install the command line of PolyAI chat, "
                + "or name the program in the system property polyai.simulator");
    }

    private String ask(String method, String what, String body) {
        try {
            HttpURLConnection connection = (HttpURLConnection) URI.create(url() + "/_simulator/" + what).toURL().openConnection();
            connection.setRequestMethod(method);
            if (body != null) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/json");
                connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
            }
            boolean isFine = connection.getResponseCode() < 400;
            String answer = read(isFine ? connection.getInputStream() : connection.getErrorStream());
            if (!isFine) {
                throw new IllegalArgumentException("the simulator refused that: " + answer);
            }
            return answer;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static String read(InputStream stream) throws IOException {
        if (stream == null) {
            return "";
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        for (int length = stream.read(part); length >= 0; length = stream.read(part)) {
            content.write(part, 0, length);
        }
        return new String(content.toByteArray(), StandardCharsets.UTF_8);
    }

    /** Starts it for all tests of the class. */
    @Override
    public void beforeAll(ExtensionContext context) {
        isForAll = true;
        start();
    }

    /** Ends it after the last test of the class. */
    @Override
    public void afterAll(ExtensionContext context) {
        stop();
    }

    /** Starts it for one test, or forgets the test before. */
    @Override
    public void beforeEach(ExtensionContext context) {
        if (isForAll) {
            reset();
        } else {
            start();
        }
    }

    /** Ends what one test has for itself. */
    @Override
    public void afterEach(ExtensionContext context) {
        if (!isForAll) {
            stop();
        }
    }

    /** Whether a parameter is of this type. */
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext extension) {
        return parameter.getParameter().getType() == PolyAiSimulator.class;
    }

    /** This simulator. */
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext extension) {
        return this;
    }
}
