// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The settings of this installation, from the environment. The client reads its own there: POLYAI_API_KEY and the like. */
record Settings(String address, int port, String language, String grammar, Duration fillerAfter, String defaultDesk,
        Map<String, String> desks, int mostCalls, Duration idle) {

    static Settings of(Map<String, String> environment) {
        Map<String, String> desks = new LinkedHashMap<>();
        for (String pair : environment.getOrDefault("VOICE_DESKS", "").split("[\\s,]+")) {
            if (!pair.isEmpty()) {
                String[] parts = pair.split("=", 2);
                if (parts.length < 2) {
                    throw new IllegalArgumentException("VOICE_DESKS: `" + pair + "` should be the destination of a handoff, =, and a telephone URI");
                }
                desks.put(parts[0], destination("VOICE_DESKS", parts[1]));
            }
        }
        return new Settings(
                environment.getOrDefault("VOICE_ADDRESS", "127.0.0.1"),
                number(environment, "VOICE_PORT", 8080, 0, 65_535),
                environment.getOrDefault("VOICE_LANGUAGE", "en-US"),
                environment.getOrDefault("VOICE_GRAMMAR", "builtin:speech/transcribe"),
                Duration.ofMillis(number(environment, "VOICE_FILLER_AFTER_MS", 2_000, 1, 60_000)),
                destination("VOICE_DEFAULT_DESK", environment.get("VOICE_DEFAULT_DESK")),
                Map.copyOf(desks),
                number(environment, "VOICE_MOST_CALLS", 1_000, 1, 100_000),
                Duration.ofSeconds(number(environment, "VOICE_IDLE_SECONDS", 900, 1, 86_400)));
    }

    private static String destination(String name, String value) {
        if (value == null || !value.matches("(sip|sips|tel):.+")) {
            throw new IllegalArgumentException(name + " should be a telephone URI such as sip:returns@pbx.example.com, not "
                    + (value == null ? "missing" : "`" + value + "`"));
        }
        return URI.create(value).toString();
    }

    private static int number(Map<String, String> environment, String name, int otherwise, int least, int most) {
        String value = environment.get(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) < least || Integer.parseInt(value) > most) {
            throw new IllegalArgumentException(name + " should be a number from " + least + " to " + most + ", not `" + value + "`");
        }
        return Integer.parseInt(value);
    }

    /** Where a handoff leads. The agent's word chooses among the desks of this installation, and is itself no address. */
    String desk(String destination) {
        return desks.getOrDefault(destination, defaultDesk);
    }
}
