"""The example programs as their users run them: the processes of uvicorn, a plain program, real clients."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from polyai_chat_testing import Simulator

EXAMPLES = Path(__file__).parents[4] / "examples" / "python"

PATIENCE = 40.0
"""How many seconds something may take that should be quick; below the limit of a test."""


def environment(simulator: Simulator, **more: str) -> dict[str, str]:
    """The variables that lead an example to the simulator."""
    options = {f"POLYAI_{name.upper()}": str(value) for name, value in simulator.options.items()}
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **options, **more}


@contextlib.contextmanager
def running(
    command: Sequence[str], variables: Mapping[str, str], log: Path, descriptors: Sequence[int] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A Python program in a session of its own, of which nothing is left afterwards. The log gets its stderr."""
    with log.open("a") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=variables,
            text=True,
            start_new_session=True,
            pass_fds=descriptors,
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """Ends the process and all that it has started, in a way that leaves them no time for anything."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def wait_until(is_so: Callable[[], bool], log: Path) -> None:
    """Waits for what another process does, of which no event tells."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)


# The web chat.


class WebChat:
    """The web chat, served by uvicorn on a port that stays open while it is restarted."""

    def __init__(self, simulator: Simulator, folder: Path, **variables: str) -> None:
        """Takes a free port."""
        self.log = folder / "uvicorn.log"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._variables = environment(
            simulator, WEBCHAT_COOKIE_KEY="a key of the test", **{"WEBCHAT_COOKIE_NEEDS_TLS": "no", **variables}
        )

    def running(self) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
        """The server. Who connects before it is ready waits for it."""
        descriptor = str(self._listening.fileno())
        command = ["-m", "uvicorn", "app:app", "--app-dir", str(EXAMPLES / "webchat_fastapi"), "--fd", descriptor]
        command += ["--timeout-graceful-shutdown", "10"]
        return running(command, self._variables, self.log, [self._listening.fileno()])

    def browser(self) -> httpx.Client:
        """A browser, with its own cookies."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)

    def close(self) -> None:
        """Gives the port back."""
        self._listening.close()


@pytest.fixture
def webchat(simulator: Simulator, tmp_path: Path) -> Iterator[WebChat]:
    """The web chat, not yet started."""
    with contextlib.closing(WebChat(simulator, tmp_path)) as chat:
        yield chat


def say(browser: httpx.Client, text: str) -> httpx.Response:
    """The customer says something."""
    return browser.post("/chat/say", json={"text": text})


def test_a_customer_chats_and_never_sees_a_key(simulator: Simulator, tmp_path: Path) -> None:
    """From the page to the agent's goodbye; the cookie is for this site, for TLS, and for no script."""
    variables = {"WEBCHAT_COOKIE_NEEDS_TLS": "yes"}
    chat = WebChat(simulator, tmp_path, **variables)
    with contextlib.closing(chat), chat.running(), chat.browser() as browser:
        page = browser.get("/")
        started = browser.post("/chat/start")
        assert started.json() == {"agent": "Hello there.", "in_doubt": False}
        cookie = started.headers["Set-Cookie"]
        assert {"httponly", "samesite=strict", "secure"} <= {part.strip().lower() for part in cookie.split(";")}
        browser.headers["Cookie"] = cookie.partition(";")[0]  # which httpx itself keeps for TLS

        answered = say(browser, "Where is my order?")
        assert answered.json() == {"agent": "You said: Where is my order?", "is_over": False, "handoff": None}
        handed_off = say(browser, "human")
        assert handed_off.json()["handoff"] == {"destination": "returns-desk", "reason": "customer_request"}
        refused = say(browser, "")
        assert refused.status_code == 422
        goodbye = say(browser, "bye")
        assert goodbye.json()["is_over"] is True
        assert "expires=Thu, 01 Jan 1970" in goodbye.headers["Set-Cookie"]

        simulator.fail({"answer": {"status": 401, "body": {"text": "simulator-key simulator-token"}}})
        failed = say(browser, "Are you there?")
        for answer in (page, started, answered, handed_off, refused, goodbye, failed):
            seen = answer.text + str(answer.headers)
            assert "simulator-key" not in seen
            assert "simulator-token" not in seen
    (conversation,) = simulator.conversations()
    assert conversation["messages"] == ["Where is my order?", "human", "bye"]


def test_a_forged_cookie_is_none(simulator: Simulator, webchat: WebChat) -> None:
    """Nobody gets into a conversation by its id."""
    with webchat.running(), webchat.browser() as browser:
        browser.post("/chat/start")
        value = browser.cookies["webchat"]
        browser.cookies.clear()
        # Not the last character, which holds bits that count for nothing.
        browser.cookies.set("webchat", value[:-2] + ("a" if value[-2] != "a" else "b") + value[-1])
        answer = say(browser, "Let me in")
        assert (answer.status_code, answer.json()["is_over"]) == (410, True)
    assert simulator.requests_to("respond") == 0


def test_quick_messages_are_answered_in_order(simulator: Simulator, webchat: WebChat) -> None:
    """A second message, sent while the first is still unanswered, waits its turn."""
    simulator.fail({"delay": {"before": "turn", "ms": 1_000}}, {"operation": "respond", "nth": 1})
    with webchat.running(), webchat.browser() as browser, ThreadPoolExecutor() as threads:
        browser.post("/chat/start")
        first = threads.submit(say, browser, "one")
        assert simulator.wait_for("respond", 1)
        second = threads.submit(say, browser, "two")
        assert second.result().json()["agent"] == "You said: two"
        assert first.result().json()["agent"] == "You said: one"
    (conversation,) = simulator.conversations()
    assert (conversation["messages"], conversation["most_turns_in_flight"]) == (["one", "two"], 1)


def test_who_leaves_cancels_the_turn(simulator: Simulator, webchat: WebChat) -> None:
    """Nothing goes on for a browser that has left; it is told at its return that its sentence is in doubt."""
    simulator.fail({"delay": {"before": "headers", "ms": 600_000}}, {"operation": "respond", "nth": 1})
    with webchat.running(), webchat.browser() as browser:
        browser.post("/chat/start")
        leaving = socket.create_connection(("127.0.0.1", int(webchat.url.rpartition(":")[2])))
        body = json.dumps({"text": "I am off"})
        head = f"POST /chat/say HTTP/1.1\r\nHost: chat\r\nCookie: webchat={browser.cookies['webchat']}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        leaving.sendall((head + body).encode())
        assert simulator.wait_for("respond", 1)
        leaving.close()
        began = time.monotonic()
        # The server sees that somebody left when it does; until then the state is that of a conversation under way.
        wait_until(lambda: bool(browser.post("/chat/start").json()["in_doubt"]), webchat.log)
        assert say(browser, "I am back").json()["agent"] == "You said: I am back"
        assert time.monotonic() - began < 15, "not by the deadline of the turn, which is 20 s"
    assert simulator.requests_to("create") == 1
    assert simulator.requests_to("respond") == 2


@pytest.mark.parametrize(
    ("answer", "requests", "status", "may_send_again"),
    [
        ({"status": 503}, 1, 502, False),
        ({"status": 429, "retry_after": {"seconds": 60}}, 1, 503, True),
        ({"status": 401}, 1, 503, True),
        ({"status": 200, "body": {"text": "no JSON"}}, 1, 502, False),
    ],
)
def test_only_what_the_agent_has_not_heard_may_be_sent_again(
    simulator: Simulator, webchat: WebChat, answer: dict[str, Any], requests: int, status: int, may_send_again: bool
) -> None:
    """A customer sees no more of an error than what it means for the button."""
    with webchat.running(), webchat.browser() as browser:
        browser.post("/chat/start")
        simulator.fail({"answer": answer}, {"operation": "respond"})
        failed = say(browser, "Hello?")
        assert failed.status_code == status
        told = failed.json()
        assert (told["may_send_again"], told["is_over"]) == (may_send_again, False)
        assert set(told) == {"problem", "may_send_again", "is_over"}
        assert not any(word in told["problem"] for word in ("service", "correlation", str(answer["status"])))
        assert failed.headers.get("Retry-After") == ("61" if "retry_after" in answer else None)
    assert simulator.requests_to("respond") == requests


def test_a_conversation_that_timed_out_is_over(simulator: Simulator, webchat: WebChat) -> None:
    """The next start begins another."""
    with webchat.running(), webchat.browser() as browser:
        browser.post("/chat/start")
        (conversation,) = simulator.conversations()
        simulator.end_conversation(conversation["id"])
        over = say(browser, "Still there?")
        assert (over.status_code, over.json()["is_over"], over.json()["may_send_again"]) == (410, True, False)
        assert browser.post("/chat/start").json()["agent"] == "Hello there."
        assert say(browser, "Again").json()["agent"] == "You said: Again"
    assert simulator.requests_to("create") == 2


def test_a_conversation_outlives_the_server(simulator: Simulator, webchat: WebChat) -> None:
    """A server that was killed and started again goes on with the conversation that the cookie names."""
    with webchat.browser() as browser:
        with webchat.running():
            browser.post("/chat/start")
            assert say(browser, "one").status_code == 200
        with webchat.running():
            assert say(browser, "two").json()["agent"] == "You said: two"
            assert browser.post("/chat/start").json() == {"agent": None, "in_doubt": False}
            assert browser.post("/chat/end").status_code == 204
    (conversation,) = simulator.conversations()
    assert (conversation["messages"], conversation["closed"]) == (["one", "two"], True)


@pytest.mark.parametrize("at_shutdown", ["keep", "close"])
def test_shutdown_waits_for_the_turn(simulator: Simulator, tmp_path: Path, at_shutdown: str) -> None:
    """SIGTERM during a turn: its answer is given, and then what is open is kept for later or closed."""
    simulator.fail({"delay": {"before": "turn", "ms": 1_500}}, {"operation": "respond"})
    variables = {"WEBCHAT_AT_SHUTDOWN": at_shutdown}
    with contextlib.closing(WebChat(simulator, tmp_path, **variables)) as chat, chat.running() as server:
        with chat.browser() as browser, ThreadPoolExecutor() as threads:
            browser.post("/chat/start")
            answer = threads.submit(say, browser, "Wait for me")
            assert simulator.wait_for("respond", 1)
            server.terminate()
            assert answer.result().json()["agent"] == "You said: Wait for me"
        assert server.wait(PATIENCE) in (0, -signal.SIGTERM)
    (conversation,) = simulator.conversations()
    assert conversation["closed"] is (at_shutdown == "close")


def test_shutdown_has_a_budget(simulator: Simulator, tmp_path: Path) -> None:
    """A service that does not answer holds up no shutdown for long, and nothing is left running."""
    simulator.fail({"delay": {"before": "headers", "ms": 600_000}}, {"operation": "close"})
    variables = {"WEBCHAT_AT_SHUTDOWN": "close", "POLYAI_CLOSE_TIMEOUT_MS": "600000"}
    with contextlib.closing(WebChat(simulator, tmp_path, **variables)) as chat, chat.running() as server:
        with chat.browser() as browser:
            browser.post("/chat/start")
        server.terminate()
        assert server.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert "Traceback" not in chat.log.read_text()
    assert simulator.requests_to("close") == 1


# The plain worker.


def messages(simulator: Simulator) -> list[list[str]]:
    """What the agent was told, conversation by conversation."""
    return [conversation["messages"] for conversation in simulator.conversations()]


def worker(simulator: Simulator, tmp_path: Path, *arguments: str) -> contextlib.AbstractContextManager[Any]:
    """The plain worker, which reads what it is told on stdin."""
    command = [str(EXAMPLES / "threaded_worker" / "worker.py"), *arguments]
    return running(command, environment(simulator), tmp_path / "worker.log")


def outcomes(output: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What was printed: the lines, and the summary."""
    *lines, summary = [json.loads(line) for line in output.splitlines()]
    return lines, summary["summary"]


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_each_customer_is_answered_in_order(
    simulator: Simulator, tmp_path: Path, source: Literal["file", "stdin"]
) -> None:
    """Many customers on few threads: nobody's questions are mixed up, and every line has its outcome."""
    simulator.fail({"delay": {"before": "turn", "ms": 30}}, {"operation": "respond", "probability": 0.3, "seed": 7})
    lines = [(f"customer {number % 7}", f"question {number}") for number in range(70)]
    text = "".join(f"{customer}\t{question}\n" for customer, question in lines)
    (tmp_path / "questions.txt").write_text(text)
    arguments = [str(tmp_path / "questions.txt")] if source == "file" else []
    with worker(simulator, tmp_path, "--threads", "4", *arguments) as process:
        output, _ = process.communicate(text if source == "stdin" else None, PATIENCE)
        assert process.returncode == 0, (tmp_path / "worker.log").read_text()
    printed, summary = outcomes(output)
    assert {line["line"]: (line["customer"], line["question"], line["answer"]) for line in printed} == {
        number: (customer, question, f"You said: {question}") for number, (customer, question) in enumerate(lines, 1)
    }
    asked = {c["created_with"]["integration_attributes"]["customer"]: c["messages"] for c in simulator.conversations()}
    assert asked == {name: [question for customer, question in lines if customer == name] for name, _ in lines}
    assert all(conversation["closed"] for conversation in simulator.conversations())
    assert summary["lines"] == {"answered": 70}
    assert summary["attempts"] == {"create 200": 7, "respond 200": 70, "close 200": 7}
    assert summary["connections"] == simulator.connections <= 4


def test_a_failure_is_told_with_what_it_means(simulator: Simulator, tmp_path: Path) -> None:
    """One line fails, and says whether it may be fed again; the others are answered."""
    simulator.fail({"answer": {"status": 503}}, {"operation": "respond", "nth": 2})
    with worker(simulator, tmp_path, "--threads", "1") as process:
        output, _ = process.communicate("sam\tone\nsam\ttwo\nno tab\nsam\tbye\nsam\tfour\n", PATIENCE)
        assert process.returncode == 1
    printed, summary = outcomes(output)
    assert [(line["line"], line["outcome"], line.get("may_resend")) for line in printed] == [
        (1, "answered", None),
        (2, "failed", False),
        (4, "answered", None),
        (5, "answered", None),
    ]
    assert summary["lines"] == {"answered": 3, "failed": 1}
    assert summary["attempts"]["respond 503"] == 1
    assert "line 3 is not" in (tmp_path / "worker.log").read_text()
    assert messages(simulator) == [["one", "bye"], ["four"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_turns_under_way(
    simulator: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    """They are answered, their conversations closed; the rest is not asked. That stdin stays open does not matter."""
    simulator.fail({"delay": {"before": "turn", "ms": 2_000}}, {"operation": "respond"})
    with worker(simulator, tmp_path, "--threads", "2") as process:
        # Two customers on different threads, by the way the program deals them out.
        process.stdin.write("sam\tone\nsam\tnever\npat\ttwo\npat\tnever\n")
        process.stdin.flush()
        assert simulator.wait_for("respond", 2, PATIENCE)
        process.send_signal(number)
        output = process.stdout.read()
        assert process.wait(PATIENCE) == 1
    printed, summary = outcomes(output)
    assert {line["question"]: line["answer"] for line in printed} == {"one": "You said: one", "two": "You said: two"}
    assert summary["stopped"] is True
    assert sorted(messages(simulator)) == [["one"], ["two"]]
    assert all(conversation["closed"] for conversation in simulator.conversations())


def test_a_signal_ends_it_within_its_time(simulator: Simulator, tmp_path: Path) -> None:
    """The agent is too slow: the turn is cancelled, and its line says that the agent may have heard it."""
    simulator.fail({"delay": {"before": "headers", "ms": 600_000}}, {"operation": "respond"})
    with worker(simulator, tmp_path, "--threads", "2", "--stop-within", "0.5") as process:
        process.stdin.write("sam\tone\nsam\tnever\n")
        process.stdin.flush()
        assert simulator.wait_for("respond", 1, PATIENCE)
        began = time.monotonic()
        process.terminate()
        output = process.stdout.read()
        assert process.wait(PATIENCE) == 1
        assert time.monotonic() - began < 10, "not by the deadline of the turn, which is 20 s"
    (line,), _ = outcomes(output)
    assert (line["outcome"], line["may_resend"]) == ("failed", False)
    assert "cancelled" in line["error"]
    assert simulator.requests_to("respond") == 1
