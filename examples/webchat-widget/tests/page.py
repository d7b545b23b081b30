"""A customer at the widget in a real browser: what can be seen, heard, typed and clicked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 180.0


class Page:
    """The demonstration's shop, with the widget in it."""

    def __init__(self, driver: webdriver.Chrome, url: str, path: str = "/shop/") -> None:
        """Opens it as a browser that was never here."""
        self.driver = driver
        self.url = url
        before = driver.current_window_handle
        driver.switch_to.new_window("tab")  # what a tab keeps is gone with it
        fresh = driver.current_window_handle
        driver.switch_to.window(before)
        driver.close()
        driver.switch_to.window(fresh)
        self.command("Network.enable")
        self.command("Network.clearBrowserCookies")
        driver.get(url + path)
        self.ready()

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def ready(self) -> None:
        """Waits until the widget is in the page."""
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "polyai-chat-widget[ready]"))

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Waits for something to be so."""
        return WebDriverWait(self.driver, seconds, poll_frequency=0.03).until(lambda _: condition())

    def all(self, selector: str) -> list[WebElement]:
        """Elements of the widget."""
        root = self.driver.find_element(By.TAG_NAME, "polyai-chat-widget").shadow_root
        return root.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """An element of the widget."""
        (element,) = self.all(selector)
        return element

    def focused(self) -> str:
        """What has the focus, in the widget or in the page: its class, id or name."""
        script = """
            let at = document.activeElement;
            while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
            return at.className || at.id || at.tagName.toLowerCase();
        """
        return str(self.driver.execute_script(script))

    def press(self, *keys: str) -> None:
        """Presses keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def step_back(self) -> None:
        """Presses Shift and Tab."""
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()

    def open(self) -> None:
        """Opens the chat, and waits for the greeting."""
        self.one(".launcher").click()
        self.until(lambda: self.said("agent"))

    def say(self, text: str) -> None:
        """Types it, and presses Enter."""
        field = self.one("#text")
        self.until(field.is_enabled)
        self.until(self.one(".send").is_enabled)
        field.send_keys(text, Keys.ENTER)

    def said(self, who: str) -> list[str]:
        """What somebody has said, as it is shown."""
        script = "return [...arguments[0].querySelectorAll(arguments[1])].map(found => found.textContent)"
        return list(self.driver.execute_script(script, self.one(".log"), f".{who} .text"))

    def transcript(self) -> list[tuple[str, str]]:
        """All lines: who, and what."""
        script = (
            "return [...arguments[0].children].map(line => [line.className.replace('line ', ''),"
            " line.querySelector('.text').textContent])"
        )
        return [(who, text) for who, text in self.driver.execute_script(script, self.one(".log"))]

    def state(self, number: int = -1) -> str:
        """What stands below a sentence of the customer: its state, in words."""
        return self.all(".customer .state")[number].text

    def answered(self, text: str) -> None:
        """Waits until the agent has said this."""
        self.until(lambda: text in self.said("agent"))

    def offline(self, is_off: bool) -> None:
        """Takes the network away, or gives it back."""
        self.command(
            "Network.emulateNetworkConditions", offline=is_off, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def complaints(self) -> list[str]:
        """What the browser's console has, since it was asked last."""
        return [entry["message"] for entry in self.log("browser")]

    def log(self, name: str) -> list[dict[str, Any]]:
        """One of the browser's logs, since it was asked last."""
        entries: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries


def named(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Role and name of what assistive technology is told of, in its order."""
    for node in nodes:
        if not node.get("ignored"):
            yield node["role"]["value"], node.get("name", {}).get("value", "")
