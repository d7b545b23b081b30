"""Who is told of attempts: the logger `polyai_chat` and the hook `on_attempt`. What they do harms no call."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import polyai_chat
from polyai_chat import AsyncConversation, Attempt, CallCancelledError, ChatError, Client, Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polyai_chat_testing import Simulator

LOGGER = logging.getLogger("polyai_chat")
SAID = "what the customer said"


class Calling(logging.Handler):
    """A handler that does something with each record."""

    def __init__(self, work: Callable[[logging.LogRecord], object]) -> None:
        super().__init__()
        self.work = work

    def handle(self, record: logging.LogRecord) -> bool:
        """Takes no lock of its own, as handlers do: any that is held meanwhile would be the library's."""
        self.work(record)
        return True


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[logging.LogRecord], object]], None]]:
    """Has every record of the logger, from DEBUG on, given to a function."""
    handlers: list[Calling] = []
    level = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    # Whoever catches records for the tests is not the one whose behaviour is tested here.
    monkeypatch.setattr(LOGGER, "propagate", False)

    def add(work: Callable[[logging.LogRecord], object]) -> None:
        handlers.append(Calling(work))
        LOGGER.addHandler(handlers[-1])

    yield add
    for handler in handlers:
        LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


def test_attempts_are_logged_by_how_they_went(
    client: Client, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "polyai_chat")
    conversation = client.create(correlation_id="create-1")
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 0}}}, {"operation": "respond", "nth": 1})
    conversation.respond(SAID, correlation_id="turn-1")
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
    with pytest.raises(ChatError):
        conversation.respond(SAID, correlation_id="turn-2")
    logged = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "polyai_chat"]
    for (level, text), (expected, words) in zip(
        logged,
        [
            (logging.DEBUG, ["create attempt 1", "HTTP 200", "new connection", "correlation id create-1"]),
            (logging.INFO, ["respond attempt 1", "HTTP 429", "rate_limited, rejected", "correlation id turn-1"]),
            (logging.DEBUG, ["respond attempt 2", "HTTP 200", "kept connection", "correlation id turn-1"]),
            (logging.WARNING, ["respond attempt 1", "HTTP 500", "server, unknown", "correlation id turn-2"]),
        ],
    ):
        assert level == expected
        assert all(word in text for word in words)
    assert len(logged) == 4
    assert SAID not in caplog.text
    assert "You said" not in caplog.text
    assert {record.threadName for record in caplog.records} == {threading.current_thread().name}


def test_a_percent_sign_in_a_line_is_no_format(
    conversation: Conversation, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.fail({"answer": {"status": 422, "body": {"json": {"error_message": "100 %s %d %(x)s"}}}})
    with pytest.raises(ChatError):
        conversation.respond("x")
    assert "100 %s %d %(x)s" in caplog.text


def test_levels_are_those_of_the_logger(conversation: Conversation, simulator: Simulator, handle: Any) -> None:
    records: list[logging.LogRecord] = []
    handle(records.append)
    LOGGER.setLevel(logging.WARNING)
    conversation.respond("x")
    assert records == []
    LOGGER.setLevel(logging.DEBUG)
    conversation.respond("y")
    assert [record.levelno for record in records] == [logging.DEBUG]
    logging.disable(logging.DEBUG)
    try:
        conversation.respond("z")
    finally:
        logging.disable(logging.NOTSET)
    assert len(records) == 1


def test_without_configuration_nothing_is_printed(simulator: Simulator) -> None:
    program = f"""
import polyai_chat
from polyai_chat import Client
conversation = Client(**{dict(simulator.options)!r}).create()
try:
    conversation.respond("x", timeout=0.2)
except polyai_chat.ChatError:
    import logging
    (handler,) = logging.getLogger("polyai_chat").handlers
    assert type(handler) is logging.NullHandler
    Client(**{dict(simulator.options)!r})
    assert logging.getLogger("polyai_chat").handlers == [handler]
else:
    raise AssertionError("it was to fail")
"""
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    child = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


def test_a_handler_may_make_calls_itself(client: Client, conversation: Conversation, handle: Any) -> None:
    inner: list[str] = []
    is_inside = False

    def work(record: logging.LogRecord) -> None:
        nonlocal is_inside
        if is_inside:
            return
        is_inside = True
        inner.append(client.create().respond(record.levelname).response)
        assert client.metrics()["respond"]["calls"] > 0
        assert client.recent_attempts()
        is_inside = False

    handle(work)
    assert conversation.respond("x").response == "You said: x"
    assert conversation.start("y").result().response == "You said: y"
    assert inner == ["You said: DEBUG", "You said: DEBUG"]


def test_a_handler_may_wait_for_a_thread_that_makes_calls_too(
    client: Client, conversation: Conversation, handle: Any
) -> None:
    main = threading.current_thread()

    def work(record: logging.LogRecord) -> None:
        if record.threadName != main.name:
            return
        other = threading.Thread(target=lambda: client.create().respond("from the other thread"))
        other.start()
        other.join(30)
        assert not other.is_alive()

    handle(work)
    assert conversation.respond("x").response == "You said: x"


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What was raised where nobody could catch it."""
    raised: list[BaseException | None] = []

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        raised.append(unraisable.exc_value)

    monkeypatch.setattr(sys, "unraisablehook", hook)
    return raised


def test_a_handler_that_raises_harms_no_call(
    conversation: Conversation, handle: Any, unraisable: list[BaseException | None]
) -> None:
    failure = RuntimeError("of the handler")

    def work(_: logging.LogRecord) -> None:
        raise failure

    handle(work)
    assert conversation.respond("x").response == "You said: x"
    assert conversation.start("y").result().response == "You said: y"
    assert unraisable == [failure, failure]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_a_signal_that_comes_while_a_listener_runs_ends_the_call(
    simulator: Simulator, unraisable: list[BaseException | None], raised: type[BaseException]
) -> None:
    """Its handler runs inside the listener then, whose own failures harm no call."""
    handler = signal.getsignal(signal.SIGINT)

    def leave(*_: object) -> None:
        raise raised

    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 50}}}, {"operation": "create"})
    client = Client(**simulator.options, timeout=100, on_attempt=lambda _: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, leave)
    try:
        with pytest.raises(raised) as caught:
            client.create()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert isinstance(caught.value.__cause__, CallCancelledError)
    assert simulator.requests_to("create") == 1
    assert unraisable == []
    # A started call has a thread of its own, which nobody interrupts.
    simulator.clear_faults()
    interrupted = Client(**simulator.options, on_attempt=lambda _: leave())
    assert interrupted.start_create().result().greeting.response
    assert [type(error) for error in unraisable] == [raised]


def test_every_attempt_is_told_to_the_hook(simulator: Simulator) -> None:
    attempts: list[Attempt] = []
    threads: list[str] = []

    def listen(attempt: Attempt) -> None:
        attempts.append(attempt)
        threads.append(threading.current_thread().name)

    client = Client(**simulator.options, on_attempt=listen)
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 0}}}, {"operation": "respond", "nth": 1})
    conversation = client.create()
    conversation.respond(SAID, correlation_id="turn-1")
    conversation.close()
    assert [(attempt["operation"], attempt["number"], attempt["status"]) for attempt in attempts] == [
        ("create", 1, 200),
        ("respond", 1, 429),
        ("respond", 2, 200),
        ("close", 1, 200),
    ]
    assert attempts == client.recent_attempts()
    assert attempts[2:] == client.recent_attempts(after=2)
    assert [attempt["serial"] for attempt in attempts] == [1, 2, 3, 4]
    assert [attempt["is_retried"] for attempt in attempts] == [False, True, False, False]
    assert (attempts[1]["kind"], attempts[1]["delivery"]) == ("rate_limited", "rejected")
    assert attempts[1]["correlation_id"] == attempts[2]["correlation_id"] == "turn-1"
    assert SAID not in repr(attempts)
    assert threads == [threading.current_thread().name] * 4


@pytest.mark.parametrize("how", ["blocking", "started", "asyncio"])
def test_listeners_see_the_context_variables_of_whoever_made_the_call(
    simulator: Simulator, handle: Any, how: str
) -> None:
    """Tracing needs that: a span is such a variable, and a call of asyncio has a thread of its own."""
    customer: contextvars.ContextVar[str] = contextvars.ContextVar("customer", default="nobody")
    of_attempts: dict[str, str] = {}
    of_lines: list[str] = []
    handle(lambda _: of_lines.append(customer.get()))

    def listen(attempt: Attempt) -> None:
        of_attempts[attempt["correlation_id"]] = customer.get()

    client = Client(**simulator.options, on_attempt=listen)
    conversation = client.create()
    of_lines.clear()
    names = [f"customer-{number}" for number in range(4)]

    def talk(name: str) -> None:
        customer.set(name)
        if how == "blocking":
            conversation.respond("x", correlation_id=name)
        else:
            conversation.start("x", correlation_id=name).result()

    async def talk_in_asyncio(name: str) -> None:
        customer.set(name)
        await AsyncConversation(conversation).respond("x", correlation_id=name)

    async def all_at_once() -> None:
        await asyncio.gather(*map(talk_in_asyncio, names))

    if how == "asyncio":
        asyncio.run(all_at_once())
    else:
        for name in names:
            contextvars.copy_context().run(talk, name)
    assert {name: of_attempts[name] for name in names} == {name: name for name in names}
    assert sorted(of_lines) == names


def test_the_hook_hears_of_started_calls_on_their_own_thread(simulator: Simulator) -> None:
    heard: queue.Queue[int] = queue.Queue()
    client = Client(**simulator.options, on_attempt=lambda _: heard.put(threading.get_ident()))
    conversation = client.start_create().result()
    conversation.start("x").result()
    assert threading.get_ident() not in (heard.get(timeout=30), heard.get(timeout=30))


def test_a_hook_that_raises_harms_no_call(simulator: Simulator, unraisable: list[BaseException | None]) -> None:
    failure = RuntimeError("of the hook")

    def listen(_: Attempt) -> None:
        raise failure

    conversation = Client(**simulator.options, on_attempt=listen).create()
    assert conversation.respond("x").response == "You said: x"
    assert conversation.start("y").result().response == "You said: y"
    assert unraisable == [failure] * 3


def test_a_hook_may_use_the_client_and_change_what_it_was_given(simulator: Simulator) -> None:
    clients: list[Client] = []
    seen: list[int] = []

    def listen(attempt: Attempt) -> None:
        attempt.clear()  # type: ignore[attr-defined]
        if clients and len(seen) < 3:
            seen.append(clients[0].metrics()["attempts"])
            clients[0].create()

    clients.append(Client(**simulator.options, on_attempt=listen))
    assert clients[0].create().respond("x").response == "You said: x"
    assert seen == [1, 2, 3]
    assert all(attempt["status"] == 200 for attempt in clients[0].recent_attempts())


def test_a_hook_can_be_left_out_and_must_be_callable(simulator: Simulator) -> None:
    Client(**simulator.options, on_attempt=None).create()
    untyped: Any = polyai_chat.Client
    for wrong in (5, "name", [print]):
        with pytest.raises(TypeError, match="on_attempt"):
            untyped(**simulator.options, on_attempt=wrong)


def test_nothing_is_printed_by_a_call(conversation: Conversation, capfd: pytest.CaptureFixture[str]) -> None:
    conversation.respond("x")
    conversation.start("y").result()
    conversation.close()
    assert tuple(capfd.readouterr()) == ("", "")
