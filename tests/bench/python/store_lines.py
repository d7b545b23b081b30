"""What a store takes beside many messages in line, how soon a worker that rests begins with a new one, and a burst."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from store_places import Places

if TYPE_CHECKING:
    from pathlib import Path

SYNC_MS = 4.0
FEW = 100
LINES = 1_000
WORDS = 31
FIRST_WORDS = 10  # plans are made meanwhile
RESTED = 200
SENDERS = 10
DELAY_MS = 250
SCRIPT = (
    f'greeting = "Hello"\ndefault_reply = "Yes."\n[[rules]]\npattern = "."\nreply = "Yes."\ndelay_ms = {DELAY_MS}\n'
)


def words(built: Path, many: int) -> dict[str, Any]:
    """What `take`, `counts` and `parked` take with so many in line, and with a hundred: medians, in milliseconds."""
    result: dict[str, Any] = {}
    with Places(built, SYNC_MS) as places:
        for kind in ("sqlite", "postgresql"):
            result[kind] = {}
            with closing(places.open(kind)) as store:
                for waiting in (FEW, many):
                    channel = f"line of {waiting}"
                    _put_in_line(places, kind, store, channel, waiting, waiting)
                    result[kind][str(waiting)] = _medians(store, channel)
    return result


def _put_in_line(places: Places, kind: str, store: Any, channel: str, lines: int, messages: int) -> None:
    from polyai_chat_channels import Message

    if kind == "postgresql":
        places.put_in_line(channel, lines, messages)
        return
    for number in range(messages):
        message = Message(f"{number % lines}", f"{number}", "hello")
        store.accept(channel, message, "t", worker=None, lease=60.0, timeout=60.0)


def _medians(store: Any, channel: str) -> dict[str, float]:
    calls = {
        "take": lambda: store.take(channel, "me", 1, lease=600.0, timeout=60.0),
        "counts": lambda: store.counts(channel, 100, timeout=60.0),
        "parked": lambda: store.parked(channel, 100, timeout=60.0),
    }
    result: dict[str, float] = {}
    for name, call in calls.items():
        took = []
        for _ in range(FIRST_WORDS + WORDS):
            began = time.perf_counter()
            call()
            took.append(time.perf_counter() - began)
        result[name] = 1000 * sorted(took[FIRST_WORDS:])[WORDS // 2]
    return result


def wake_ups(built: Path, many: int) -> dict[str, Any]:
    """From the end of `accept` until the agent hears the message, where the workers rest, in milliseconds: beside
    nothing, and beside so many messages behind a thousand that another worker has."""
    from polyai_chat_testing import Simulator

    result: dict[str, Any] = {}
    for kind in ("sqlite", "postgresql"):
        result[kind] = {}
        for waiting in (0, many):
            with Places(built, SYNC_MS) as places, Simulator() as simulator, closing(places.open(kind)) as store:
                if waiting:
                    store.beat("stuck", "stuck", timeout=60.0)
                    _put_in_line(places, kind, store, "rested", LINES, waiting)
                    assert len(store.take("rested", "stuck", LINES, lease=86400.0, timeout=60.0)) == LINES
                worker = places.start("store_resting.py", kind, places.files[kind], **simulator.environment)
                try:
                    heard = [_heard_after(simulator, store, number) for number in range(SENDERS + RESTED)]
                finally:
                    worker.communicate("\n")
                took = sorted(heard[SENDERS:])  # before, conversations were created
                result[kind][str(waiting)] = {
                    "p50": 1000 * took[RESTED // 2],
                    "p99": 1000 * took[int(RESTED * 0.99)],
                }
    return result


def _heard_after(simulator: Any, store: Any, number: int) -> float:
    """The seconds until the agent has heard a new message."""
    from polyai_chat_channels import Message

    message = Message(f"rested {number % SENDERS}", f"{number}", "hello")
    store.accept("rested", message, f"{number}", worker=None, lease=60.0, timeout=60.0)
    began = time.perf_counter()
    while simulator.requests_to("respond") <= number:
        if time.perf_counter() - began > 60:
            raise SystemExit("a message was not taken within a minute")
        time.sleep(0.0005)
    return time.perf_counter() - began


def burst(built: Path, senders: int) -> dict[str, float]:
    """So many senders at once, 128 under way at a time."""
    with Places(built, SYNC_MS) as places:
        return asyncio.run(_burst(places.files["postgresql"], senders))


async def _burst(conninfo: str, senders: int) -> dict[str, float]:
    from polyai_chat import AsyncClient, Client
    from polyai_chat_channels import AsyncChannel, AsyncPostgresStore
    from polyai_chat_testing import Simulator

    with Simulator(script=SCRIPT) as simulator:
        async with AsyncPostgresStore(conninfo) as store:
            client = AsyncClient(Client(**simulator.options, max_calls_in_flight=1000))
            channel = AsyncChannel(client, store, "burst", timeout=600.0)
            began = time.perf_counter()

            async def one(number: int) -> str:
                answer = await channel.receive(sender=f"{number}", message_id="1", text="hello")
                return answer.state

            states = await asyncio.gather(*(one(number) for number in range(senders)), return_exceptions=True)
            seconds = time.perf_counter() - began
        answered = states.count("open")
        turns = simulator.requests_to("respond")
    return {"senders": senders, "answered": answered, "late": senders - answered, "turns": turns, "seconds": seconds}
