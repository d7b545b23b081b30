// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that is a module, on the module path, in a Java of its own. */
class ModulesTest extends Simulated {
    private static final boolean IS_JNA = ChatLibrary.mechanism().equals("JNA");

    @TempDir
    Path scratch;
    private Path program;

    /** The jars that a program has. Maven has made them before it tests. */
    private static String jars(String... names) {
        String all = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> Stream.of(names).anyMatch(name -> new File(path).getName().matches(name + "-[0-9].*\\.jar")))
                .collect(Collectors.joining(File.pathSeparator));
        assertEquals(names.length, all.split(File.pathSeparator).length, all);
        return all;
    }

    @BeforeEach
    void compile() throws Exception {
        Path source = Files.createDirectories(scratch.resolve("source"));
        program = scratch.resolve("program");
        List<Path> files = new ArrayList<>();
        files.add(Files.writeString(source.resolve("module-info.java"), "module desk {\n    requires ai.polyai.chat;\n}\n"));
        files.add(Files.writeString(Files.createDirectory(source.resolve("desk")).resolve("Main.java"), String.join("\n",
                "package desk;",
                "import ai.polyai.chat.*;",
                "public class Main {",
                "    public static void main(String[] given) throws Exception {",
                "        ChatClientBuilder options = ChatClient.builder().baseUrl(given[0]).option(\"allow_plain_http\", true)",
                "                .apiKey(\"simulator-key\").token(\"simulator-token\").accountId(\"simulator-account\").projectId(\"simulator-project\");",
                "        try (ChatClient client = options.build(); Conversation talk = client.create()) {",
                "            System.out.println(talk.respond(\"hello\").response());",
                "            System.out.println(talk.respondAsync(\"again\").join().response());",
                "            System.out.println(ChatClient.class.getModule() + \", \" + ChatLibrary.mechanism());",
                "        }",
                "    }",
                "}", "")));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            assertTrue(compiler.getTask(null, manager, null,
                    List.of("-proc:none", "-d", program.toString(), "--module-path", jars("polyai-chat", "slf4j-api")),
                    null, manager.getJavaFileObjectsFromPaths(files)).call());
        }
    }

    /** What a run of it has written. */
    private List<String> output(String jars, String... options) throws Exception {
        Path written = scratch.resolve("written");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--module-path", String.join(File.pathSeparator, program.toString(), jars, System.getProperty("polyai.tests.native")),
                "-Dpolyai.mechanism=" + System.getProperty("polyai.mechanism", "")));
        command.addAll(List.of(options));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ai.polyai.chat" + (IS_JNA ? ",com.sun.jna" : ""));
            command.add("--illegal-native-access=deny");
        }
        command.addAll(List.of("--module", "desk/desk.Main", simulator.url()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(written.toFile()).start();
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> "it has not ended: " + command);
        } finally {
            process.destroyForcibly();
        }
        return Files.readAllLines(written);
    }

    @Test
    void aModuleHoldsAConversation() throws Exception {
        List<String> lines = IS_JNA
                ? output(jars("polyai-chat", "slf4j-api", "jna"), "--add-modules", "com.sun.jna")
                : output(jars("polyai-chat", "slf4j-api"), "--add-modules", "ai.polyai.chat.library.linux.x86_64");
        assertTrue(lines.contains("You said: hello") && lines.contains("You said: again"), lines.toString());
        assertTrue(lines.contains("module ai.polyai.chat, " + ChatLibrary.mechanism()), lines.toString());
    }

    @Test
    void whatIsMissingAmongTheModulesIsSaid() throws Exception {
        String said = String.join("\n", output(jars("polyai-chat", "slf4j-api"), "-Dpolyai.library="
                + (IS_JNA ? System.getProperty("polyai.library") : "")));
        assertTrue(said.contains(IS_JNA ? "--add-modules com.sun.jna" : "NativeLibraryException"), said);
    }
}
