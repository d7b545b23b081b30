// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedTest extends Simulated {
    /** The client of the process for these tests; those of other tests have other options. */
    private static ChatClientBuilder options() {
        return simulator.client().userAgent("shared-by-tests/1");
    }

    /** The connections of the creates, in their order. */
    private static List<Long> connections() {
        List<Long> connections = new ArrayList<>();
        for (JsonElement request : JsonParser.parseString(simulator.receivedJson()).getAsJsonArray()) {
            if (request.getAsJsonObject().get("operation").getAsString().equals("create")) {
                connections.add(request.getAsJsonObject().get("connection").getAsLong());
            }
        }
        return connections;
    }

    @Test
    void oneClientHasOneConnection() {
        ChatClient one = ChatClient.shared(options());
        ChatClient two = ChatClient.shared(options());
        one.create();
        one.close(); // lets go of this object: the client goes on
        assertThrows(InvalidArgumentException.class, one::create);
        two.create();
        try (ChatClient three = ChatClient.shared(options())) {
            three.create();
        }
        ChatClient other = ChatClient.shared(options().option("timeout_ms", 29_999));
        other.create();
        List<Long> connections = connections();
        assertEquals(4, connections.size());
        assertEquals(List.of(connections.get(0), connections.get(0), connections.get(0)), connections.subList(0, 3));
        assertNotEquals(connections.get(0), connections.get(3), "other options are another client");

        two.shutDown();
        assertEquals(Delivery.NOT_SENT, assertThrows(CancelledException.class, two::create).delivery());
        try (ChatClient anew = ChatClient.shared(options())) {
            anew.create();
            assertNotEquals(connections.get(0), connections().get(4), "one that is shut down is not given any more");
            assertTrue(anew.recentLogLinesJson(0).contains("create"));
            anew.shutDown();
        }
        other.shutDown();
    }

    @Test
    void wrongOptionsAreRefusedAsByAnyClient() {
        assertThrows(InvalidArgumentException.class, () -> ChatClient.shared(ChatClient.builder().option("no_such", "x")));
        assertThrows(ConfigurationException.class, () -> ChatClient.shared(ChatClient.builder().apiKey("k")));
    }
}
