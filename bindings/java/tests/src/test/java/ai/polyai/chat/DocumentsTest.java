// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.polyai.chat.testing.PolyAiSimulator;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the Java of the guide and of the registry's page. */
@EnabledIfSystemProperty(named = "polyai.documents", matches = ".+")
public class DocumentsTest {
    private static final Pattern JAVA = Pattern.compile("^```java\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern CLASS = Pattern.compile("^public class (\\w+)", Pattern.MULTILINE);

    @RegisterExtension
    static final PolyAiSimulator simulator = new PolyAiSimulator();

    @TempDir
    static Path scratch;

    @TestFactory
    List<DynamicTest> examples() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        Path root = Path.of(System.getProperty("polyai.documents"));
        for (String document : new String[] {"docs/java.md", "bindings/java/README.md"}) {
            Matcher blocks = JAVA.matcher(Files.readString(root.resolve(document)));
            while (blocks.find()) {
                String code = blocks.group(1);
                int number = tests.size();
                tests.add(DynamicTest.dynamicTest(document + ": " + code.lines().findFirst().orElseThrow(), () -> run(code, number)));
            }
        }
        assertTrue(tests.size() > 8, "there are examples");
        return tests;
    }

    private static void run(String code, int number) throws Exception {
        Matcher named = CLASS.matcher(code);
        String name = named.find() ? named.group(1) : "Example" + number;
        // The environment of this process cannot be changed.
        String reached = code.replace("ChatClient.fromEnvironment()", "ai.polyai.chat.DocumentsTest.client()")
                .replace(".environment()", ".baseUrl(ai.polyai.chat.DocumentsTest.url()).option(\"allow_plain_http\", true)"
                        + ".apiKey(\"simulator-key\").token(\"simulator-token\").accountId(\"a\").projectId(\"p\")");
        String source = named.reset().find() ? reached : "import ai.polyai.chat.*;\nimport java.time.*;\nimport java.util.concurrent.*;\n"
                + "public class " + name + " {\nstatic void say(String text) {}\n"
                + (code.contains("ChatClient client =")
                        ? "public static void run(ChatClient ignored, Conversation either) throws Exception {\n"
                        : "public static void run(ChatClient client, Conversation conversation) throws Exception {\n")
                + reached + "}\n}\n";
        Path folder = Files.createDirectory(scratch.resolve("example" + number));
        Path file = Files.writeString(folder.resolve(name + ".java"), source);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        boolean isCompiled = compiler.getTask(said, null, null,
                List.of("-Xlint:all,-try,-classfile,-processing", "-Werror", "-proc:none", "-d", folder.toString(), "-cp", System.getProperty("java.class.path")),
                null, compiler.getStandardFileManager(null, null, null).getJavaFileObjects(file.toFile())).call();
        assertTrue(isCompiled, said + "\n" + source);
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, DocumentsTest.class.getClassLoader());
                ChatClient client = client(); Conversation conversation = client.create()) {
            Class<?> example = loader.loadClass(name);
            if (!source.equals(reached)) {
                example.getMethod("run", ChatClient.class, Conversation.class).invoke(null, client, conversation);
            } else if (name.equals("Example")) {
                example.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            } else {
                assertEquals("OrderTest", name, "it is only compiled");
            }
        }
    }

    /** What the examples reach in place of the service. */
    public static ChatClient client() {
        return simulator.client().build();
    }

    /** Where it is. */
    public static String url() {
        return simulator.url();
    }
}
