"""The widget in a page, in a real browser: what a customer sees, and what of it goes to the agent."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import KEY, TOKEN, Customer, Server
from page import PATIENCE, Page
from wire import Wire

GREETING = ("agent", "Hello, this is Acme. How can I help?")
MARKUP = "<img src=x onerror=\"document.title='run'\"><b>bold</b><script>document.title='run'</script>"


def test_a_conversation_from_greeting_to_goodbye(page: Page, server: Server) -> None:
    """With emoji and Arabic; nothing is asked of the server before the widget is opened."""
    assert server.simulator.requests_to("create") == 0
    assert page.command("Network.getAllCookies")["cookies"] == []
    page.open()
    page.say("Where is my order 4711? 😀")
    page.answered("You said: Where is my order 4711? 😀")
    page.say("bye")
    page.until(lambda: "has ended" in page.one(".over").text)
    assert page.transcript() == [
        GREETING,
        ("customer", "Where is my order 4711? 😀"),
        ("agent", "You said: Where is my order 4711? 😀"),
        ("customer", "bye"),
        ("agent", "Goodbye."),
    ]
    assert not page.one("#text").is_displayed()
    page.until(lambda: page.focused() == "begin")
    page.press(Keys.ENTER)
    page.until(lambda: page.transcript() == [GREETING])
    page.until(lambda: page.focused() == "text")
    page.say("again")
    page.answered("You said: again")
    page.one(".end").click()
    page.until(lambda: "You have ended" in page.one(".over").text)
    assert server.heard() == [["Where is my order 4711? 😀", "bye"], ["again"]]
    assert server.simulator.wait_for("close", 1)


def test_the_typing_indicator_stays_while_the_agent_thinks(page: Page, server: Server, customer: Customer) -> None:
    """Over a reload too, and others are answered meanwhile; then the answer comes, once."""
    page.open()
    customer.begin()
    server.agent.hold("Where is my order?")
    page.say("Where is my order?")
    page.until(lambda: "writing" in page.one(".typing").text)
    assert server.agent.held.wait(PATIENCE)
    page.driver.refresh()
    page.ready()
    page.until(lambda: page.transcript() == [GREETING, ("customer", "Where is my order?")])
    page.until(lambda: "writing" in page.one(".typing").text)
    assert customer.say("hello", str(uuid.uuid4())).status_code == 200
    assert "writing" in page.one(".typing").text
    server.agent.release()
    page.answered("You said: Where is my order?")
    page.until(lambda: page.one(".typing").text == "")
    assert page.state() == ""
    assert sorted(server.heard()) == [["Where is my order?"], ["hello"]]


def test_a_handoff_goes_to_a_human_and_back(page: Page, server: Server) -> None:
    """The notice says where to and why; what the human answers appears by itself."""
    page.open()
    page.say("human")
    page.until(lambda: page.said("notice"))
    assert page.said("notice") == ["You are now with our returns desk, as you asked. What you write goes to them."]
    page.answered("Sam from the returns desk here. How can I help?")
    page.say("back")
    page.until(lambda: len(page.said("notice")) == 2)
    page.say("hello")
    page.answered("You said: hello")
    assert server.heard() == [["human", "hello"]]


def test_a_reload_and_another_tab_show_the_same(page: Page, server: Server) -> None:
    """The conversation goes on in each of them, and there is one. Closed, the widget stays closed and keeps it."""
    page.open()
    page.say("one")
    page.answered("You said: one")
    before = page.transcript()
    page.driver.refresh()
    page.ready()
    page.until(lambda: page.transcript() == before)
    assert page.focused() == "body", "a reload leaves the focus to the page"
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.driver.get(page.url + "/shop/")
    page.ready()
    page.one(".launcher").click()
    page.until(lambda: page.transcript() == before)
    page.say("two")
    page.answered("You said: two")
    after = page.transcript()
    page.driver.close()
    page.driver.switch_to.window(first)
    page.driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    page.until(lambda: page.transcript() == after)
    page.one(".close").click()
    page.driver.refresh()
    page.ready()
    assert not page.one(".panel").is_displayed()
    page.one(".launcher").click()
    page.until(lambda: page.transcript() == after)
    assert server.heard() == [["one", "two"]]


def test_nobody_finds_it_in_a_browser_that_is_new(page: Page, server: Server) -> None:
    """Without the cookie there is another conversation."""
    page.open()
    page.say("my secret")
    page.answered("You said: my secret")
    page.command("Network.clearBrowserCookies")
    page.driver.refresh()
    page.ready()
    page.until(lambda: page.transcript() == [GREETING])
    assert server.heard() == [["my secret"], []]


def test_sending_twice_says_it_once(page: Page, server: Server) -> None:
    """Enter twice, Enter held down, a double click, and a click on nothing."""
    page.open()
    field = page.one("#text")
    field.send_keys("one", Keys.ENTER, Keys.ENTER)
    page.answered("You said: one")
    field.send_keys("two")
    ActionChains(page.driver).double_click(page.one(".send")).perform()
    page.answered("You said: two")
    field.send_keys("three")
    for is_repeated in (False, True, True):
        page.command(
            "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", autoRepeat=is_repeated, text="\r"
        )
    page.answered("You said: three")
    field.send_keys("  \n ")
    page.one(".send").click()
    page.say("four")
    page.answered("You said: four")
    assert server.heard() == [["one", "two", "three", "four"]]


def test_shift_and_enter_is_a_new_line_and_an_input_method_may_use_enter(page: Page, server: Server) -> None:
    """Neither sends."""
    page.open()
    field = page.one("#text")
    field.send_keys("one", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two")
    composing = (
        "arguments[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    page.driver.execute_script(composing, field)
    page.driver.execute_script("arguments[0].value += ' \\ud83d'", field)  # half of a character
    field.send_keys(Keys.ENTER)
    page.answered("You said: one\ntwo \ufffd")
    assert server.heard() == [["one\ntwo \ufffd"]]


def test_words_are_shown_and_never_run(page: Page) -> None:
    """What the customer and what the agent say; the heading of the page's author too."""
    page.open()
    page.say(MARKUP)
    page.answered(f"You said: {MARKUP}")
    page.say("markup")
    page.answered(MARKUP)
    assert page.all(".log :is(img, b, script)") == []
    assert page.driver.title == "Acme outdoor shop"
    page.driver.refresh()
    page.ready()
    page.until(lambda: MARKUP in page.said("agent"))
    assert page.all(".log :is(img, b, script)") == []


def test_each_line_has_the_direction_of_its_own_writing(page: Page) -> None:
    """And on a page from right to left, the widget stands on the other side."""
    page.open()
    page.say("arabic")
    page.answered("مرحبا، طلبك رقم 4711 في الطريق 🚚")
    page.say("مرحبا")
    page.answered("You said: مرحبا")
    script = "return [...arguments[0].querySelectorAll('.text')].map(text => text.matches(':dir(rtl)'))"
    assert page.driver.execute_script(script, page.one(".log")) == [False, False, True, True, False]
    assert page.one(".panel").rect["x"] > 640
    page.driver.execute_script("document.documentElement.dir = 'rtl'")
    assert page.one(".panel").rect["x"] < 100


def test_neither_style_reaches_the_other(page: Page) -> None:
    """A page with the rudest styles, and a widget that leaves the page as it is."""
    styles = """
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`
            * { color: red !important; font: 40px cursive !important; text-transform: uppercase !important }
            * { letter-spacing: 9px !important; text-align: right !important }
            .text, .panel, dialog { display: none }
        `);
        document.adoptedStyleSheets = [sheet];
    """
    look = """
        const look = getComputedStyle(arguments[0]);
        return [look.color, look.fontSize, look.textTransform, look.letterSpacing, look.display, look.visibility];
    """
    page.open()
    line = page.one(".agent .text")
    before = page.driver.execute_script(look, line)
    button = page.driver.find_element(By.ID, "track")
    page.driver.execute_script(styles)
    assert page.driver.execute_script(look, line) == before
    page.driver.execute_script("document.adoptedStyleSheets = []")
    with_widget = page.driver.execute_script(look, button)
    page.driver.execute_script("document.querySelector('polyai-chat-widget').remove()")
    assert page.driver.execute_script(look, button) == with_widget


# When the network or the agent fails.


def test_without_a_network_a_sentence_waits(page: Page, server: Server) -> None:
    """Over a reload too; it goes out by itself, once."""
    page.open()
    page.offline(True)
    page.say("Cancel my order")
    page.until(lambda: "No connection" in page.state())
    page.say("Please")
    assert server.heard() == [[]]
    page.offline(False)
    page.answered("You said: Please")
    assert page.state(0) == page.state(1) == ""
    assert page.transcript()[1:] == [
        ("customer", "Cancel my order"),
        ("agent", "You said: Cancel my order"),
        ("customer", "Please"),
        ("agent", "You said: Please"),
    ]
    assert server.heard() == [["Cancel my order", "Please"]]


def test_an_answer_that_is_lost_on_its_way_is_fetched_again(
    server: Server, chromium: webdriver.Chrome, wire: Wire
) -> None:
    """The request had arrived: the sentence is not said again. Nor is the conversation begun twice."""
    wire.lead_to(server.url)
    page = Page(chromium, wire.url)
    wire.loses_answers = True
    page.one(".launcher").click()
    page.until(lambda: "No connection" in page.one(".trouble").text)
    assert wire.lost.wait(20)
    wire.loses_answers = False
    page.until(lambda: page.transcript() == [GREETING])
    wire.loses_answers = True
    page.say("Cancel my order")
    page.until(lambda: "No connection" in page.state())
    wire.loses_answers = False
    page.driver.refresh()
    page.ready()
    page.answered("You said: Cancel my order")
    assert server.simulator.requests_to("create") == 1
    assert server.heard() == [["Cancel my order"]]


def test_a_sentence_that_never_left_survives_a_reload(server: Server, chromium: webdriver.Chrome, wire: Wire) -> None:
    """It is kept in the tab until the server has it."""
    wire.lead_to(server.url)
    page = Page(chromium, wire.url)
    page.open()
    wire.cut()
    page.say("Cancel my order")
    page.until(lambda: "No connection" in page.state())
    chromium.get("about:blank")  # before there is a connection again
    assert server.heard() == [[]]
    wire.mend()
    chromium.get(wire.url + "/shop/")
    page.ready()
    page.answered("You said: Cancel my order")
    assert server.heard() == [["Cancel my order"]]


@pytest.mark.parametrize(
    ("answer", "words", "may_send_again"),
    [
        ({"status": 503}, "know whether this arrived.", False),
        ({"status": 401}, "Not sent. The agent cannot be reached.", True),
        (
            {"status": 429, "retry_after": {"seconds": 60}},
            "Not sent. The agent is busy. Please try again in 60 s.",
            True,
        ),
        ({"status": 422}, "Not sent. The agent cannot take this message.", False),
    ],
)
def test_the_customer_is_told_what_became_of_it(
    page: Page, server: Server, answer: dict[str, Any], words: str, may_send_again: bool
) -> None:
    """With a button where sending again is safe and of use; the focus stays in the conversation."""
    page.open()
    server.simulator.fail({"answer": answer}, {"operation": "respond", "times": 1})
    page.say("Cancel my order")
    page.until(lambda: words in page.state())
    buttons = page.all(".again")
    assert bool(buttons) is may_send_again
    for button in buttons:
        button.send_keys(Keys.ENTER)
        page.answered("You said: Cancel my order")
        assert page.state() == ""
        assert page.focused() == "log"
    page.say("And now?")
    page.answered("You said: And now?")
    assert server.heard() == [["Cancel my order", "And now?"] if may_send_again else ["And now?"]]


def test_an_agent_that_is_gone_and_comes_back(page: Page, server: Server) -> None:
    """No conversation can begin: that is said, and can be tried again."""
    server.simulator.fail({"answer": {"status": 503}}, {"operation": "create", "times": 1})
    page.one(".launcher").click()
    page.until(lambda: "cannot be reached" in page.one(".trouble").text)
    assert not page.one(".send").is_enabled()
    page.one(".begin").click()
    page.until(lambda: page.transcript() == [GREETING])
    assert page.one(".trouble").text == ""
    assert not page.one(".over").is_displayed()


def test_a_conversation_that_had_ended(page: Page, server: Server) -> None:
    """By the service: the sentence is said in a new one. By another tab: it is kept for the next one."""
    page.open()
    server.simulator.end_conversation(server.conversation_id())
    page.say("Still there?")
    page.answered("You said: Still there?")
    assert page.said("notice") == ["The conversation before had ended. This is a new one."]
    # Ended where this page has not looked.
    end = """
        const headers = {'Content-Type': 'application/json'};
        return fetch('/chat/end', {method: 'POST', headers, body: '{"number": 1}'});
    """
    page.driver.execute_script(end)
    page.say("One more thing")
    page.until(lambda: "had ended before" in page.state())
    page.one(".begin").click()
    page.until(lambda: page.transcript() == [GREETING])
    page.until(lambda: page.one("#text").get_attribute("value") == "One more thing")
    page.press(Keys.ENTER)
    page.answered("You said: One more thing")
    assert server.heard() == [[], ["Still there?"], ["One more thing"]]


def test_a_browser_that_the_server_has_forgotten_begins_anew(page: Page, server: Server) -> None:
    """The cookie is gone while the page is open."""
    page.open()
    page.command("Network.clearBrowserCookies")
    page.say("hello?")
    page.until(lambda: "no longer there" in page.one(".over").text)
    page.one(".begin").click()
    page.until(lambda: page.transcript() == [GREETING])
    page.until(lambda: page.one("#text").get_attribute("value") == "hello?")
    page.press(Keys.ENTER)
    page.answered("You said: hello?")
    assert server.heard() == [[], ["hello?"]]


# What the browser gets.


def test_no_key_ever_reaches_the_browser(page: Page, server: Server) -> None:
    """Looked for in everything that came over the network, in the page, in its storage and in its cookies."""
    page.log("performance")
    page.driver.refresh()
    page.ready()
    page.open()
    page.say("human")
    page.answered("Sam from the returns desk here. How can I help?")
    page.say("back")
    page.until(lambda: len(page.said("notice")) == 2)
    leak = {"status": 401, "body": {"text": f"{KEY} {TOKEN}"}, "headers": [f"X-Echo: {KEY} {TOKEN}"]}
    server.simulator.fail({"answer": leak}, {"operation": "respond", "times": 1})
    page.say("hello")
    page.until(lambda: "Not sent" in page.state())

    events = [json.loads(entry["message"])["message"] for entry in page.log("performance")]
    seen = [json.dumps(events), page.driver.page_source, page.driver.execute_script("return document.cookie")]
    finished = [event["params"]["requestId"] for event in events if event["method"] == "Network.loadingFinished"]
    bodies = [page.command("Network.getResponseBody", requestId=request)["body"] for request in finished]
    assert len(bodies) >= 10
    assert any("You are now with our returns desk" in body for body in bodies)
    seen += bodies
    seen.append(page.driver.execute_script("return JSON.stringify([{...localStorage}, {...sessionStorage}])"))
    seen.append(page.driver.execute_script("return document.querySelector('polyai-chat-widget').shadowRoot.innerHTML"))
    seen.append(json.dumps(page.command("Network.getAllCookies")))
    for secret in (KEY, TOKEN, "X-API-KEY", "simulator-account", "desk.internal", server.simulator.url):
        for text in seen:
            assert secret not in text
    assert seen[2] == "", "no script can read the cookie"


class Shop(SimpleHTTPRequestHandler):
    """Another server's page, with the one line that brings the widget, and a strict policy."""

    def do_GET(self) -> None:
        chat = f"http://chat.shop.localhost:{self.server.chat_port}"  # type: ignore[attr-defined]
        page = (
            f'<!doctype html><title>Shop</title><script type="module" src="{chat}/widget/widget.js"></script><p>A shop'
        )
        policy = f"default-src 'none'; script-src {chat}; connect-src {chat}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def shop() -> Iterator[ThreadingHTTPServer]:
    """The shop's server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_one_line_brings_it_into_the_page_of_another_server(
    own_server: Any, shop: ThreadingHTTPServer, chromium: webdriver.Chrome
) -> None:
    """Of the same site, and only if that is allowed. The page's policy needs the script and the connection."""
    origin = f"http://www.shop.localhost:{shop.server_port}"
    server = own_server(app="webchat.app:make_app", WEBCHAT_ORIGINS=origin)
    shop.chat_port = server.port  # type: ignore[attr-defined]
    page = Page(chromium, origin, path="/")
    page.complaints()
    page.open()
    page.say("hello")
    page.answered("You said: hello")
    page.driver.refresh()
    page.ready()
    page.until(lambda: page.transcript() == [GREETING, ("customer", "hello"), ("agent", "You said: hello")])
    assert [text for text in page.complaints() if "favicon" not in text] == []

    chromium.get(f"http://other.shop.localhost:{shop.server_port}/")
    page.until(lambda: [text for text in page.complaints() if "CORS" in text])
    assert chromium.find_elements(By.CSS_SELECTOR, "polyai-chat-widget") == []
    assert server.heard() == [["hello"]]
