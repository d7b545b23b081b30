"""How many messages a second the stores take, by the number of processes, of known senders, and of what is kept."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from store_places import Places, together

if TYPE_CHECKING:
    from pathlib import Path

SYNC_MS = (0.2, 4.0)
PROCESSES = (1, 2, 4, 8)
SENDERS = (1_000, 1_000_000)
ROUNDS = 5


def measure(built: Path, quick: bool) -> dict[str, Any]:
    """Messages a second of all processes together, and the milliseconds that one takes, on disks of two speeds."""
    seconds, processes = (1.0, (1, 8)) if quick else (8.0, PROCESSES)
    result: dict[str, Any] = {}
    for sync_ms in SYNC_MS:
        with Places(built, sync_ms) as places:
            result[str(sync_ms)] = {
                kind: {str(count): _carried(places, kind, count, seconds) for count in processes}
                for kind in places.files
            }
    return result


def _carried(places: Places, kind: str, processes: int, seconds: float) -> dict[str, float]:
    names = [f"{processes}-{number}" for number in range(processes)]
    children = [places.start("store_worker.py", kind, places.files[kind], name, str(seconds)) for name in names]
    said = [json.loads(one) for one in together(children)]
    took = sorted(second for one in said for second in one["took"])
    return {
        "cpu_ms": 1000 * sum(one["cpu"] for one in said) / len(took),
        "per_s": len(took) / seconds,
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[int(len(took) * 0.99)],
    }


def statements(built: Path) -> dict[str, float]:
    """The statements of PostgreSQL that a message of a known sender takes in a channel, as the server counts them:
    those that it waits for, and wake-ups, which another thread sends."""
    from polyai_chat import Client
    from polyai_chat_channels import Channel, PostgresStore
    from polyai_chat_testing import Simulator

    messages = 200
    with Places(built, 0.0) as places, Simulator() as simulator, PostgresStore(places.files["postgresql"]) as store:
        channel = Channel(Client(**simulator.options), store, "trips")

        def carry(first: int, count: int) -> None:
            for number in range(first, first + count):
                channel.accept(sender="1", message_id=f"{number}", text="hello", for_others=True)
                (message,) = channel.pending()
                channel.delivered(channel.answer(message))

        carry(0, 1)  # creates the conversation
        before = places.statements()
        carry(1, messages)
        after = places.statements()
        return {name: (after[name] - before[name]) / messages for name in after}


def of_senders(built: Path, quick: bool) -> dict[str, Any]:
    """Messages a second of one process among so many known senders, each with a message that is done: medians of rounds
    in which the sizes take turns. And the bytes of a sender with that message."""
    sizes = (1_000, 100_000) if quick else SENDERS
    result: dict[str, Any] = {}
    kept = [Places(built, SYNC_MS[0]) for _ in sizes]
    with kept[0], kept[1]:
        for kind in ("sqlite", "postgresql"):
            for places, size in zip(kept, sizes):
                places.know(kind, size)
            size_of_one = kept[-1].bytes_kept(kind) / sizes[-1]
            rates: dict[int, list[float]] = {size: [] for size in sizes}
            for number in range(ROUNDS):
                for places, size in list(zip(kept, sizes))[:: 1 if number % 2 else -1]:
                    seconds = 1.0 if quick else 4.0
                    arguments = (kind, places.files[kind], f"{size}-{number}", str(seconds), str(size))
                    (said,) = together([places.start("store_worker.py", *arguments)])
                    rates[size].append(len(json.loads(said)["took"]) / seconds)
            result[kind] = {"rates": {str(size): median(rate) for size, rate in rates.items()}, "bytes": size_of_one}
    return result
