"""Every kind of failure: its class, what it knows, what it inherits, and that it goes through pickle whole."""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import copy
import functools
import json
import multiprocessing
import pickle
import socket
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

import polyai_chat
from conftest import SCRIPT
from polyai_chat import (
    ChatError,
    Client,
    ConfigurationError,
    Conversation,
    InternalError,
    InvalidArgumentError,
    NotConnectedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = [thing for thing in vars(polyai_chat).values() if isinstance(thing, type) and issubclass(thing, ChatError)]


def not_found(simulator: Simulator) -> None:
    Client(**simulator.options).respond("nobody-knows-it", "x")


def rate_limited(simulator: Simulator) -> None:
    answered(simulator, {"status": 429, "retry_after": {"seconds": 3600}})


def connect(simulator: Simulator) -> None:
    simulator.fail({"reset": {"at": "after_turn"}}, {"operation": "respond"})
    Client(**simulator.options).create().respond("x")


def not_connected(simulator: Simulator) -> None:
    client = Client(**simulator.options, backoff=0.001)
    simulator.stop()
    client.create()


def answered(simulator: Simulator, answer: dict[str, Any]) -> None:
    """One turn that is answered like this."""
    simulator.fail({"answer": answer}, {"operation": "respond"})
    Client(**simulator.options).create().respond("x")


# What fails, and what its cause says. That each kind has its class and its fields the conformance suite shows.
FAILURES: list[tuple[Callable[[Simulator], None], str | None]] = [
    (not_found, None),
    (rate_limited, None),
    (connect, "reset by peer"),
    (not_connected, "refused"),
]


@pytest.fixture(params=FAILURES, ids=lambda failure: failure[0].__name__)
def failed(request: pytest.FixtureRequest, simulator: Simulator) -> tuple[ChatError, str | None]:
    """An exception as it was raised, and what its cause says."""
    provoke, cause = request.param
    with pytest.raises(ChatError) as caught:
        provoke(simulator)
    return caught.value, cause


def test_an_error_is_a_dict_that_json_takes(failed: tuple[ChatError, str | None]) -> None:
    error, _ = failed
    told = error.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["kind"], told["text"], told["attempts"]) == (error.kind, str(error), error.attempts)
    names = told.keys() - {"kind", "text", "cause"}
    assert {name: told[name] for name in names} == {name: getattr(error, name) for name in names}
    properties = {name for name, value in vars(ChatError).items() if isinstance(value, property)}
    assert names == properties - {"headers"}


def test_an_error_shows_its_text(failed: tuple[ChatError, str | None]) -> None:
    error, _ = failed
    assert str(error).startswith(f"{error.kind}: {error.message}")
    assert error.args == (str(error),)
    assert repr(error) == f"{type(error).__name__}({str(error)!r})"


def test_the_cause_is_what_the_system_said(failed: tuple[ChatError, str | None]) -> None:
    error, cause = failed
    if cause is None:
        assert error.__cause__ is None
        return
    assert type(error.__cause__) is OSError
    assert cause in str(error.__cause__)
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert "direct cause" in shown
    assert str(error.__cause__) in shown


def test_what_a_program_raises_from_an_error_keeps_it(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 422}}, {"operation": "respond"})

    def find() -> None:
        try:
            conversation.respond("x")
        except RejectedError as error:
            raise LookupError("of the program") from error

    with pytest.raises(LookupError) as caught:
        find()
    assert isinstance(caught.value.__cause__, RejectedError)
    assert caught.value.__cause__.status == 422


def everything(error: ChatError) -> dict[str, Any]:
    """All that an exception tells."""
    names = [name for name, value in vars(ChatError).items() if isinstance(value, property)]
    told = {name: getattr(error, name) for name in names}
    return {
        **told,
        "headers": list(error.headers.items()),
        "kind": error.kind,
        "text": str(error),
        "args": error.args,
        "cause": repr(error.__cause__),
    }


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_errors_go_through_pickle_whole(failed: tuple[ChatError, str | None], protocol: int) -> None:
    error, _ = failed
    restored = pickle.loads(pickle.dumps(error, protocol))
    assert type(restored) is type(error)
    assert everything(restored) == everything(error)
    assert pickle.dumps(restored, protocol) == pickle.dumps(error, protocol)


def test_errors_can_be_copied(failed: tuple[ChatError, str | None]) -> None:
    error, _ = failed
    for copied in (copy.copy(error), copy.deepcopy(error)):
        assert type(copied) is type(error)
        assert copied is not error
        assert everything(copied) == everything(error)


@pytest.mark.parametrize("of_class", CLASSES, ids=lambda of_class: of_class.__name__)
def test_a_program_can_make_errors_of_every_class_for_its_own_tests(of_class: type[ChatError]) -> None:
    for error in (of_class(), of_class("made up"), of_class("made up", status=500, delivery="rejected")):
        restored = pickle.loads(pickle.dumps(error))
        assert type(restored) is of_class
        assert everything(restored) == everything(error)
    assert of_class().delivery == "unknown"
    assert of_class("made up").message == "made up"
    assert of_class("made up", delivery="rejected").may_resend is True


def provoke_in_another_process(url_and_options: dict[str, Any]) -> None:
    """Run by a child process: raises what its call raises."""
    Client(**url_and_options).respond("nobody-knows-it", "x")


def tell_everything(error: ChatError) -> dict[str, Any]:
    """Run by a child process: what it sees of an error that came from its parent."""
    return everything(error)


def test_errors_go_between_processes_both_ways(simulator: Simulator) -> None:
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(NotFoundError) as caught:
            pool.submit(provoke_in_another_process, dict(simulator.options)).result()
        assert (caught.value.status, caught.value.error_code) == (404, "CONVERSATIONS_NOT_FOUND")
        assert len(caught.value.attempts) == 1
        # The pool puts its own cause in place of ours, to show where in the child it was.
        told = {**everything(caught.value), "cause": "None"}
        assert pool.submit(tell_everything, caught.value).result() == told


@pytest.mark.parametrize("of_class", CLASSES, ids=lambda of_class: of_class.__name__)
def test_no_error_can_be_mistaken_for_a_timeout_and_only_what_was_not_sent_for_a_connection_error(
    of_class: type[ChatError],
) -> None:
    timeouts = (TimeoutError, socket.timeout, asyncio.TimeoutError, concurrent.futures.TimeoutError)
    assert not issubclass(of_class, timeouts)
    assert issubclass(of_class, OSError) is (of_class in (NotConnectedError, UnavailableError))
    assert issubclass(of_class, ConnectionError) is issubclass(of_class, OSError)
    assert issubclass(of_class, ValueError) is (of_class in (InvalidArgumentError, ConfigurationError))
    assert not issubclass(of_class, (asyncio.CancelledError, InterruptedError, LookupError, RuntimeError))
    assert not hasattr(builtins, of_class.__name__)


Result = TypeVar("Result")


def persistent(call: Callable[[str], Result]) -> Callable[[str], Result]:
    """What is found in many programs: whatever smells of the network is tried again, four times in all."""

    @functools.wraps(call)
    def repeated(message: str) -> Result:
        for _ in range(3):
            try:
                return call(message)
            except (ConnectionError, TimeoutError, OSError):
                continue
        return call(message)

    return repeated


MISFORTUNES: list[dict[str, Any]] = [
    *(
        {ending: {"at": moment}}
        for ending in ("reset", "close")
        for moment in (
            "before_read",
            "after_head",
            "after_request",
            "after_turn",
            "in_headers",
            "in_body",
            "after_reply",
        )
    ),
    *({"answer": {"status": status, "processed": True}} for status in (408, 500, 502, 503, 504)),
    {"answer": {"status": 303, "headers": ["Location: /elsewhere"], "processed": True}},
    {"answer": {"status": 200, "body": {"text": "{"}, "processed": True}},
    {"answer": {"status": 200, "content_type": "text/html", "body": {"text": "<h1>"}, "processed": True}},
    {"delay": {"before": "headers", "ms": 60_000}},
    {"delay": {"before": "body", "ms": 60_000}},
    {"drip": {"part": "headers", "every_ms": 100}},
    {"drip": {"part": "body", "every_ms": 100}},
    {"endless_body": {"bytes_per_second": 1000}},
    {"wrong_length": {"by": 5}},
    {"wrong_length": {"by": -5}},
    {"garbage": {}},
    {"surplus": {}},
    {"alter_reply": {"remove": ["response"]}},
    {"alter_reply": {"set": {"conversation_id": "of-somebody-else"}}},
]


@pytest.mark.parametrize("misfortune", MISFORTUNES, ids=str)
def test_a_retry_decorator_on_the_standard_classes_never_doubles_a_turn(
    simulator: Simulator, misfortune: dict[str, Any]
) -> None:
    patient = Client(**simulator.options)
    conversation = Client(**simulator.options, timeout=0.5).attach(patient.create().id)
    moment = next(iter(misfortune.values())).get("at")
    simulator.fail(misfortune, {"times": 2} if moment == "before_read" else {"operation": "respond", "times": 2})

    @persistent
    def say(message: str) -> str:
        return conversation.respond(message).response

    fates: list[str] = []
    for message in ("first", "second", "third"):
        try:
            assert say(message) == f"You said: {message}"
        except ChatError as error:
            fates.append(error.delivery)
    assert set(fates) <= {"unknown"}
    # Something was there to count: over a connection that nothing has befallen the agent hears.
    simulator.clear_faults()
    patient.respond(conversation.id, "last")
    (seen,) = simulator.conversations()
    assert seen["messages"][-1] == "last"
    assert len(seen["messages"]) == len(set(seen["messages"]))


def test_the_same_decorator_does_repeat_what_was_never_sent() -> None:
    with Simulator(script=SCRIPT, tls=True) as simulator:
        # A connection for each call, and the library itself repeats nothing.
        conversation = Client(**simulator.options, max_attempts=1, max_idle_connections=0).create()
        simulator.fail({"reset": {"at": "handshake"}}, {"connection": 3})
        simulator.fail({"close": {"at": "handshake"}}, {"connection": 4})
        attempts: list[str] = []

        @persistent
        def say(message: str) -> str:
            attempts.append(message)
            return conversation.respond(message).response

        assert say("first") == "You said: first"
        assert say("second") == "You said: second"
        assert attempts == ["first", "second", "second", "second"]
        (seen,) = simulator.conversations()
        assert seen["messages"] == ["first", "second"]


def test_an_internal_error_has_its_class_too() -> None:
    assert InternalError("defect").kind == "internal"
    assert ChatError("of no kind").kind == "internal"
