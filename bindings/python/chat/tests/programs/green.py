"""A program that gevent has patched: green threads that talk to the agent, as its argument says."""

from __future__ import annotations

import gevent.monkey  # type: ignore[import-untyped]

gevent.monkey.patch_all()

import signal  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent import socket  # noqa: E402
from start import client_of_the_test, tell, tell_value, told  # noqa: E402

from polyai_chat import CallCancelledError, ChatError, Turn  # noqa: E402


def awaited(turn: Turn[Any]) -> Any:
    """The outcome of the turn; other green threads run until it is there, and whoever stops waiting, stops it."""
    try:
        socket.wait_read(turn.fileno())
        return turn.result()
    finally:
        turn.cancel()


def many() -> None:
    """Many conversations at once, and one green thread that counts how often it is its turn meanwhile."""
    client = client_of_the_test(timeout=30)
    ticks = 0
    is_over = False

    def tick() -> None:
        nonlocal ticks
        while not is_over:
            ticks += 1
            gevent.sleep(0.01)

    def talk(number: int) -> list[str]:
        conversation = awaited(client.start_create())
        return [awaited(conversation.start(f"{number}, {turn}")).response for turn in range(3)]

    ticking = gevent.spawn(tick)
    talking = [gevent.spawn(talk, number) for number in range(100)]
    gevent.joinall(talking, raise_error=True)
    is_over = True
    ticking.join()
    tell_value([green.value for green in talking])
    tell_value(ticks)


def killed() -> None:
    """A green thread that is killed cancels its turn."""
    conversation = client_of_the_test(timeout=60).create()
    turns: list[Turn[Any]] = []

    def talk() -> None:
        turns.append(conversation.start("hello"))
        awaited(turns[0])

    green = gevent.spawn(talk)
    # The test's line comes by a pipe, which gevent does not patch.
    gevent.sleep(0)
    told()
    green.kill()
    try:
        turns[0].result()
    except CallCancelledError as error:
        tell(error.delivery)


def timed_out() -> None:
    """gevent's own timeout ends the waiting, and with it the turn."""
    conversation = client_of_the_test(timeout=60).create()
    turn = conversation.start("hello")
    try:
        with gevent.Timeout(0.2):
            awaited(turn)
    except gevent.Timeout:
        tell("timed out")
    try:
        turn.result()
    except CallCancelledError as error:
        tell(error.delivery)


def interrupted() -> None:
    """A plain call, which blocks all green threads, in the main one or another; Ctrl-C ends it."""
    conversation = client_of_the_test(timeout=60).create()

    def call() -> None:
        began = time.monotonic()
        try:
            conversation.respond("hello")
        except KeyboardInterrupt as error:
            cause = error.__cause__
            tell_value([time.monotonic(), cause.delivery if isinstance(cause, ChatError) else None])
        except ChatError as error:
            tell_value([time.monotonic() - began, f"{type(error).__name__}, {error.delivery}"])

    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.argv[2] == "green":
        gevent.spawn(call).join()
    else:
        call()


def plain() -> None:
    """Plain calls in a patched process, also in what `threading` calls threads here, and in real ones."""
    client = client_of_the_test(timeout=30)
    answers = [client.create().respond("plain").response]
    thread = threading.Thread(target=lambda: answers.append(client.create().respond("green").response))
    thread.start()
    thread.join()
    pool = gevent.get_hub().threadpool
    answers.append(pool.apply(lambda: client.create().respond("real").response))
    tell_value(answers)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
