"""Ends, in the way that its argument names, while something of the package is under way."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

# Registered before the package registers its own, so it runs after that.
atexit.register(lambda: at_the_very_end())

from start import client_of_the_test, tell, tell_value, told  # noqa: E402

from polyai_chat import CallCancelledError, ChatError, Client, Conversation  # noqa: E402

client: Client
conversation: Conversation
turns: list[Any] = []


def at_the_very_end() -> None:
    """Runs after the package's own end."""
    if sys.argv[1] == "client_used_at_the_very_end":
        tell(client_of_the_test(timeout=10).attach(conversation.id).respond("at the very end").response)


def in_daemon_threads(count: int, work: Any) -> None:
    """Starts so many threads that the interpreter does not wait for."""
    for number in range(count):
        threading.Thread(target=work, args=(number,), daemon=True).start()


def until_sent() -> None:
    """Waits until the test has seen that all calls have been sent."""
    told()


def daemon_threads_in_calls() -> None:
    """Every thread is in another kind of call."""
    turns.append(conversation.start("started"))

    def call(number: int) -> None:
        calls: list[Any] = [
            lambda: client.create().respond("of a thread"),
            lambda: client.attach(conversation.id).respond("of a thread"),
            lambda: client.respond(conversation.id, "of a thread"),
            lambda: conversation.respond("in line"),
            turns[0].wait,
            turns[0].result,
        ]
        calls[number % len(calls)]()

    in_daemon_threads(12, call)
    until_sent()


def daemon_threads_that_go_on_and_on() -> None:
    """Threads that make one call after the other, whatever comes of them, until they are no more."""

    def talk(number: int) -> None:
        of_thread = client.attach(conversation.id) if number % 2 else client.create()
        while True:
            try:
                of_thread.respond("again")
                # Nobody listens there: the call fails, at once and for ever.
                Client(
                    base_url="http://127.0.0.1:9", account_id="a", project_id="p", api_key="k", token="t", backoff=0.001
                ).create(integration_attributes={"a": [1, 2, 3]})
            except ChatError:
                pass

    in_daemon_threads(6, talk)
    until_sent()


def started_turns_not_awaited() -> None:
    """Turns that nobody waits for, some of them dropped."""
    turns.extend(client.create().start("kept") for _ in range(8))
    for _ in range(8):
        conversation.start("dropped")
    until_sent()


def started_turns_that_end_at_the_end() -> None:
    """Turns whose outcome, and whose listeners' turn, comes while the interpreter is going away."""
    listening = client_of_the_test(timeout=60, on_attempt=lambda attempt: attempt["number"])
    logging.getLogger("polyai_chat").setLevel(logging.DEBUG)
    of_turns = [listening.attach(conversation.id) for _ in range(100)]
    turns.extend(one.start("kept") for one in of_turns)
    until_sent()


def exit_in_a_block() -> None:
    """SystemExit leaves a `with` block, which closes the conversation."""
    with client.create() as in_block:
        tell(in_block.id)
        sys.exit(7)


def exception_while_calls_run() -> None:
    """An exception that nobody catches ends the main thread."""
    in_daemon_threads(4, lambda _number: client.create().respond("of a thread"))
    until_sent()
    raise LookupError("nobody catches this")


def client_used_at_exit() -> None:
    """A handler of `atexit` that says goodbye."""
    atexit.register(lambda: tell(conversation.respond("at exit").response))


def client_used_at_the_very_end() -> None:
    """As `client_used_at_exit`, in a handler that runs after that of the package."""


def listeners_at_work(spent: Any) -> None:
    """Threads that are in `on_attempt`, and in a handler of logging, when the end comes."""
    entered = threading.Semaphore(0)

    def busy(*_arguments: Any) -> None:
        entered.release()
        while True:
            spent()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            busy()

        def handle(self, record: logging.LogRecord) -> bool:
            # Without the handler's lock, which logging itself takes at the end.
            self.emit(record)
            return True

    def listens(_number: int) -> None:
        client_of_the_test(on_attempt=busy).create()

    def logs(_number: int) -> None:
        client_of_the_test(user_agent="logs").create()

    in_daemon_threads(3, listens)
    for _ in range(3):
        entered.acquire()
    turns.append(client_of_the_test(on_attempt=busy).start_create())
    entered.acquire()
    logger = logging.getLogger("polyai_chat")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Handler())
    in_daemon_threads(3, logs)
    for _ in range(3):
        entered.acquire()


def listeners_that_sleep() -> None:
    """The listeners wake up now and then."""
    listeners_at_work(lambda: time.sleep(0.001))


def listeners_that_compute() -> None:
    """The listeners never rest."""
    listeners_at_work(lambda: sum(range(1000)))


def listeners_that_come_to_an_end() -> None:
    """Listeners of a thread and of a started turn, which need a moment more."""
    entered = threading.Semaphore(0)

    def slow(_attempt: dict[str, Any]) -> None:
        entered.release()
        time.sleep(0.1)
        tell("heard")

    listening = client_of_the_test(on_attempt=slow)
    in_daemon_threads(1, lambda _number: listening.create())
    turns.append(listening.start_create())
    for _ in range(2):
        entered.acquire()


def left_without_goodbye() -> None:
    """os._exit while calls run."""
    in_daemon_threads(4, lambda _number: client.create().respond("of a thread"))
    turns.append(conversation.start("started"))
    until_sent()
    os._exit(3)


def child_of_a_busy_parent() -> None:
    """A forked child ends in good order, though its parent has calls and a listener under way."""
    in_daemon_threads(4, lambda _number: client.create().respond("of a thread"))
    turns.append(conversation.start("started"))
    until_sent()
    entered, is_over = threading.Event(), threading.Event()

    def listens(_attempt: dict[str, Any]) -> None:
        entered.set()
        is_over.wait()

    in_daemon_threads(1, lambda _number: client_of_the_test(on_attempt=listens).create())
    entered.wait()
    if os.fork() == 0:
        tell_value(time.monotonic())
        sys.exit(5)
    _, status = os.wait()
    tell_value([time.monotonic(), os.WEXITSTATUS(status)])
    is_over.set()


def killed_by_sigterm() -> None:
    """SIGTERM with a handler that raises SystemExit, as services have it."""
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(9))
    in_daemon_threads(4, lambda _number: client.create().respond("of a thread"))
    conversation.respond("of the main thread")


def thread_that_is_waited_for() -> None:
    """A thread that is no daemon gets its reply: the interpreter waits for it, as it always does."""
    threading.Thread(target=lambda: tell(conversation.respond("patience").response)).start()


def pool_at_exit() -> None:
    """A pool of threads is waited for as well."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(4)
    for _ in range(4):
        pool.submit(lambda: tell(client.create().respond("patience").response))


def cycle_with_a_finalizer() -> None:
    """Something that is only found by the last collection cancels its turn and uses the client."""

    class Owner:
        def __init__(self) -> None:
            self.itself = self
            self.client, self.turn = client, conversation.start("of an owner")

        def __del__(self) -> None:
            self.turn.cancel()
            try:
                self.turn.result()
            except CallCancelledError as error:
                tell(f"cancelled, {error.delivery}")

    turns.append(Owner())
    until_sent()


if __name__ == "__main__":
    client = client_of_the_test(timeout=120)
    conversation = client.create()
    globals()[sys.argv[1]]()
