"""Whom the web-chat example lets in: pages, addresses, numbers of them, and what they send."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_examples import EXAMPLES, PATIENCE, WebChat, environment, say

from polyai_chat_testing import Simulator


@pytest.fixture
def browser(simulator: Simulator, tmp_path: Path) -> Iterator[httpx.Client]:
    """A browser of a running chat with narrow limits."""
    limits = {"WEBCHAT_STARTS_AN_HOUR": "3", "WEBCHAT_ALL_STARTS_AN_HOUR": "5", "WEBCHAT_TURNS_A_MINUTE": "4"}
    chat = WebChat(simulator, tmp_path, WEBCHAT_ORIGINS="https://Chat.example.com:443", **limits)
    with contextlib.closing(chat), chat.running(), chat.browser() as browser:
        yield browser


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://evil.example", "Host": "evil.example"},  # whose name leads here
        {"Origin": "http://chat.example.com", "Host": "chat.example.com"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=b"},
    ],
)
def test_another_site_begins_nothing(browser: httpx.Client, simulator: Simulator, headers: dict[str, str]) -> None:
    for path in ("start", "say", "end"):
        answer = browser.post(f"/chat/{path}", headers=headers, content=b'{"text": "x"}')
        assert answer.status_code in (403, 415), path
        assert "Set-Cookie" not in answer.headers
    assert simulator.requests_to("create") == 0


def test_our_pages_may(browser: httpx.Client, simulator: Simulator) -> None:
    own = str(browser.base_url).rstrip("/")
    for headers in (
        {"Origin": own},
        {"Origin": "https://chat.example.com", "Host": "chat.example.com:443"},
        {"Origin": "https://chat.example.com", "Host": "chat.example.com"},
    ):
        browser.cookies.clear()
        assert browser.post("/chat/start", headers=headers, json={}).status_code == 200
    assert simulator.requests_to("create") == 3


def test_addresses_have_limits(browser: httpx.Client, simulator: Simulator) -> None:
    """One address and all together are limited; a conversation that has begun goes on."""

    def start_from(address: str) -> int:
        browser.cookies.clear()
        answer = browser.post("/chat/start", headers={"X-Forwarded-For": address})
        assert answer.status_code == 200 or 1 <= int(answer.headers["Retry-After"]) <= 3600
        return answer.status_code

    assert [start_from("203.0.113.1") for _ in range(5)] == [200, 200, 200, 429, 429]
    assert [start_from(f"2001:db8::{number}") for number in range(3)] == [200, 200, 429]
    assert simulator.requests_to("create") == 5


def test_turns_have_limits(browser: httpx.Client, simulator: Simulator) -> None:
    browser.post("/chat/start")
    for _ in range(6):
        assert browser.post("/chat/start").status_code == 200, "finding a conversation is not starting one"
    answers = [say(browser, str(number)) for number in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert answers[4].json()["may_send_again"] is True
    assert (simulator.requests_to("create"), simulator.requests_to("respond")) == (1, 4)


@pytest.mark.parametrize(
    "body",
    [b'{"text": "half \\ud83d"}', b'{"text": 3}', b"[" * 20_000, b'{"text": ' + b"1" * 5000 + b"}", b"\xff", b""],
)
def test_odd_bodies_are_refused(browser: httpx.Client, simulator: Simulator, body: bytes) -> None:
    browser.post("/chat/start")
    answer = browser.post("/chat/say", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert set(answer.json()) == {"problem", "may_send_again", "is_over"}
    assert simulator.requests_to("respond") == 0


@pytest.mark.parametrize("length", ["1000000", "9" * 30, "-1", "1e3"])
def test_odd_lengths_are_refused(browser: httpx.Client, length: str) -> None:
    port = browser.base_url.port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        head = f"POST /chat/start HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_bodies_without_a_length_are_refused(browser: httpx.Client) -> None:
    assert browser.post("/chat/start", content=iter([b"{}"])).status_code == 411


def test_nobody_waits_for_days(browser: httpx.Client, simulator: Simulator) -> None:
    browser.post("/chat/start")
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 86_400}}}, {"operation": "respond"})
    assert int(say(browser, "Hello?").headers["Retry-After"]) <= 3600


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"WEBCHAT_COOKIE_KEY": ""}, "WEBCHAT_COOKIE_KEY is not set"),
        ({"WEBCHAT_COOKIE_KEY": "  "}, "WEBCHAT_COOKIE_KEY is not set"),
        ({"WEBCHAT_COOKIE_NEEDS_TLS": "false"}, "WEBCHAT_COOKIE_NEEDS_TLS is 'false'"),
        ({"WEBCHAT_AT_SHUTDOWN": "maybe"}, "WEBCHAT_AT_SHUTDOWN is 'maybe'"),
        ({"WEBCHAT_ORIGINS": "https://*.example.com"}, "'https://*.example.com' is no origin"),
        ({"WEBCHAT_ORIGINS": "https://chat.example.com/"}, "is no origin"),
        ({"WEBCHAT_STARTS_AN_HOUR": "0"}, "WEBCHAT_STARTS_AN_HOUR is '0'"),
        ({"WEBCHAT_TURNS_A_MINUTE": "nan"}, "WEBCHAT_TURNS_A_MINUTE is 'nan'"),
    ],
)
def test_a_wrong_setting_stops_the_start(simulator: Simulator, variables: dict[str, Any], complaint: str) -> None:
    command = [sys.executable, "-c", "import app"]
    wanted = environment(simulator, **{"WEBCHAT_COOKIE_KEY": "a key of the test", **variables})
    done = subprocess.run(
        command,
        cwd=EXAMPLES / "webchat_fastapi",
        env=wanted,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert complaint in done.stderr
