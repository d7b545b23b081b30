// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Optional;

/**
 * The agent wants the customer to go on elsewhere, such as with a person. It never changes, and any thread may use it.
 *
 * @since 0.1.0
 */
public final class Handoff {
    private final String destination;
    private final String reason;
    private final String json;

    Handoff(String destination, String reason, String json) {
        this.destination = destination;
        this.reason = reason;
        this.json = json;
    }

    /**
     * Where the customer goes on.
     *
     * @return the destination; empty where the service does not say it as text
     * @since 0.1.0
     */
    public Optional<String> destination() {
        return Optional.ofNullable(destination);
    }

    /**
     * Why the customer goes on elsewhere.
     *
     * @return the reason; empty where the service does not say it as text
     * @since 0.1.0
     */
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /**
     * The handoff as it came, whatever its shape: products of contact centres have fields of their own in it.
     *
     * @return JSON
     * @since 0.1.0
     */
    public String json() {
        return json;
    }
}
