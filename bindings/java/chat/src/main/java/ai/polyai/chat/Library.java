// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The native library of this class loader: found and loaded when it is first needed. */
final class Library {
    private static final String SYSTEM_NAME = "libpolyai_chat.so.1";
    private static volatile Library loaded;

    final Raw raw;
    final Memory memory;
    /** What calls it: JNA or java.lang.foreign. */
    final String mechanism;
    /** Functions in C that lead to {@link Upcalls}. */
    final long onDone;
    final long onCheck;
    final long onLog;
    final long onLogRelease;

    private Library(Backend backend) {
        raw = backend.raw;
        memory = backend.memory;
        mechanism = backend.name;
        onDone = raw.polyai_done_callback(Upcalls::done);
        onCheck = raw.polyai_check_callback(Upcalls::check);
        onLog = raw.polyai_log_callback((id, level, line, length) -> Upcalls.log(this, id, level, line, length));
        onLogRelease = raw.polyai_release_callback(Upcalls::released);
    }

    /**
     * The library, loaded if it is not yet.
     *
     * @throws NativeLibraryException it cannot be used
     */
    static Library get() {
        Library library = loaded;
        return library == null ? load() : library;
    }

    private static synchronized Library load() {
        if (loaded == null) {
            loaded = new Library(find());
        }
        return loaded;
    }

    private static Backend find() {
        List<String> tried = new ArrayList<>();
        String named = System.getProperty("polyai.library");
        if (named != null) {
            return attempt(named, "-Dpolyai.library=" + named, tried, true);
        }
        Backend backend = null;
        try (Packaged packaged = Packaged.find(tried)) {
            for (Path file : packaged) {
                backend = attempt(file.toString(), "the library of the jar, at " + file, tried, false);
                if (backend != null) {
                    return backend;
                }
            }
        }
        return attempt(SYSTEM_NAME, SYSTEM_NAME + " where the system's loader looks", tried, true);
    }

    private static Backend attempt(String library, String what, List<String> tried, boolean isLast) {
        try {
            return Backend.load(library);
        } catch (LinkageError | RuntimeException problem) {
            tried.add(what + ": " + problem.getMessage());
            if (isLast) {
                throw new NativeLibraryException(explanation(tried), problem);
            }
            return null;
        }
    }

    private static String explanation(List<String> tried) {
        StringBuilder text = new StringBuilder("the native library libpolyai_chat cannot be used on " + Packaged.platform() + ".\n");
        for (String one : tried) {
            text.append("- ").append(one).append('\n');
        }
        return text.append("Right is one of: the artifact ai.polyai:polyai-chat-native with the classifier of this platform beside ")
                .append("polyai-chat, of the same version; the Debian package libpolyai-chat1; or a library that was built from the ")
                .append("sources, named by -Dpolyai.library=/path/to/libpolyai_chat.so").toString();
    }

    /** Refuses a library that has not the ABI of the declarations. */
    static void checkAbi(int oldest, int newest) {
        if (Integer.compareUnsigned(oldest, Raw.ABI) > 0 || Integer.compareUnsigned(newest, Raw.ABI) < 0) {
            throw new UnsatisfiedLinkError(String.format(Locale.ROOT,
                    "it has the ABIs %d to %d, and this jar needs %d: take the library and the jar of one release", oldest, newest, Raw.ABI));
        }
    }

    /** The text of so many bytes, or null where there is none. */
    String text(long address, long length) {
        return address == 0 ? null : new String(memory.get(address, (int) length), StandardCharsets.UTF_8);
    }

    /** The text that ends with a NUL, or null. */
    String text(long address) {
        return address == 0 ? null : text(address, memory.lengthAt(address));
    }
}
