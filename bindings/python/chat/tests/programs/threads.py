"""Threads of one process that talk to the agent, in the way that its argument names."""

from __future__ import annotations

import sys
import threading
from typing import Any

from start import client_of_the_test, tell_value

THREADS = 200


def clients() -> None:
    """A client for each of many threads, all at once."""
    start = threading.Barrier(THREADS)
    answers: list[Any] = [None] * THREADS

    def talk(number: int) -> None:
        start.wait()
        client = client_of_the_test(timeout=50)
        with client.create() as conversation:
            answers[number] = [conversation.respond(f"{number}, {turn}").response for turn in range(3)]

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell_value(answers)


def counting() -> None:
    """One thread counts while the main one is in a call: blocking call, the end of a block, and waiting for a turn."""
    # Were the lock of the interpreter only lent for its switch interval, it would not be lent during the test.
    sys.setswitchinterval(1000)
    client = client_of_the_test(timeout=50)
    conversation = client.create()
    counted = 0
    is_over = False
    pause = threading.Event()

    def count() -> None:
        nonlocal counted
        while not is_over:
            counted += 1
            pause.wait(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    seen = []
    turn = conversation.start("started")
    for call in (
        lambda: conversation.respond("hello"),
        lambda: client.respond(conversation.id, "hello"),
        turn.wait,
        lambda: client.create(),
        lambda: conversation.__exit__(None, None, None),
    ):
        before = counted
        call()  # type: ignore[no-untyped-call, unused-ignore]
        seen.append(counted - before)
    is_over = True
    thread.join()
    tell_value(seen)


def foreign() -> None:
    """A thread that Python has not started, as a host in C has them, leaves no trace in `threading`."""
    import ctypes

    conversation = client_of_the_test(timeout=50).create()
    answers = []

    def talk(_argument: int) -> None:
        answers.append(conversation.respond("of a foreign thread").response)
        answers.append(conversation.start("started by one").result().response)

    system = ctypes.CDLL(None)
    thread = ctypes.c_ulong()
    work = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(talk)
    system.pthread_create(ctypes.byref(thread), None, work, None)
    system.pthread_join(thread, None)
    tell_value([answers, len(threading.enumerate())])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
