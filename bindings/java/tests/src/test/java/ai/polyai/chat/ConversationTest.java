// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConversationTest extends Simulated {
    @Test
    void theMechanismIsTheOneThatIsTested() {
        assertEquals(System.getProperty("polyai.expected", ChatLibrary.mechanism()), ChatLibrary.mechanism());
        assertEquals("0.1.0", ChatLibrary.version());
        assertTrue(ChatLibrary.abiOldest() <= Raw.ABI && Raw.ABI <= ChatLibrary.abiNewest());
        assertTrue(ChatLibrary.optionsJson().contains("studio_url"));
    }

    @Test
    void textsComeBackAsTheyWent() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            for (String text : new String[] {"", "a\0b", "\0", "h\u00e9llo \ud83d\ude00\0end", "\u05e9\u05dc\u05d5\u05dd", "e\u0301 \"quoted\" \\ \r\n\t"}) {
                assertEquals("You said: " + text, conversation.respond(text).response());
                assertEquals("You said: " + text, conversation.start(text).result().response());
            }
            assertEquals("Are you still there?", conversation.respond(null).response());
        }
    }

    @Test
    void halfASurrogatePairIsRefusedAndNotSent() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            InvalidArgumentException problem = assertThrows(InvalidArgumentException.class, () -> conversation.respond("half \ud83d of it"));
            assertEquals(Delivery.NOT_SENT, problem.delivery());
            assertTrue(problem.getMessage().contains("UTF-8"), problem.getMessage());
            assertEquals(0, received("respond"));
        }
    }

    @Test
    void aHandoffEndsTheConversation() {
        try (ChatClient client = simulator.client().build();
                Conversation conversation = client.create(new Request().attribute("customer_name", "Sam"))) {
            assertEquals("Hello Sam.", conversation.greeting().response());
            Reply reply = conversation.respond("a human, please");
            Handoff handoff = reply.handoff().orElseThrow();
            assertEquals(Optional.of("returns-desk"), handoff.destination());
            assertEquals(Optional.of("customer_request"), handoff.reason());
            assertTrue(handoff.json().contains("priority"));
            JsonObject all = JsonParser.parseString(reply.toJson()).getAsJsonObject();
            assertEquals("returns-desk", all.getAsJsonObject("handoff").get("destination").getAsString());
            assertEquals(reply.rawJson(), all.get("raw_json").getAsString());
            assertTrue(conversation.greeting().toJson().contains("\"operation\":\"create\""));
            assertTrue(reply.endConversation());
            assertEquals(ConversationState.ENDED, conversation.state());
            ConversationEndedException problem = assertThrows(ConversationEndedException.class, () -> conversation.respond("more"));
            assertTrue(problem.mayResend());
        }
        assertEquals(0, received("close"), "what the agent has ended is not closed");
    }

    @Test
    void theEndOfTheBlockCloses() {
        try (ChatClient client = simulator.client().build()) {
            Conversation conversation = client.create();
            conversation.close();
            conversation.close();
            assertEquals(1, received("close"));
            assertEquals(ConversationState.CLOSED, conversation.state());
            assertThrows(InvalidArgumentException.class, () -> conversation.respond("after the end"));
            try (Conversation other = client.create()) {
                Closed closed = other.closeNow();
                assertFalse(closed.wasOver());
                assertEquals(ConversationState.CLOSED, other.state());
            }
            assertEquals(2, received("close"), "a closed conversation is closed only once");
        }
    }

    @Test
    void aFailureTellsEverythingAndCanBeSerialised() throws Exception {
        simulator.fault("{\"when\": {\"operation\": \"respond\"}, \"action\": {\"answer\": {\"status\": 503, \"retry_after\": {\"seconds\": 7}}}}");
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            ServerException problem = assertThrows(ServerException.class, () -> conversation.respond("hello"));
            assertEquals(ErrorKind.SERVER, problem.kind());
            assertEquals(Delivery.UNKNOWN, problem.delivery());
            assertFalse(problem.mayResend());
            assertEquals(503, problem.httpStatus().getAsInt());
            assertEquals(Optional.of(Duration.ofSeconds(7)), problem.retryAfter());
            assertEquals(1, problem.attemptCount());
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            new ObjectOutputStream(bytes).writeObject(problem);
            ServerException copy = (ServerException) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
            assertEquals(problem.toJson(), copy.toJson());
            assertEquals(problem.headers().toString(), copy.headers().toString());
            assertEquals(ConversationState.IN_DOUBT, conversation.state());
        }
    }

    @Test
    void aTurnGivesTheSameEachTime() {
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            Turn<Reply> turn = conversation.start("hello");
            assertTrue(turn.await(Duration.ofDays(1)));
            assertSame(turn.result(), turn.result());
            assertSame(turn.result(), turn.toFuture().join());
            assertEquals("respond", turn.operation());
            assertEquals(turn.correlationId(), turn.result().correlationId());
            turn.cancel();
            assertEquals("You said: hello", turn.result().response());
        }
    }

    @Test
    void aClientThatWasClosedIsRefused() {
        ChatClient client = simulator.client().build();
        Conversation conversation = client.create();
        client.shutDown();
        CancelledException cancelled = assertThrows(CancelledException.class, () -> conversation.respond("hello"));
        assertEquals(Delivery.NOT_SENT, cancelled.delivery());
        assertTrue(client.shutDownAndWait(Duration.ofMinutes(1)));
        client.close();
        assertThrows(InvalidArgumentException.class, client::create);
        assertThrows(InvalidArgumentException.class, client::metricsJson);
    }

    @Test
    void whatIsConfiguredWronglyIsNamed() {
        ConfigurationException missing = assertThrows(ConfigurationException.class, () -> ChatClient.builder().apiKey("key").build());
        assertTrue(missing.getMessage().contains("token"), missing.getMessage());
        assertThrows(InvalidArgumentException.class, () -> ChatClient.builder().option("colour", "blue").build());
        String described = simulator.client().timeout(Duration.ofSeconds(12)).describeJson();
        assertTrue(described.contains("12000") && !described.contains("simulator-key"), described);
    }
}
