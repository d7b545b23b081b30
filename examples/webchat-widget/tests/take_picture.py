"""Takes the picture of the README: take_picture.py FILE."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from conftest import Server, new_chromium
from page import Page

SCRIPT = r"""
greeting = "Hello, this is Acme's assistant. How can I help?"
default_reply = "I can look into that."

[[rules]]
pattern = '4711'
reply = "Order 4711 was dispatched yesterday, and should be with you on Friday."

[[rules]]
pattern = 'human'
reply = "Of course. I am putting you through to a colleague."
handoff = { destination = "returns-desk", reason = "customer_request" }
"""


def take(file: str) -> None:
    """Holds a conversation in which much happens."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(contextlib.closing(Server(Path(folder), script=SCRIPT)))
        server.start()
        driver = new_chromium()
        stack.callback(driver.quit)
        page = Page(driver, server.url)
        page.command("Emulation.setDeviceMetricsOverride", width=860, height=610, deviceScaleFactor=1, mobile=False)
        page.open()
        page.say("Where is my order 4711? 😀")
        page.until(lambda: len(page.said("agent")) == 2)
        server.simulator.fail({"answer": {"status": 503}}, {"operation": "respond", "times": 1})
        page.say("Please cancel it")
        page.until(lambda: page.state())
        page.say("Can I speak to a human?")
        page.until(lambda: page.said("notice"))
        page.until(lambda: page.one(".panel").value_of_css_property("opacity") == "1")
        driver.save_screenshot(file)


take(sys.argv[1])
