// SPDX-License-Identifier: Apache-2.0 OR MIT
import ai.polyai.chat.ChatClient;
import ai.polyai.chat.Conversation;
import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What every program of the benchmark does, in Java: {@code Turns URL} opens a conversation, makes as many turns as BENCH_WARM_UP says, prints
 * "ready", and then answers each number of turns with what they took, as {@code c/turns.c} does but for processor time, and with the bytes of the Java
 * heap that a turn was given. With BENCH_ASYNC a turn is a future that is waited for.
 */
public final class Turns {
    private static final String MESSAGE = "Where is my order?";
    private static final String REPLY = "Your order was dispatched yesterday, and should be with you by Thursday. Is there anything else?";
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    public static void main(String[] arguments) throws IOException {
        ChatClient client = ChatClient.builder().baseUrl(arguments[0]).accountId("simulator-account").projectId("simulator-project")
                .apiKey("simulator-key").token("simulator-token").timeout(Duration.ofSeconds(30)).build();
        Conversation conversation = client.create();
        Supplier<String> turn = System.getenv("BENCH_ASYNC") == null ? () -> conversation.respond(MESSAGE).response()
                : () -> conversation.respondAsync(MESSAGE).join().response();
        timed(turn, Integer.parseInt(System.getenv().getOrDefault("BENCH_WARM_UP", "0")));
        System.out.println("ready");
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            System.out.println(measured(turn, Integer.parseInt(line)));
        }
        System.exit(0);
    }

    /** The wall time of each turn, in nanoseconds. */
    private static long[] timed(Supplier<String> turn, int turns) {
        long[] walls = new long[turns];
        for (int i = 0; i < turns; i++) {
            long began = System.nanoTime();
            String reply = turn.get();
            walls[i] = System.nanoTime() - began;
            // A program that is fast because it fails would be of no interest.
            if (!reply.equals(REPLY)) {
                throw new IllegalStateException("this is not the reply: " + reply);
            }
        }
        return walls;
    }

    private static String measured(Supplier<String> turn, int turns) {
        long given = givenBytes(), began = System.nanoTime();
        long[] walls = timed(turn, turns);
        long took = System.nanoTime() - began, bytes = givenBytes() - given;
        Arrays.sort(walls);
        return String.format(Locale.ROOT,
                "{\"wall_us\": %.3f, \"p99_us\": %.3f, \"turns_per_s\": %.1f, \"managed_bytes\": %d}",
                walls[turns / 2] / 1e3, walls[turns * 99 / 100] / 1e3, turns * 1e9 / took, bytes / turns);
    }

    /** What the threads that there are were given until now. */
    private static long givenBytes() {
        return Arrays.stream(THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())).filter(bytes -> bytes > 0).sum();
    }
}
