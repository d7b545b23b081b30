"""What channels such as WhatsApp, SMS, e-mail, a web chat and a CRM have in common.

Customers are known by a sender, what they write by a message id; conversations come and go below that.

    from polyai_chat import Client
    from polyai_chat_channels import Channel, SQLiteStore

    channel = Channel(Client.from_env(), SQLiteStore("messages.sqlite"), "sms")
    answer = channel.receive(sender="+44 20 7946 0000", message_id="SM-1", text="Where is my order?")
    print(answer.greeting, answer.response, answer.handoff)

No message is given to the agent twice, the messages of a sender are answered in their order, and both hold for all
processes that share the store, also after one was killed. Begin with ``help(polyai_chat_channels.Channel)``.
"""

from __future__ import annotations

from ._channel import Channel
from ._errors import StoreError
from ._records import Answer, HandoffRecord, Message, Outcome, Sender, Standing
from ._store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._asyncio import AsyncChannel
    from ._sqlite import SQLiteStore

__all__ = [
    "Answer",
    "AsyncChannel",
    "Channel",
    "HandoffRecord",
    "Message",
    "Outcome",
    "SQLiteStore",
    "Sender",
    "Standing",
    "Store",
    "StoreError",
]

for _public in (Answer, Channel, HandoffRecord, Message, Outcome, Sender, Standing, Store, StoreError):
    _public.__module__ = __name__  # where it is found; tracebacks and help name that


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # who would take any name for one that is here

    def __getattr__(name: str) -> object:
        # asyncio takes longer to import than all the rest, and not every Python has SQLite: who does not use it does
        # without.
        if name == "AsyncChannel":
            from ._asyncio import AsyncChannel

            AsyncChannel.__module__ = __name__
            return AsyncChannel
        if name == "SQLiteStore":
            from ._sqlite import SQLiteStore

            SQLiteStore.__module__ = __name__
            return SQLiteStore
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
