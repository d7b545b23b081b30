// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import ai.polyai.chat.ChatClient;
import ai.polyai.chat.ConfigurationException;
import ai.polyai.chat.NativeLibraryException;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the pages until it is told to stop, and prints where. */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);
    private static final int MOST_FORM_BYTES = 20_000;
    private static final Duration PAGES_END_WITHIN = Duration.ofSeconds(5);
    private static final Duration CALLS_END_WITHIN = Duration.ofSeconds(5);

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        try {
            Settings settings = Settings.of(System.getenv());
            ChatClient client = ChatClient.fromEnvironment();
            Calls calls = new Calls(client, settings.mostCalls(), settings.idle());
            Server server = server(settings, calls);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server, calls, client), "end"));
            server.start();
            System.out.println("http://" + settings.address() + ":" + ((ServerConnector) server.getConnectors()[0]).getLocalPort() + "/call");
            server.join();
        } catch (ConfigurationException | NativeLibraryException | IllegalArgumentException problem) {
            System.err.println(problem.getMessage());
            System.exit(1);
        }
    }

    private static Server server(Settings settings, Calls calls) {
        Server server = new Server(new InetSocketAddress(settings.address(), settings.port()));
        ServletContextHandler context = new ServletContextHandler();
        context.setMaxFormContentSize(MOST_FORM_BYTES);
        context.setMaxFormKeys(20);
        context.addServlet(new ServletHolder(new VoiceServlet(settings, calls)), "/*");
        server.setHandler(context);
        // What runs has its time to end; a turn that goes on then is cancelled.
        server.setStopTimeout(PAGES_END_WITHIN.toMillis());
        return server;
    }

    /** When the program is told to stop: first the pages, which begin calls, then the calls, then what they need. */
    private static void end(Server server, Calls calls, ChatClient client) {
        try {
            server.stop();
        } catch (Exception problem) {
            LOG.warn("The server did not stop in good order", problem);
        }
        try {
            calls.endAll(CALLS_END_WITHIN);
        } catch (InterruptedException none) {
            Thread.currentThread().interrupt();
        }
        client.close();
    }
}
