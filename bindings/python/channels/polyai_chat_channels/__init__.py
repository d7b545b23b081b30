"""What channels such as WhatsApp, SMS, e-mail, a web chat and a CRM have in common.

Customers are known by a sender, what they write by a message id; conversations come and go below that.

    from polyai_chat import Client
    from polyai_chat_channels import Channel, SQLiteStore

    channel = Channel(Client.from_env(), SQLiteStore("messages.sqlite"), "sms")
    answer = channel.receive(sender="+44 20 7946 0000", message_id="SM-1", text="Where is my order?")
    print(answer.greeting, answer.response, answer.handoff)

No message is given to the agent twice, the messages of a sender are answered in their order, and both hold for all
processes that share the store, also after one was killed. Begin with ``help(polyai_chat_channels.Channel)``.

``open_store`` and ``open_async_store`` open the store that a setting names, a path or ``postgresql://…``.
``PostgresStore`` and ``AsyncPostgresStore`` are for processes on several machines. They need psycopg, which ``pip
install "polyai-chat-channels[postgres]"`` brings, so ``import *`` leaves them out.
"""

from __future__ import annotations

from ._async_store import AsyncStore
from ._channel import Channel
from ._errors import ClaimLostError, StoreError
from ._opening import open_async_store, open_store
from ._records import (
    Answer,
    Counts,
    HandoffRecord,
    Message,
    Outcome,
    Parked,
    Sender,
    Settled,
    Standing,
    Turn,
    WorkerRecord,
)
from ._store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._asyncio import AsyncChannel
    from ._postgres import PostgresStore as PostgresStore
    from ._postgres_asyncio import AsyncPostgresStore as AsyncPostgresStore
    from ._sqlite import SQLiteStore

__all__ = [
    "Answer",
    "AsyncChannel",
    "AsyncStore",
    "Channel",
    "ClaimLostError",
    "Counts",
    "HandoffRecord",
    "Message",
    "Outcome",
    "Parked",
    "SQLiteStore",
    "Sender",
    "Settled",
    "Standing",
    "Store",
    "StoreError",
    "Turn",
    "WorkerRecord",
    "open_async_store",
    "open_store",
]

for _public in (
    *(Answer, AsyncStore, Channel, ClaimLostError, Counts, HandoffRecord, Message, Outcome, Parked),
    *(Sender, Settled, Standing, Store, StoreError, Turn, WorkerRecord, open_async_store, open_store),
):
    _public.__module__ = __name__  # where it is found; tracebacks and help name that


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # who would take any name for one that is here
    # asyncio takes longer to import than all the rest, and not every Python has SQLite or psycopg: who does not use one
    # does without.
    _MODULES = {
        "AsyncChannel": "_asyncio",
        "AsyncPostgresStore": "_postgres_asyncio",
        "PostgresStore": "_postgres",
        "SQLiteStore": "_sqlite",
    }

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        try:
            found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("psycopg"):
                raise
            text = f"{name} needs psycopg: pip install 'polyai-chat-channels[postgres]'"
            raise ImportError(text, name=error.name) from error
        found.__module__ = __name__
        return found
