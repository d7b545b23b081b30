// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class HandlesTest extends Simulated {
    private static void abandon() throws InterruptedException {
        ChatClient client = simulator.client().build();
        for (int i = 0; i < 10; i++) {
            Conversation conversation = client.create();
            conversation.respond("hello");
            conversation.start("hold the line");
            new CancelToken();
        }
        awaitRequests("respond", 20);
    }

    private static void awaitLiveHandles(long number) throws InterruptedException {
        while (ChatLibrary.liveHandles() > number) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(number, ChatLibrary.liveHandles());
    }

    @Test
    void ofCollectedObjectsAreFreed() throws Exception {
        awaitLiveHandles(0);
        abandon();
        awaitLiveHandles(0);
    }

    @Test
    void areFreedByClose() throws Exception {
        awaitLiveHandles(0);
        try (ChatClient client = simulator.client().build(); Conversation conversation = client.create()) {
            conversation.respond("hello");
            conversation.start("hello").result();
            conversation.respondAsync("hello").join();
            try {
                conversation.respond("half \ud83d of it");
            } catch (InvalidArgumentException expected) {
                assertEquals(2, ChatLibrary.liveHandles());
            }
        }
        assertEquals(0, ChatLibrary.liveHandles());
    }
}
