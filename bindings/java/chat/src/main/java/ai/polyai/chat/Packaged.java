// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * The native library that came as a jar, as files that can be loaded. A jar has to be unpacked: into a folder of its own that only this user can
 * read, and which is gone once the library is loaded. The next folder is tried where nothing can be written, or nothing can be run.
 */
final class Packaged implements Iterable<Path>, AutoCloseable {
    private static final String NAME = "libpolyai_chat.so";

    private final List<String> tried;
    private final URL resource;
    private final List<Path> made = new ArrayList<>();

    private Packaged(URL resource, List<String> tried) {
        this.resource = resource;
        this.tried = tried;
    }

    static Packaged find(List<String> tried) {
        String resource = platform() + "/" + NAME;
        // By the class loader: a class that is in a module would look into its own module alone.
        ClassLoader loader = Packaged.class.getClassLoader();
        URL found = loader == null ? ClassLoader.getSystemResource(resource) : loader.getResource(resource);
        if (found == null) {
            tried.add("no jar of the class path, and no module that is used, has " + resource);
        }
        return new Packaged(found, tried);
    }

    /** As the folders of the jar are called. */
    static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch");
        system = system.startsWith("mac") ? "darwin" : system.startsWith("windows") ? "win32" : system;
        processor = processor.equals("amd64") || processor.equals("x86_64") ? "x86-64" : processor;
        return system + "-" + processor;
    }

    @Override
    public Iterator<Path> iterator() {
        List<Path> folders = resource == null ? new ArrayList<>() : folders();
        if (resource != null && resource.getProtocol().equals("file")) {
            return unpacked();
        }
        Iterator<Path> each = folders.iterator();
        return new Iterator<Path>() {
            private Path next;

            @Override
            public boolean hasNext() {
                while (next == null && each.hasNext()) {
                    next = unpack(each.next());
                }
                return next != null;
            }

            @Override
            public Path next() {
                Path given = next;
                next = null;
                return given;
            }
        };
    }

    private Iterator<Path> unpacked() {
        List<Path> file = new ArrayList<>();
        try {
            file.add(Paths.get(resource.toURI()));
        } catch (java.net.URISyntaxException | RuntimeException problem) {
            tried.add(resource + ": " + problem);
        }
        return file.iterator();
    }

    private List<Path> folders() {
        List<Path> folders = new ArrayList<>();
        String wanted = System.getProperty("polyai.library.folder");
        if (wanted != null) {
            if (wanted.isEmpty()) {
                tried.add("the library of the jar is not unpacked, because -Dpolyai.library.folder is empty");
            } else {
                folders.add(Paths.get(wanted));
            }
            return folders;
        }
        folders.add(Paths.get(System.getProperty("java.io.tmpdir")));
        folders.add(Paths.get(System.getProperty("user.home"), ".cache"));
        return folders;
    }

    private Path unpack(Path folder) {
        try (InputStream content = resource.openStream()) {
            Path own = Files.createTempDirectory(folder, "polyai-chat-");
            Path file = own.resolve(NAME);
            made.add(file);
            made.add(own);
            Files.copy(content, file);
            return file;
        } catch (IOException | RuntimeException problem) {
            tried.add("the library of the jar cannot be unpacked into " + folder + ": " + problem);
            return null;
        }
    }

    /** What is loaded stays loaded without its file. */
    @Override
    public void close() {
        for (Path path : made) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException ignored) {
                path.toFile().deleteOnExit();
            }
        }
    }
}
