"""Every kind of failure: its class, what it knows, what it inherits, and that it goes through pickle whole."""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import copy
import functools
import multiprocessing
import pickle
import socket
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

import polyai_chat
from conftest import SCRIPT
from polyai_chat import (
    AuthenticationError,
    BusyError,
    CallCancelledError,
    ChatError,
    Client,
    ConfigurationError,
    ConnectError,
    Conversation,
    ConversationEndedError,
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    NotConnectedError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnavailableError,
    UnsupportedError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = [thing for thing in vars(polyai_chat).values() if isinstance(thing, type) and issubclass(thing, ChatError)]


def invalid_argument(simulator: Simulator) -> None:
    Client(**simulator.options).attach("")


def configuration(simulator: Simulator) -> None:
    Client(**simulator.options, region="uk")


def unsupported(simulator: Simulator) -> None:
    Client(**simulator.options).create(user_id="sam")


def authentication(simulator: Simulator) -> None:
    client = Client(**simulator.options)
    client.replace_credentials("another-key", "another-token")
    client.create()


def permission(simulator: Simulator) -> None:
    answered(simulator, {"status": 403})


def not_found(simulator: Simulator) -> None:
    Client(**simulator.options).respond("nobody-knows-it", "x")


def conversation_ended(simulator: Simulator) -> None:
    conversation = Client(**simulator.options).create()
    simulator.end_conversation(conversation.id)
    conversation.respond("x")


def rejected(simulator: Simulator) -> None:
    answered(simulator, {"status": 422})


def rate_limited(simulator: Simulator) -> None:
    answered(simulator, {"status": 429, "retry_after": {"seconds": 3600}})


def server(simulator: Simulator) -> None:
    answered(simulator, {"status": 502})


def connect(simulator: Simulator) -> None:
    simulator.fail({"reset": {"at": "after_turn"}}, {"operation": "respond"})
    Client(**simulator.options).create().respond("x")


def not_connected(simulator: Simulator) -> None:
    client = Client(**simulator.options, backoff=0.001)
    simulator.stop()
    client.create()


def timeout(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    Client(**simulator.options).create().respond("x", timeout=1)


def cancelled(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    turn = Client(**simulator.options).create().start("x")
    simulator.wait_for("respond", 1)
    turn.cancel()
    turn.result()


def protocol(simulator: Simulator) -> None:
    answered(
        simulator,
        {"status": 200, "content_type": "text/html", "body": {"text": "<h1>It works</h1>"}, "processed": True},
    )


def busy(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    conversation = Client(**simulator.options).create()
    first = conversation.start("x")
    simulator.wait_for("respond", 1)
    try:
        conversation.respond("y", timeout=0.2)
    finally:
        first.cancel()


def unavailable(simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
    conversation = Client(**simulator.options, breaker_failures=1).create()
    with pytest.raises(ServerError):
        conversation.respond("x")
    conversation.respond("y")


def answered(simulator: Simulator, answer: dict[str, Any]) -> None:
    """One turn that is answered like this."""
    simulator.fail({"answer": answer}, {"operation": "respond"})
    Client(**simulator.options).create().respond("x")


class Expected:
    """What an exception must know. Of `requests` to respond the service sees so many, whatever went wrong."""

    def __init__(
        self,
        delivery: str,
        phase: str,
        *,
        status: int | None = None,
        error_code: str | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
        cause: str | None = None,
        requests: int = 0,
    ) -> None:
        self.known = {
            "delivery": delivery,
            "phase": phase,
            "status": status,
            "error_code": error_code,
            "attempts": attempts,
            "retry_after": None if retry_after is None else pytest.approx(retry_after, abs=5),
        }
        self.cause = cause
        self.requests = requests


FAILURES: list[tuple[Callable[[Simulator], None], type[ChatError], Expected]] = [
    (invalid_argument, InvalidArgumentError, Expected("not_sent", "prepare")),
    (configuration, ConfigurationError, Expected("not_sent", "prepare")),
    (unsupported, UnsupportedError, Expected("not_sent", "prepare")),
    (
        authentication,
        AuthenticationError,
        Expected("rejected", "reply", status=401, error_code="AUTH_USER_NOT_FOUND", attempts=1),
    ),
    (
        permission,
        PermissionDeniedError,
        Expected("rejected", "reply", status=403, error_code="USER_ACCESS_FORBIDDEN", attempts=1, requests=1),
    ),
    (
        not_found,
        NotFoundError,
        Expected("rejected", "reply", status=404, error_code="CONVERSATIONS_NOT_FOUND", attempts=1, requests=1),
    ),
    (
        conversation_ended,
        ConversationEndedError,
        Expected("rejected", "reply", status=410, error_code="CHAT_CONVERSATION_ENDED", attempts=1, requests=1),
    ),
    (
        rejected,
        RejectedError,
        Expected("rejected", "reply", status=422, error_code="UNPROCESSABLE_ENTITY", attempts=1, requests=1),
    ),
    (
        rate_limited,
        RateLimitedError,
        Expected(
            "rejected",
            "reply",
            status=429,
            error_code="RATE_LIMIT_EXCEEDED",
            attempts=1,
            retry_after=3600,
            requests=1,
        ),
    ),
    (
        server,
        ServerError,
        Expected("unknown", "reply", status=502, error_code="SIMULATED_FAULT", attempts=1, requests=1),
    ),
    (connect, ConnectError, Expected("unknown", "headers", attempts=1, cause="reset by peer", requests=1)),
    (not_connected, NotConnectedError, Expected("not_sent", "connect", attempts=3, cause="refused")),
    (timeout, DeadlineExceededError, Expected("unknown", "headers", attempts=1, requests=1)),
    (cancelled, CallCancelledError, Expected("unknown", "headers", attempts=1, requests=1)),
    (protocol, ProtocolError, Expected("unknown", "reply", status=200, attempts=1, requests=1)),
    (busy, BusyError, Expected("not_sent", "queue", requests=1)),
    (unavailable, UnavailableError, Expected("not_sent", "prepare", retry_after=10, requests=1)),
]


@pytest.fixture(params=FAILURES, ids=lambda failure: failure[0].__name__)
def failed(request: pytest.FixtureRequest, simulator: Simulator) -> tuple[ChatError, type[ChatError], Expected]:
    """An exception of each kind, as it was raised, and what it should be."""
    provoke, of_kind, expected = request.param
    with pytest.raises(ChatError) as caught:
        provoke(simulator)
    if of_kind is not NotConnectedError:
        assert simulator.requests_to("respond") == expected.requests
    return caught.value, of_kind, expected


def test_each_kind_has_its_class_and_says_what_is_known(
    failed: tuple[ChatError, type[ChatError], Expected],
) -> None:
    error, of_kind, expected = failed
    assert type(error) is of_kind
    assert expected.known == {
        "delivery": error.delivery,
        "phase": error.phase,
        "status": error.status,
        "error_code": error.error_code,
        "attempts": len(error.attempts),
        "retry_after": error.retry_after,
    }
    assert error.may_resend is (error.delivery != "unknown")
    assert str(error).startswith(f"{error.kind}: {error.message}")
    assert error.args == (str(error),)
    assert repr(error) == f"{type(error).__name__}({str(error)!r})"


def test_what_was_answered_is_a_part_of_the_error(failed: tuple[ChatError, type[ChatError], Expected]) -> None:
    error, _, _ = failed
    if error.status is None:
        assert (len(error.headers), error.body_excerpt, error.service_message) == (0, None, None)
        return
    assert error.headers["content-type"] == error.headers["Content-Type"]
    assert error.headers["X-Simulator"].startswith("simulator")
    assert error.body_excerpt
    assert (error.service_message is None) is (error.error_code is None)


def test_what_was_on_the_wire_can_be_found_again_at_the_service(
    failed: tuple[ChatError, type[ChatError], Expected],
) -> None:
    error, _, _ = failed
    if not error.attempts:
        return
    assert error.correlation_id
    assert error.correlation_id in str(error)
    assert [attempt["number"] for attempt in error.attempts] == list(range(1, len(error.attempts) + 1))
    assert {attempt["correlation_id"] for attempt in error.attempts} == {error.correlation_id}
    last = error.attempts[-1]
    assert (last["kind"], last["delivery"], last["status"]) == (error.kind, error.delivery, error.status)


def test_the_cause_is_what_the_system_said(failed: tuple[ChatError, type[ChatError], Expected]) -> None:
    error, _, expected = failed
    if expected.cause is None:
        assert error.__cause__ is None
        return
    assert type(error.__cause__) is OSError
    assert expected.cause in str(error.__cause__)
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
def test_errors_go_through_pickle_whole(failed: tuple[ChatError, type[ChatError], Expected], protocol: int) -> None:
    error, _, _ = failed
    restored = pickle.loads(pickle.dumps(error, protocol))
    assert type(restored) is type(error)
    assert everything(restored) == everything(error)
    assert pickle.dumps(restored, protocol) == pickle.dumps(error, protocol)


def test_errors_can_be_copied(failed: tuple[ChatError, type[ChatError], Expected]) -> None:
    error, _, _ = failed
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


@pytest.fixture
def stopped() -> Client:
    """A client whose service is gone."""
    with Simulator(script=SCRIPT) as simulator:
        client = Client(**simulator.options, backoff=0.001)
    return client


def test_what_was_never_sent_is_a_connection_error(stopped: Client) -> None:
    with pytest.raises(ConnectionError) as caught:
        stopped.create()
    assert isinstance(caught.value, NotConnectedError)
    with pytest.raises(OSError, match="no connection"):
        stopped.respond("conversation", "x")
    with pytest.raises(ConnectError):
        stopped.close_conversation("conversation")


def test_an_internal_error_has_its_class_too() -> None:
    assert InternalError("defect").kind == "internal"
    assert ChatError("of no kind").kind == "internal"
