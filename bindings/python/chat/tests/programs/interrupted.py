"""Blocks in the call that its argument names, tells when it does, and then how the call ended."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from start import client_of_the_test, tell, tell_value

from polyai_chat import ChatError, Client, Turn


class EnoughError(Exception):
    """What the program's own signal handler raises."""


def blocked(call: Callable[[], Any]) -> Any:
    """The frame that `tell_when_blocked` looks for."""
    return call()


def tell_when_blocked() -> None:
    """Tells once the main thread has been in `blocked` for a while."""
    main = threading.main_thread().ident
    assert main is not None
    seen = 0
    while seen < 5:
        seen = seen + 1 if is_in_blocked(sys._current_frames()[main]) else 0
        time.sleep(0.005)
    tell("blocked")


def is_in_blocked(frame: FrameType | None) -> bool:
    """Whether this frame was called by `blocked`, directly or not."""
    while frame is not None and frame.f_code is not blocked.__code__:
        frame = frame.f_back
    return frame is not None


def outcome(call: Callable[[], Any]) -> dict[str, Any]:
    """The outcome of the call, and when."""
    threading.Thread(target=tell_when_blocked).start()
    try:
        value = blocked(call)
    except BaseException as error:
        cause = error.__cause__ or error
        return {
            "at": time.monotonic(),
            "raised": type(error).__name__,
            "cause": type(error.__cause__).__name__,
            "delivery": cause.delivery if isinstance(cause, ChatError) else None,
        }
    return {"at": time.monotonic(), "returned": getattr(value, "response", str(value))}


def call_under_test(client: Client, name: str) -> Callable[[], Any]:
    """The call of this name, with all that must have happened before."""
    if name == "warm_up":
        return lambda: client.warm_up(60)
    if name == "create":
        return client.create
    conversation = client.create()
    if name == "queued":
        # Kept by the lambda: a turn that is dropped is cancelled.
        earlier = conversation.start("the earlier turn")
        return lambda: (conversation.respond("the later turn"), earlier)
    calls: dict[str, Callable[[], Any]] = {
        "respond": lambda: conversation.respond("hello"),
        "close": conversation.close,
        "client.respond": lambda: client.respond(conversation.id, "hello"),
        "client.close_conversation": lambda: client.close_conversation(conversation.id),
    }
    return calls[name]


def plain() -> None:
    """The call ends with whatever a signal raises."""
    client = client_of_the_test(timeout=60, close_timeout=60)
    tell_value(outcome(call_under_test(client, sys.argv[2])))


def started() -> None:
    """Waiting for a started turn ends; the turn does not."""
    turn = client_of_the_test(timeout=60).create().start("hello")
    waiting: dict[str, Callable[[Turn[Any]], Any]] = {"wait": Turn.wait, "result": Turn.result}
    tell_value(outcome(lambda: waiting[sys.argv[2]](turn)))
    tell_value({"done": turn.done})
    tell_value({"response": turn.result().response})


def in_a_block() -> None:
    """The conversation is closed on the way out."""
    client = client_of_the_test(timeout=60)

    def call() -> None:
        with client.create() as conversation:
            blocked(lambda: conversation.respond("hello"))

    tell_value(outcome(call))


def handlers() -> None:
    """A handler that goes on, one that raises an exception of its own, and one that talks to the agent itself."""
    client = client_of_the_test(timeout=60)
    conversation = client.create()

    def go_on(_number: int, _frame: FrameType | None) -> None:
        tell("handled")

    def refuse(_number: int, _frame: FrameType | None) -> None:
        raise EnoughError

    def talk(_number: int, _frame: FrameType | None) -> None:
        tell("said " + client.create().respond("from the handler").response)

    signal.signal(signal.SIGUSR1, go_on)
    signal.signal(signal.SIGUSR2, talk)
    signal.signal(signal.SIGTERM, refuse)
    tell_value(outcome(lambda: conversation.respond("hello")))


def dispositions() -> None:
    """SIGINT is ignored, or left to the system."""
    signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[2] == "ignore" else signal.SIG_DFL)
    conversation = client_of_the_test(timeout=60).create()
    tell_value(outcome(lambda: conversation.respond("hello")))


def other_thread() -> None:
    """Another thread is in a call; the main thread is in one as well, or waits for it."""
    client = client_of_the_test(timeout=60)
    mine, others = client.create(), client.create()
    replies: list[str] = []
    is_answered = threading.Event()

    def talk() -> None:
        replies.append(others.respond("of the thread").response)
        is_answered.set()

    threading.Thread(target=talk).start()
    if sys.argv[2] == "main_in_a_call":
        tell_value(outcome(lambda: mine.respond("of the main thread")))
    else:
        tell_value(outcome(is_answered.wait))
    is_answered.wait()
    tell_value(replies)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
