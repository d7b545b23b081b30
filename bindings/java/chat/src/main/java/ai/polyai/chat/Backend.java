// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/** What calls the native library: JNA. The jar has another class of this name for Java 22 and later. */
final class Backend {
    final Raw raw;
    final Memory memory;
    /** Its name, for messages. */
    final String name;

    private Backend(Raw raw, Memory memory, String name) {
        this.raw = raw;
        this.memory = memory;
        this.name = name;
    }

    /**
     * Loads the library from this path, or by this name from where the system looks.
     *
     * @throws LinkageError it cannot be loaded, or is another library
     */
    static Backend load(String library) {
        return new Backend(JnaLoader.load(library), new JnaMemory(), "JNA");
    }
}
