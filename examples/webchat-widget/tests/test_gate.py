"""Who may talk to the server, how often, and what with."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from conftest import Customer, Server, new_chromium
from page import Page
from webchat.origins import is_own, origin_of
from webchat.settings import Settings


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("HTTPS://WWW.Example.com:443", "https://www.example.com"),
        ("http://www.example.com:80", "http://www.example.com"),
        ("http://www.example.com:8080", "http://www.example.com:8080"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
        ("https://[0:0::1]:443", "https://[::1]"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_origins_are_what_browsers_send(given: str, meant: str) -> None:
    assert origin_of(given) == meant
    environment = {"DATABASE": "/nowhere", "WEBCHAT_ORIGINS": f" {given} ,"}
    assert Settings.from_env(environment).origins == (meant,)


@pytest.mark.parametrize(
    "given",
    [
        "*",
        "https://*",
        "https://*.example.com",
        "https://x.example/",
        "https://x.example/chat",
        "https://x.example?",
        "null",
        "https://u@x.example",
        "https://x.example:99999",
        "x.example",
        "ftp://x.example",
        "https://",
        "https://a b",
        "https://[::1",
        "https://x.example;https://y.example",
        "https://x.example,y.example",
    ],
)
def test_an_origin_that_is_never_met_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="WEBCHAT_ORIGINS"):
        Settings.from_env({"DATABASE": "/nowhere", "WEBCHAT_ORIGINS": given})


@pytest.mark.parametrize(
    ("origin", "host", "is_ours"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1", "127.0.0.1:80", True),
        ("https://localhost", "LOCALHOST:443", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", False),
        ("http://evil.example", "evil.example", False),  # whose name leads here
        ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example", False),
        ("null", "null", False),
        ("", "", False),
        ("http://[", "[", False),
    ],
)
def test_own_pages(origin: str, host: str, is_ours: bool) -> None:
    assert is_own(origin, host) is is_ours


def test_a_listed_page_may_come_by_any_port_that_is_its_own(own_server: Callable[..., Server]) -> None:
    """And nobody by a name of theirs that leads here."""
    server = own_server(WEBCHAT_ORIGINS="https://Chat.example.com:443")
    customer = server.customer()
    for host, origin, status in (
        ("chat.example.com:443", "https://chat.example.com", 200),
        ("chat.example.com", "https://chat.example.com", 200),
        ("chat.example.com", "http://chat.example.com", 403),
        ("evil.example", "http://evil.example", 403),
        (f"evil.example:{server.port}", f"http://evil.example:{server.port}", 403),
    ):
        customer.http.headers.update({"Host": host, "Origin": origin})
        assert customer.post("open").status_code == status, (host, origin)


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 10**30, -1, 1.5, True, "x", None, [], 1e308])
def test_odd_numbers_are_refused(server: Server, number: Any) -> None:
    customer = server.customer()
    customer.begin()
    for operation, body in (
        ("begin", {"after": number}),
        ("end", {"number": number}),
        ("say", {"number": number, "id": str(uuid.uuid4()), "text": "hello"}),
    ):
        answer = customer.post(operation, **body)
        assert 400 <= answer.status_code < 500 or number is True, (operation, answer.text)
    assert server.heard() == [[]] or number is True


@pytest.mark.parametrize(
    "body",
    [
        b'{"number": ' + b"1" * 5000 + b', "id": "x", "text": "x"}',
        b'{"number": 1e400, "id": "x", "text": "x"}',
        b'{"number": NaN, "id": "x", "text": "x"}',
        b'{"number": 1, "id": "x", "text": "\\ud83d"}',
        b"[" * 20_000,
        b"\xff",
        b"",
        b"null",
    ],
)
def test_odd_bodies_are_refused(server: Server, customer: Customer, body: bytes) -> None:
    customer.begin()
    for operation in ("open", "begin", "say", "end"):
        headers = {"Content-Type": "application/json"}
        answer = customer.http.post(f"/chat/{operation}", content=body, headers=headers)
        assert answer.status_code < 500, answer.text
        assert answer.status_code >= 400 or operation in ("open", "end"), "they read no text"
    assert server.heard() == [[]]


@pytest.mark.parametrize("length", ["9" * 30, "-1", "1e3", "\u00b2", str(10**9)])
def test_odd_lengths_are_refused(server: Server, length: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = f"POST /chat/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_an_address_has_a_limit_over_all_its_browsers(own_server: Callable[..., Server]) -> None:
    """And all addresses have one together. What is refused is not given to the agent."""
    server = own_server(
        WEBCHAT_ADDRESS_MESSAGES_A_MINUTE="3",
        WEBCHAT_ALL_MESSAGES_A_MINUTE="5",
        WEBCHAT_ALL_CONVERSATIONS_AN_HOUR="6",
    )

    def says_from(address: str) -> int:
        customer = server.customer()
        customer.http.headers["X-Forwarded-For"] = address
        customer.begin()
        answer = customer.say("hello", str(uuid.uuid4()))
        assert answer.status_code == 200 or int(answer.headers["Retry-After"]) <= 60
        return answer.status_code

    assert [says_from("203.0.113.9") for _ in range(4)] == [200, 200, 200, 429]
    assert [says_from("203.0.113.10"), says_from("203.0.113.11")] == [200, 200]
    last = server.customer()
    assert last.post("open").status_code == 200
    assert last.post("begin", after=0).status_code == 429, "the hour's conversations are all begun"
    assert server.simulator.requests_to("create") == 6
    assert server.simulator.requests_to("respond") == 5


def test_limits_follow_those_that_are_given() -> None:
    settings = Settings.from_env({"DATABASE": "/x", "WEBCHAT_MESSAGES_A_MINUTE": "5"})
    assert (settings.address_messages_a_minute, settings.all_messages_a_minute) == (30, 500)


def test_a_page_without_tls_loses_no_text(own_server: Callable[..., Server]) -> None:
    """There browsers have no crypto.randomUUID. The name leads here, as that of somebody's shop."""
    server = own_server(WEBCHAT_ORIGINS="http://shop.example")
    driver = new_chromium(f"--host-resolver-rules=MAP shop.example:80 127.0.0.1:{server.port}")
    try:
        page = Page(driver, "http://shop.example")
        assert driver.execute_script("return [isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
        page.open()
        page.say("hello")
        page.answered("You said: hello")
        driver.execute_script("delete String.prototype.toWellFormed")
        page.say("again")
        page.answered("You said: again")
        assert page.one("#text").get_attribute("value") == ""
    finally:
        driver.quit()
    assert server.heard() == [["hello", "again"]]


def test_what_storage_holds_is_not_believed(server: Server, page: Page) -> None:
    """Other scripts of the site write there, too."""
    for kept in ("{}", "3", json.dumps("x"), "no JSON"):
        page.driver.execute_script("sessionStorage.setItem('polyai-chat-widget:outbox', arguments[0])", kept)
        page.driver.refresh()
        page.ready()
    assert page.driver.find_elements(By.CSS_SELECTOR, "polyai-chat-widget[ready]")
    page.open()
    page.say("hello")
    page.answered("You said: hello")
