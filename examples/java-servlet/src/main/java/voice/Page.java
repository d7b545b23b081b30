// SPDX-License-Identifier: Apache-2.0 OR MIT
package voice;

import java.io.StringWriter;
import java.util.List;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** A page of VoiceXML 2.1. It holds the words of others as text alone: bounded, and without the characters that XML does not allow. */
final class Page {
    /** Some minutes of speech. */
    static final int MOST_CHARACTERS = 4_000;
    private static final String PLAIN_ID = "[A-Za-z0-9._-]{1,100}";
    private static final XMLOutputFactory FACTORY = XMLOutputFactory.newFactory();

    private final StringWriter written = new StringWriter();
    private final XMLStreamWriter xml;
    private final String language;

    private interface Content {
        void write() throws XMLStreamException;
    }

    private Page(String language) throws XMLStreamException {
        this.language = language;
        xml = FACTORY.createXMLStreamWriter(written);
    }

    /** Says something, listens, and posts what was recognised, or that there was nothing, to `turn`. */
    static String listen(Settings settings, String call, int number, String words) {
        return write(settings, page -> page.element("form", List.of("id", "listen"), () -> {
            page.variables(call, number);
            page.element("field", List.of("name", "said"), () -> {
                page.element("grammar", List.of("src", settings.grammar()), () -> {});
                page.prompt(words);
                page.element("noinput", List.of(), () -> page.submit("turn", "call number"));
                page.element("nomatch", List.of(), () -> page.submit("turn", "call number"));
                page.element("filled", List.of(), () -> page.submit("turn", "call number said"));
            });
            page.hangUp();
        }));
    }

    /** Says something while the agent thinks, and asks again. */
    static String wait(Settings settings, String call, int number, String words) {
        return write(settings, page -> page.element("form", List.of("id", "wait"), () -> {
            page.variables(call, number);
            page.element("block", List.of(), () -> {
                page.prompt(words);
                page.submit("turn", "call number");
            });
            page.hangUp();
        }));
    }

    /** Says something, and puts the caller through. The id of the conversation goes along, for whoever takes the call: in a header of SIP, so one
     * that could be anything else there stays behind. */
    static String transfer(Settings settings, String destination, String conversationId, String words) {
        return write(settings, page -> page.element("form", List.of("id", "transfer"), () -> {
            page.element("block", List.of(), () -> page.prompt(words));
            String id = conversationId.matches(PLAIN_ID) ? conversationId : "";
            List<String> where = List.of("name", "through", "type", "blind", "dest", destination, "aai", id);
            page.element("transfer", where, () -> page.element("filled", List.of(), () -> {
                page.prompt("Nobody can take your call now. Please call again later.");
                page.element("disconnect", List.of(), () -> {});
            }));
        }));
    }

    /** Says something, and hangs up. */
    static String end(Settings settings, String words) {
        return write(settings, page -> page.element("form", List.of("id", "end"), () -> page.element("block", List.of(), () -> {
            page.prompt(words);
            page.element("disconnect", List.of(), () -> {});
        })));
    }

    private interface Writing {
        void to(Page page) throws XMLStreamException;
    }

    private static String write(Settings settings, Writing content) {
        try {
            Page page = new Page(settings.language());
            page.xml.writeStartDocument("UTF-8", "1.0");
            page.element("vxml", List.of("version", "2.1", "xmlns", "http://www.w3.org/2001/vxml", "xml:lang", page.language), () -> content.to(page));
            page.xml.writeEndDocument();
            page.xml.close();
            return page.written.toString();
        } catch (XMLStreamException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Attributes are names and values in turn. */
    private void element(String name, List<String> attributes, Content content) throws XMLStreamException {
        xml.writeStartElement(name);
        for (int i = 0; i < attributes.size(); i += 2) {
            xml.writeAttribute(attributes.get(i), spoken(attributes.get(i + 1)));
        }
        content.write();
        xml.writeEndElement();
    }

    /** Both are of this program: an expression is no place for the words of others. */
    private void variables(String call, int number) throws XMLStreamException {
        element("var", List.of("name", "call", "expr", "'" + call + "'"), () -> {});
        element("var", List.of("name", "number", "expr", Integer.toString(number)), () -> {});
    }

    private void prompt(String words) throws XMLStreamException {
        element("prompt", List.of(), () -> xml.writeCharacters(spoken(words)));
    }

    /** With `fetchaudio` the host plays what was said before while it waits for the next page, and not only after it. */
    private void submit(String next, String names) throws XMLStreamException {
        element("submit", List.of("next", next, "method", "post", "namelist", names, "fetchaudio", "hold.wav", "fetchtimeout", "60s"), () -> {});
    }

    private void hangUp() throws XMLStreamException {
        element("catch", List.of("event", "connection.disconnect"), () ->
                element("submit", List.of("next", "hangup", "method", "post", "namelist", "call"), () -> {}));
    }

    /** A text as XML 1.0 can hold it, on one line, and not without end. */
    static String spoken(String text) {
        StringBuilder kept = new StringBuilder();
        text.codePoints().map(each -> each < ' ' || each == 0x7F ? ' ' : each).filter(Page::isOfXml).limit(MOST_CHARACTERS).forEach(kept::appendCodePoint);
        return kept.toString();
    }

    private static boolean isOfXml(int character) {
        return character <= 0xD7FF || character >= 0xE000 && character <= 0xFFFD || character >= 0x1_0000;
    }
}
