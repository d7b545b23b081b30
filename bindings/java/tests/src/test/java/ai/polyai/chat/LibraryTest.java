// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the native library is found. Each class loader finds it anew. */
class LibraryTest {
    private static final String[] PROPERTIES = {
        "polyai.library", "polyai.library.folder", "java.io.tmpdir", "user.home", "jna.tmpdir", "jna.nounpack", "jna.boot.library.path",
    };

    private final Map<String, String> before = new HashMap<>();
    @TempDir
    Path empty;

    private void set(String property, String value) {
        if (value == null) {
            System.clearProperty(property);
        } else {
            System.setProperty(property, value);
        }
    }

    @BeforeEach
    void remember() {
        for (String property : List.of(PROPERTIES)) {
            before.put(property, System.getProperty(property));
        }
    }

    @AfterEach
    void restore() {
        before.forEach(this::set);
    }

    /** Asks for the version with classes of its own, and the jar of the library beside them where it is wanted. */
    private static String version(String... more) throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(new File(path).toURI().toURL());
        }
        for (String path : more) {
            urls.add(new File(path).toURI().toURL());
        }
        URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
        Class<?> library = loader.loadClass("ai.polyai.chat.ChatLibrary");
        assertNotSame(ChatLibrary.class, library);
        try {
            return (String) library.getMethod("version").invoke(null);
        } catch (InvocationTargetException thrown) {
            assertEquals("ai.polyai.chat.NativeLibraryException", thrown.getCause().getClass().getName());
            throw new IllegalStateException(thrown.getCause().getMessage());
        }
    }

    private String problem(String... more) {
        return assertThrows(IllegalStateException.class, () -> version(more)).getMessage();
    }

    @Test
    void twoClassLoadersUseItAtOnce() throws Exception {
        assertEquals("0.1.0", ChatLibrary.version());
        assertEquals("0.1.0", version());
        assertEquals("0.1.0", version());
    }

    @Test
    void aMissingOneIsSaidWithWhatToInstall() {
        set("polyai.library", empty.resolve("libpolyai_chat.so").toString());
        String problem = problem();
        assertTrue(problem.contains("-Dpolyai.library=" + empty) && problem.contains("polyai-chat-native"), problem);
    }

    @Test
    void anotherLibraryIsRefused() {
        set("polyai.library", System.getProperty("polyai.tests.other"));
        String problem = problem();
        assertTrue(problem.contains("polyai_abi_oldest"), problem);
    }

    @Test
    void aLibraryOfAnotherAbiIsRefused() {
        set("polyai.library", System.getProperty("polyai.tests.newer"));
        String problem = problem();
        assertTrue(problem.contains("it has the ABIs 7 to 9, and this jar needs " + Raw.ABI), problem);
    }

    @Test
    void theOneOfTheJarIsUsedAndLeavesNoFile() throws Exception {
        set("polyai.library", null);
        set("polyai.library.folder", empty.toString());
        assertEquals("0.1.0", version(System.getProperty("polyai.tests.native")));
        try (Stream<Path> left = Files.list(empty)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aFolderThatCannotBeWrittenToIsNotTheEnd() throws Exception {
        set("polyai.library", null);
        set("java.io.tmpdir", empty.resolve("missing").toString());
        set("user.home", empty.toString());
        Files.createDirectory(empty.resolve(".cache"));
        set("jna.tmpdir", before.get("java.io.tmpdir"));
        assertEquals("0.1.0", version(System.getProperty("polyai.tests.native")));
    }

    @Test
    void nothingIsUnpackedWhereThatIsRefused() {
        set("polyai.library", null);
        set("polyai.library.folder", "");
        String problem = problem(System.getProperty("polyai.tests.native"));
        assertTrue(problem.contains("not unpacked") && problem.contains("libpolyai_chat.so.1 where the system's loader looks"), problem);
        set("polyai.library.folder", null);
        problem = problem();
        assertTrue(problem.contains("no module that is used, has linux-x86-64/libpolyai_chat.so"), problem);
    }

    @Test
    void jnaNeedsNoTemporaryFolderWhereItsPartIsNamed() throws Exception {
        assumeTrue(ChatLibrary.mechanism().equals("JNA"));
        set("polyai.library", before.get("polyai.library"));
        set("jna.nounpack", "true");
        String problem = problem();
        assertTrue(problem.contains("-Djna.boot.library.path"), problem);
        try (InputStream part = LibraryTest.class.getResourceAsStream("/com/sun/jna/linux-x86-64/libjnidispatch.so")) {
            Files.copy(part, empty.resolve("libjnidispatch.so"));
        }
        set("jna.boot.library.path", empty.toString());
        assertEquals("0.1.0", version());
    }
}
