// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;

/** What calls the native library: {@code java.lang.foreign}, or JNA where {@code -Dpolyai.mechanism=jna} asks for it. */
final class Backend {
    private static volatile SymbolLookup symbols;

    final Raw raw;
    final Memory memory;
    /** Its name, for messages. */
    final String name;

    private Backend(Raw raw, Memory memory, String name) {
        this.raw = raw;
        this.memory = memory;
        this.name = name;
    }

    /** Where {@link RawFfm} finds the functions. */
    static SymbolLookup symbols() {
        return symbols;
    }

    /**
     * Loads the library from this path, or by this name from where the system looks.
     *
     * @throws LinkageError it cannot be loaded, or is another library
     */
    static Backend load(String library) {
        if ("jna".equals(System.getProperty("polyai.mechanism"))) {
            return new Backend(JnaLoader.load(library), new JnaMemory(), "JNA");
        }
        try {
            SymbolLookup found = library.contains("/") || library.contains("\\")
                    ? SymbolLookup.libraryLookup(Path.of(library), Arena.global())
                    : SymbolLookup.libraryLookup(library, Arena.global());
            Library.checkAbi(number(found, "polyai_abi_oldest"), number(found, "polyai_abi_newest"));
            symbols = found;
            return new Backend(new RawFfm(), new FfmMemory(), "java.lang.foreign");
        } catch (IllegalCallerException refused) {
            LinkageError explained = new UnsatisfiedLinkError(refused.getMessage()
                    + ". Allow it with --enable-native-access=ALL-UNNAMED, or with the name of the module ai.polyai.chat");
            explained.initCause(refused);
            throw explained;
        }
    }

    private static int number(SymbolLookup found, String name) {
        try {
            var symbol = found.find(name).orElseThrow(() -> new UnsatisfiedLinkError("it has no function " + name));
            return (int) Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT)).invokeExact();
        } catch (Error | RuntimeException thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }
}
