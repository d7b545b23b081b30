// SPDX-License-Identifier: Apache-2.0 OR MIT
import ai.polyai.chat.ChatClient;
import ai.polyai.chat.ChatClientBuilder;
import ai.polyai.chat.ChatException;
import ai.polyai.chat.ChatLibrary;
import ai.polyai.chat.Conversation;
import ai.polyai.chat.ErrorKind;
import ai.polyai.chat.Request;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Prints what the jar of Java exposes, by asking its classes and objects: a line for each name, with what it is and whose it is between tabs. Its
 * argument is the jar.
 */
public final class Names {
    private static final String PACKAGE = "ai/polyai/chat";

    private static void say(String what, String whose, Object name) {
        System.out.println(what + "\t" + whose + "\t" + name);
    }

    public static void main(String[] arguments) throws Exception {
        for (Class<?> each : classes(Path.of(arguments[0]))) {
            ofClass(each);
        }
        ofObjects();
    }

    private static List<Class<?>> classes(Path jar) throws IOException {
        try (FileSystem inside = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), java.util.Map.of());
                Stream<Path> files = Files.list(inside.getPath(PACKAGE))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".class") && !name.startsWith("package-"))
                    .sorted().map(name -> named("ai.polyai.chat." + name.substring(0, name.length() - ".class".length())))
                    .filter(Names::isPublic).collect(Collectors.toList());
        }
    }

    private static boolean isPublic(Class<?> of) {
        return Modifier.isPublic(of.getModifiers()) && (of.getEnclosingClass() == null || isPublic(of.getEnclosingClass()));
    }

    private static Class<?> named(String name) {
        try {
            return Class.forName(name, false, Names.class.getClassLoader());
        } catch (ClassNotFoundException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private static void ofClass(Class<?> of) throws ReflectiveOperationException {
        boolean isFailure = ChatException.class.isAssignableFrom(of) && of != ChatException.class;
        if (!isFailure) {
            say("type", "", of.getSimpleName());
        }
        for (Constructor<?> each : of.getConstructors()) {
            say("member", of.getSimpleName(), "new");
        }
        for (Method method : of.getMethods()) {
            // Not what every object, exception or enum of Java has.
            if (method.getDeclaringClass().getName().startsWith("ai.polyai.") && !method.isSynthetic()
                    && !Stream.of(Object.class.getMethods()).anyMatch(each -> each.getName().equals(method.getName()))) {
                say("member", of.getSimpleName(), method.getName());
            }
        }
        if (of.isEnum()) {
            for (Object member : of.getEnumConstants()) {
                say("number", of.getSimpleName(), member + " = " + of.getMethod("number").invoke(member));
            }
        }
    }

    /** What they say, and the names that they know. */
    private static void ofObjects() throws ReflectiveOperationException {
        for (ErrorKind kind : ErrorKind.values()) {
            Class<?> details = named("ai.polyai.chat.ErrorDetails");
            Constructor<?> make = details.getDeclaredConstructor();
            make.setAccessible(true);
            Method exception = ErrorKind.class.getDeclaredMethod("exception", details);
            exception.setAccessible(true);
            say("exception", kind.name(), exception.invoke(kind, make.newInstance()).getClass().getSimpleName());
        }
        // The text before the request is what is said.
        Conversation.class.getMethod("respond", String.class, Request.class);
        say("argument", "respond", "message");
        say("text", "options", ChatLibrary.optionsJson());
        // Nobody listens at this port of the machine.
        ChatClientBuilder builder = ChatClient.builder().baseUrl("http://127.0.0.1:1").accountId("a").projectId("p").apiKey("k").token("t").maxAttempts(1);
        say("text", "settings", builder.describeJson());
        try (ChatClient client = builder.build()) {
            say("text", "metrics", client.metricsJson());
            try {
                client.create();
            } catch (ChatException problem) {
                say("text", "attempts", problem.attemptsJson());
            }
            try {
                client.create(new Request().field("no_such_name", "1"));
            } catch (ChatException problem) {
                say("text", "field", problem.explanation());
            }
        }
        try {
            ChatClient.builder().option("no_such_name", "1").build();
        } catch (ChatException problem) {
            say("text", "option", problem.explanation());
        }
    }
}
