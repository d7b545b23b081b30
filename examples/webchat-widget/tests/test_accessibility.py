"""The widget for those who use no mouse, hear the page instead of seeing it, enlarge it, or hold it in one hand."""

from __future__ import annotations

import sysconfig
import time
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import Server
from page import Page, named

AXE = Path(sysconfig.get_path("purelib")) / "axe_playwright_python" / "axe.min.js"


@pytest.fixture(scope="session")
def axe() -> str:
    """The checker of pages, axe-core."""
    return AXE.read_text()


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds against WCAG 2.2 AA and good practice, in the widget and around it."""
    page.driver.execute_script(axe)
    script = """
        const done = arguments[arguments.length - 1];
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        axe.run(document, {runOnly: tags}).then(done, error => done({violations: [{id: String(error), nodes: []}]}));
    """
    page.driver.set_script_timeout(30)
    found: dict[str, Any] = page.driver.execute_async_script(script)
    # What axe cannot decide is for a person to see, but a contrast it must be able to decide.
    unsure = [one for one in found.get("incomplete", []) if one["id"] == "color-contrast"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"] + unsure]


def find_nothing(page: Page, axe: str) -> None:
    """Once the page is at rest: of what just moves, axe cannot tell what lies behind it."""
    deadline = time.monotonic() + 30
    while (found := violations(page, axe)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == []


def test_axe_finds_nothing(page: Page, server: Server, axe: str) -> None:
    """Closed, in conversation with everything that a line can be, and over; wide and on a phone."""
    find_nothing(page, axe)
    page.open()
    page.say("hello")
    page.answered("You said: hello")
    for status in (503, 401):
        server.simulator.fail({"answer": {"status": status}}, {"operation": "respond", "times": 1})
        page.say(f"with {status}")
        page.until(lambda: page.state())
    page.say("human")
    page.until(lambda: page.said("notice"))
    page.say("back")
    page.until(lambda: len(page.said("notice")) == 2)
    server.agent.hold("wait")
    page.say("wait")
    page.until(lambda: "writing" in page.one(".typing").text)
    much = "arguments[0].value = 'x'.repeat(3900); arguments[0].dispatchEvent(new Event('input'))"
    page.driver.execute_script(much, page.one("#text"))
    page.until(lambda: "100 characters left" in page.one(".counter").text)
    page.until(lambda: page.one(".panel").value_of_css_property("opacity") == "1")
    find_nothing(page, axe)
    phone(page)
    find_nothing(page, axe)
    server.agent.release()
    page.answered("You said: wait")
    page.one(".end").click()
    page.until(lambda: page.one(".over").is_displayed())
    find_nothing(page, axe)


def test_by_keyboard_alone(page: Page, server: Server) -> None:
    """From the page into the chat, through it in the order of the screen, and back to where one was."""
    page.driver.find_element(By.ID, "track").send_keys("")
    page.driver.execute_script("arguments[0].focus()", page.driver.find_element(By.ID, "track"))
    page.press(Keys.TAB)
    assert page.focused() == "launcher"
    page.press(Keys.ENTER)
    page.until(lambda: page.said("agent"))
    assert page.focused() == "text"
    page.until(page.one(".send").is_enabled)
    page.press("hello", Keys.ENTER)
    page.answered("You said: hello")
    assert page.focused() == "text"
    backwards = []
    for _ in range(3):
        page.step_back()
        backwards.append(page.focused())
    assert backwards == ["log", "close", "end"]
    page.press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.TAB)
    assert page.focused() == "send"
    page.press(Keys.ESCAPE)
    assert page.focused() == "launcher"
    assert not page.one(".panel").is_displayed()
    page.press(Keys.SPACE)
    page.until(lambda: page.focused() == "text")
    page.press("again", Keys.TAB, Keys.ENTER)
    page.answered("You said: again")
    assert server.heard() == [["hello", "again"]]


def test_every_focus_is_seen(page: Page) -> None:
    """Each element that takes the focus by keyboard has an outline."""
    page.open()
    look = """
        let at = document.activeElement.shadowRoot.activeElement;
        const look = getComputedStyle(at);
        return [look.outlineStyle, parseFloat(look.outlineWidth)];
    """
    for _ in range(4):
        style, width = page.driver.execute_script(look)
        assert (style, width >= 2) == ("solid", True), page.focused()
        page.step_back()


def test_what_a_screen_reader_is_told(page: Page) -> None:
    """Roles and names, as the browser gives them to assistive technology; each line says who speaks."""
    nodes = set(named(page.command("Accessibility.getFullAXTree")["nodes"]))
    assert ("button", "Open chat") in nodes
    page.open()
    page.say("human")
    page.until(lambda: page.said("notice"))
    nodes = set(named(page.command("Accessibility.getFullAXTree")["nodes"]))
    expected = {
        ("dialog", "Chat with us"),
        ("heading", "Chat with us"),
        ("log", "Conversation"),
        ("textbox", "Your message"),
        ("button", "Send"),
        ("button", "End chat"),
        ("button", "Close chat"),
        ("StaticText", "Agent:"),
        ("StaticText", "You:"),
        ("StaticText", "Notice:"),
    }
    assert expected <= nodes
    assert ("button", "Open chat") not in nodes
    log = page.one(".log")
    assert (log.aria_role, log.get_attribute("aria-live")) == ("log", "polite")
    assert page.one(".typing").aria_role == "status"
    assert page.one(".trouble").aria_role == "alert"


def test_what_is_new_is_read_out_once_and_what_is_old_not_at_all(page: Page) -> None:
    """A reply adds to the log and moves nothing; a conversation that a reload restores is no news."""
    page.open()
    watch = """
        window.added = [];
        window.busy = [];
        const log = document.querySelector('polyai-chat-widget').shadowRoot.querySelector('.log');
        new MutationObserver(changes => {
          for (const change of changes) {
            window.busy.push(log.getAttribute('aria-busy'));
            for (const node of change.addedNodes) window.added.push(node.textContent);
            for (const node of change.removedNodes) window.added.push('removed ' + node.textContent);
          }
        }).observe(log, {childList: true});
    """
    page.driver.execute_script(watch)
    page.say("hello")
    page.answered("You said: hello")
    assert page.driver.execute_script("return window.added") == ["You:hello", "Agent:You said: hello"]
    assert page.driver.execute_script("return window.busy") == [None, None]
    busy = """
        window.busy = [];
        const attach = Element.prototype.attachShadow;
        Element.prototype.attachShadow = function (how) {
          const root = attach.call(this, how);
          new MutationObserver(changes => {
            for (const change of changes)
              if (change.target.className === 'log') window.busy.push(change.target.getAttribute('aria-busy'));
          }).observe(root, {childList: true, subtree: true});
          return root;
        };
    """
    added = page.command("Page.addScriptToEvaluateOnNewDocument", source=busy)
    page.driver.refresh()
    page.ready()
    page.until(lambda: len(page.transcript()) == 3)
    assert set(page.driver.execute_script("return window.busy")) == {"true"}
    page.until(lambda: page.one(".log").get_attribute("aria-busy") is None)
    page.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


def test_an_answer_to_a_closed_chat_is_counted_at_its_button(page: Page, server: Server) -> None:
    """In words for those who do not see the number."""
    page.open()
    server.agent.hold("hello")
    page.say("hello")
    page.press(Keys.ESCAPE)
    server.agent.release()
    page.until(lambda: page.one(".launcher").get_attribute("aria-label") == "Open chat, 1 new message")
    assert page.one(".badge").text == "1"
    page.press(Keys.ENTER)
    page.press(Keys.ESCAPE)
    assert page.one(".launcher").get_attribute("aria-label") == "Open chat"


def test_who_wants_no_motion_sees_none(page: Page, server: Server) -> None:
    """Neither the panel nor the dots move; others see them move."""
    moving = "return document.querySelector('polyai-chat-widget').shadowRoot.getAnimations().length"
    page.open()
    server.agent.hold("one")
    page.say("one")
    page.until(lambda: "writing" in page.one(".typing").text)
    assert page.driver.execute_script(moving) > 0
    server.agent.release()
    page.answered("You said: one")
    page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    server.agent.hold("two")
    page.say("two")
    page.until(lambda: "writing" in page.one(".typing").text)
    assert page.driver.execute_script(moving) == 0
    server.agent.release()
    page.answered("You said: two")


def phone(page: Page, width: int = 320, height: int = 568) -> None:
    """A narrow phone; also a page of 1280 pixels that is enlarged four times."""
    page.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=False)


FITS = """
    const root = document.querySelector('polyai-chat-widget').shadowRoot;
    const wrong = [];
    for (const name of ['.panel', '.close', '.end', '.log', '#text', '.send']) {
      const box = root.querySelector(name).getBoundingClientRect();
      const is_out = box.left < 0 || box.top < 0 || box.right > innerWidth + .5 || box.bottom > innerHeight + .5;
      if (is_out || box.height < 24)
        wrong.push([name, box.left, box.top, box.right, box.bottom]);
    }
    for (const element of root.querySelectorAll('.panel, .panel *:not(.unseen)'))
      if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
        wrong.push(['is cut off', element.className, element.scrollWidth, element.clientWidth]);
    if (document.documentElement.scrollWidth > innerWidth) wrong.push(['the page scrolls sideways']);
    return wrong;
"""


@pytest.mark.parametrize(("width", "height"), [(640, 450), (320, 568), (320, 256), (1280, 900)])
def test_everything_fits(page: Page, width: int, height: int) -> None:
    """At 200 % and 400 %, on a narrow phone, and with long words."""
    phone(page, width, height)
    page.open()
    page.say("Donaudampfschifffahrtsgesellschaft" * 5)
    page.until(lambda: len(page.said("agent")) == 2)
    assert page.driver.execute_script(FITS) == []


def test_twice_as_large_a_text_fits_too(page: Page) -> None:
    """Set in the browser for all pages, which leaves the window as it is."""
    page.command("Page.enable")
    page.command("Page.setFontSizes", fontSizes={"standard": 32, "fixed": 26})
    try:
        page.driver.refresh()
        page.ready()
        page.open()
        page.say("hello")
        page.answered("You said: hello")
        assert page.all(".agent .text")[0].value_of_css_property("font-size") == "32px"
        assert page.driver.execute_script(FITS) == []
    finally:
        page.command("Page.setFontSizes", fontSizes={"standard": 16, "fixed": 13})


def test_on_a_phone_the_page_behind_is_out_of_reach(page: Page) -> None:
    """The panel takes the window, and the focus stays in it; when the phone is turned, it is a panel again."""
    phone(page)
    page.open()
    for _ in range(12):
        page.press(Keys.TAB)
        assert page.focused() in ("end", "close", "log", "text", "send", "body")
        assert page.driver.execute_script("return document.activeElement.id") != "track"
    page.one("#text").send_keys("half a sentence")
    assert page.driver.execute_script(MODAL) is True
    page.command("Emulation.clearDeviceMetricsOverride")
    page.until(lambda: page.driver.execute_script(MODAL) is False)
    assert page.one(".panel").is_displayed()
    assert page.one("#text").get_attribute("value") == "half a sentence"
    assert page.focused() == "text"
    page.press(Keys.ESCAPE)
    assert page.focused() == "launcher"


MODAL = "return document.querySelector('polyai-chat-widget').shadowRoot.querySelector('dialog').matches(':modal')"
