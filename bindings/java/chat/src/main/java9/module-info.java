// SPDX-License-Identifier: Apache-2.0 OR MIT
/**
 * Holds conversations with PolyAI agents.
 *
 * @since 0.1.0
 */
module ai.polyai.chat {
    requires org.slf4j;
    // Needed below Java 22 alone: name it in --add-modules there, or require it.
    requires static com.sun.jna;

    exports ai.polyai.chat;
    // Its interfaces are called by JNA.
    opens ai.polyai.chat to com.sun.jna;
}
