"""Many threads use everything at once: clients, conversations, turns, simulator, pickling, logging, listeners, new
keys, and an end to it all. With a free-threaded Python they really run at once; with an ordinary one they change
places as often as can be.

What is checked is what must hold in every order: each caller gets its own answer or an error that says what happened,
the service has taken as many turns as were answered, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import sys
import threading
import time
import weakref
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from children import PATIENCE
from polyai_chat import AsyncClient, CallCancelledError, ChatError, Client, Conversation, InvalidArgumentError, Turn
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 8
ROUNDS = 25


@pytest.fixture(autouse=True)
def places_change_often() -> Iterator[None]:
    """An ordinary interpreter goes on with another thread after 10 µs, not 5 ms."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(*works: Callable[[], object]) -> None:
    """Runs each in a thread of its own, from the same moment on, and raises what one of them raised."""
    start = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        start.wait(PATIENCE)
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"
    if failures:
        raise failures[0]


def test_the_free_threaded_interpreter_stays_free() -> None:
    # Importing a module that is not declared safe would have switched the lock on.
    is_locked = getattr(sys, "_is_gil_enabled", None)
    if is_locked is None or "free-threading" not in sys.version:
        pytest.skip("this Python has a lock")
    assert not is_locked()


def test_everything_at_once(simulator: Simulator) -> None:
    attempts: list[str] = []
    client = Client(**simulator.options, on_attempt=lambda attempt: attempts.append(attempt["correlation_id"]))
    shared = client.create()
    # None of these is waited for; all are asked for while others change what they tell.
    over = threading.Event()
    pairs = [("simulator-key", "simulator-token"), ("another-key", "another-token")]
    answered: Counter[str] = Counter()
    counting = threading.Lock()

    def taken(kind: str) -> None:
        with counting:
            answered[kind] += 1

    def talk(number: int) -> None:
        for turn in range(ROUNDS):
            said = f"{number}-{turn}"
            with suppress_refused():
                own = client.create()
                taken("create")
                with own:
                    assert own.respond(said).response == f"You said: {said}"
                    taken("respond")
                    reply = shared.respond(said)
                    taken("respond")
                    assert reply.response == f"You said: {said}"
                    assert pickle.loads(pickle.dumps(reply)) == reply == copy.deepcopy(reply)
                    assert hash(reply) == hash(copy.copy(reply))

    def talk_in_a_loop(number: int) -> None:
        async def main() -> None:
            chat = AsyncClient(client)
            for turn in range(ROUNDS):
                said = [f"{number}-{turn}-{each}" for each in range(3)]
                for text, outcome in zip(said, await asyncio.gather(*map(respond, said), return_exceptions=True)):
                    if isinstance(outcome, BaseException):
                        assert is_refused(outcome)
                    else:
                        assert outcome == f"You said: {text}"
            del chat

        async def respond(text: str) -> str:
            reply = await AsyncClient(client).respond(shared.id, text)
            taken("respond")
            return reply.response

        asyncio.run(main())

    def share_a_turn() -> None:
        for _ in range(ROUNDS):
            turn = shared.start("shared")
            results: list[str] = []

            def take(turn: Turn[Any] = turn, results: list[str] = results) -> None:
                with suppress_refused():
                    turn.wait(PATIENCE)
                    results.append(turn.result().response)
                    assert turn.done
                    turn.cancel()

            together(take, take, take)
            assert results in ([], ["You said: shared"] * 3)
            if results:
                taken("respond")

    def replace_keys() -> None:
        # The service knows one of the two.
        while not over.is_set():
            for key, token in (pairs[1], pairs[0]):
                client.replace_credentials(key, token)
            time.sleep(0.001)

    def ask() -> None:
        while not over.is_set():
            assert client.metrics()["attempts"] >= 0
            assert len(client.recent_attempts()) <= 100_000
            assert client.settings()
            assert shared.state in ("open", "in_doubt")
            assert repr(client) == f"<Client of {simulator.url}>"
            assert simulator.requests_to("respond") >= 0
            assert simulator.conversations()
            with pytest.raises(TypeError):
                pickle.dumps(client)
            with pytest.raises(InvalidArgumentError) as caught:
                client.attach("")
            assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message

    def change_logging() -> None:
        logger = logging.getLogger("polyai_chat")
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)
        try:
            while not over.is_set():
                for level in (logging.DEBUG, logging.ERROR):
                    logger.setLevel(level)
                    time.sleep(0.001)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)

    def collect() -> None:
        while not over.is_set():
            made = weakref.ref(Client(**simulator.options))
            gc.collect()
            assert made() is None
            time.sleep(0.1)  # collecting takes long in a process of many objects, and nothing else runs meanwhile

    lines: list[str] = []
    side = [replace_keys, ask, change_logging, collect]
    workers = [*(lambda n=n: talk(n) for n in range(THREADS)), *(lambda n=n: talk_in_a_loop(n) for n in range(2))]
    left = [len(workers) + 1]

    def and_then_stop(work: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            try:
                work()
            finally:
                with counting:
                    left[0] -= 1
                    if left[0] == 0:
                        over.set()

        return run

    together(*map(and_then_stop, [*workers, share_a_turn]), *side)
    check_what_was_received(simulator, answered)
    assert answered["respond"] > 0
    assert len(attempts) == client.metrics()["attempts"]
    assert lines, "somebody listened now and then"


def is_refused(error: BaseException) -> bool:
    """Whether a call met the pair of keys that the service does not know."""
    return isinstance(error, ChatError) and error.status == 401 and error.delivery == "rejected"


class suppress_refused:
    """A block that may end with the service's refusal of a pair of keys."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        return error is not None and is_refused(error)


def check_what_was_received(simulator: Simulator, answered: Counter[str]) -> None:
    """What the service counted is what the callers were told."""
    taken = sum(conversation["turns"] for conversation in simulator.conversations())
    assert taken == answered["respond"]
    assert len(simulator.conversations()) == answered["create"] + 1
    statuses = Counter(request["status"] for request in simulator.received())
    assert set(statuses) <= {200, 401}, statuses


def test_a_client_that_is_shut_down_in_the_middle_of_everything(simulator: Simulator) -> None:
    for _ in range(5):
        client = Client(**simulator.options)
        conversations = [client.create() for _ in range(THREADS)]
        outcomes: Counter[str] = Counter()
        counting = threading.Lock()
        before = simulator.requests_to("respond")

        def talk(
            conversation: Conversation,
            outcomes: Counter[str] = outcomes,
            counting: threading.Lock = counting,
        ) -> None:
            while True:
                try:
                    conversation.respond("x")
                    outcome = "replied"
                except CallCancelledError as error:
                    outcome = error.delivery
                with counting:
                    outcomes[outcome] += 1
                if outcome == "not_sent":
                    return

        def end(client: Client = client, before: int = before) -> None:
            assert simulator.wait_for("respond", before + 2 * THREADS, PATIENCE)
            client.close()

        together(*(lambda c=c: talk(c) for c in conversations), end, end)
        assert outcomes["not_sent"] == THREADS
        # One call at most of each was cut off on its way.
        assert outcomes["unknown"] <= THREADS
        assert client.metrics()["idle_connections"] == 0
        assert client.metrics()["calls_in_flight"] == 0


def test_turns_are_dropped_cancelled_and_taken_by_several_threads(client: Client, simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 600_000}}, {"operation": "respond"})

    def work() -> None:
        conversation = client.create()
        for _ in range(ROUNDS):
            turn = conversation.start("x")
            kinds: list[str] = []

            def take(turn: Turn[Any] = turn, kinds: list[str] = kinds) -> None:
                try:
                    turn.result()
                except CallCancelledError as error:
                    kinds.append(error.delivery)

            together(take, turn.cancel, take, turn.cancel)
            # The same for both, whatever it was.
            assert kinds in (["unknown"] * 2, ["not_sent"] * 2)
            conversation.start("dropped")

    together(*[work] * 4)
    end = time.monotonic() + PATIENCE
    while threads_of_turns() > 0:
        assert time.monotonic() < end, "a dropped turn goes on"
    assert client.metrics()["calls_in_flight"] == 0


def threads_of_turns() -> int:
    """How many started calls have a thread now."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            names.append((task / "comm").read_text())
    return sum(name.startswith("polyai-turn") for name in names)


def test_a_simulator_that_is_stopped_by_several_threads_while_it_is_used() -> None:
    for _ in range(10):
        simulator = Simulator()
        client = Client(**simulator.options)

        def use(client: Client = client, simulator: Simulator = simulator) -> None:
            # The simulator's word that it has been stopped ends it.
            with pytest.raises(RuntimeError):  # noqa: PT012
                while True:
                    with suppress(ChatError):
                        client.create(timeout=PATIENCE).respond("x")
                    simulator.received()

        def stop(simulator: Simulator = simulator) -> None:
            with suppress(RuntimeError):
                simulator.wait_for("create", 4, PATIENCE)
            simulator.stop()

        together(use, use, use, stop, stop)
        client.close()
