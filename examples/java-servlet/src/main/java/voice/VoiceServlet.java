// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import ai.polyai.chat.ChatException;
import ai.polyai.chat.Reply;
import ai.polyai.chat.Turn;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages of a call. A host begins with {@code /call}, posts what it has recognised to {@code /turn}, and tells {@code /hangup} that the caller
 * has gone.
 */
public final class VoiceServlet extends HttpServlet {
    private static final Logger LOG = LoggerFactory.getLogger(VoiceServlet.class);
    private static final String TO_A_COLLEAGUE = "I am sorry, something went wrong. I am putting you through to a colleague.";
    private static final int MOST_SAID = 2_000;
    private static final int MOST_NAME = 200;

    private final transient Settings settings;
    private final transient Calls calls;

    VoiceServlet(Settings settings, Calls calls) {
        this.settings = settings;
        this.calls = calls;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        switch (String.valueOf(request.getPathInfo())) {
            case "/call" -> answer(response, begin(request));
            case "/hold.wav" -> {
                response.setContentType("audio/wav");
                response.setHeader("Cache-Control", "max-age=86400");
                response.getOutputStream().write(Silence.WAV);
            }
            default -> response.sendError(HttpServletResponse.SC_NOT_FOUND);
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        request.setCharacterEncoding(StandardCharsets.UTF_8.name());
        switch (String.valueOf(request.getPathInfo())) {
            case "/call" -> answer(response, begin(request));
            case "/turn" -> answer(response, turn(request));
            case "/hangup" -> {
                Call call = calls.find(request.getParameter("call"));
                if (call != null) {
                    calls.end(call);
                }
                answer(response, Page.end(settings, ""));
            }
            default -> response.sendError(HttpServletResponse.SC_NOT_FOUND);
        }
    }

    /** A page is of one moment: nothing may keep it. */
    private static void answer(HttpServletResponse response, String page) throws IOException {
        response.setHeader("Cache-Control", "no-store");
        response.setContentType("application/voicexml+xml;charset=UTF-8");
        response.getOutputStream().write(page.getBytes(StandardCharsets.UTF_8));
    }

    private String begin(HttpServletRequest request) {
        try {
            String caller = request.getParameter("caller");
            Call call = calls.begin(caller == null ? "" : bounded(caller, MOST_NAME));
            if (call == null) {
                LOG.warn("There are {} calls already: one more goes to a colleague", settings.mostCalls());
                return Page.transfer(settings, settings.defaultDesk(), "", "I am putting you through to a colleague.");
            }
            return Page.listen(settings, call.key, 0, call.greeting());
        } catch (ChatException problem) {
            LOG.warn("No conversation: {}", problem.getMessage());
            return Page.transfer(settings, settings.defaultDesk(), "", TO_A_COLLEAGUE);
        }
    }

    private String turn(HttpServletRequest request) {
        Call call = calls.find(request.getParameter("call"));
        if (call == null) {
            return Page.end(settings, "This call is over. Please call again.");
        }
        int number = number(request.getParameter("number"));
        String said = request.getParameter("said");
        try {
            Turn<Reply> turn = call.say(number, said == null ? null : bounded(said, MOST_SAID));
            if (turn == null) {
                // An old page, whose answer was given.
                return Page.end(settings, "This call has gone on elsewhere.");
            }
            return turn.await(settings.fillerAfter()) ? replied(call, number, turn.result())
                    : Page.wait(settings, call.key, number, "One moment, please.");
        } catch (ChatException problem) {
            LOG.warn("A turn failed: {}", problem.getMessage());
            calls.end(call);
            return Page.transfer(settings, settings.defaultDesk(), call.conversationId(), TO_A_COLLEAGUE);
        }
    }

    private String replied(Call call, int number, Reply reply) {
        if (reply.handoff().isPresent()) {
            String destination = reply.handoff().get().destination().orElse("");
            calls.end(call);
            return Page.transfer(settings, settings.desk(destination), call.conversationId(), reply.plainText());
        }
        if (reply.endConversation()) {
            calls.end(call);
            return Page.end(settings, reply.plainText());
        }
        return Page.listen(settings, call.key, number + 1, reply.plainText());
    }

    private static int number(String text) {
        return text != null && text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : -1;
    }

    private static String bounded(String text, int most) {
        return text.length() <= most ? text : text.substring(0, text.offsetByCodePoints(0, Math.min(most, text.codePointCount(0, text.length()))));
    }
}
