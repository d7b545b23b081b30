"""How many parts of a long answer a customer has, so that no process begins anew when a later one is refused."""

from __future__ import annotations

from polyai_chat import AsyncClient
from polyai_chat_channels import AsyncChannel, AsyncStore, Message, Store

import settings


class Parts:
    """Kept in the store, so that all workers know them: for each answer a line of its own, with the numbers of the
    parts that were sent. It holds no texts."""

    def __init__(self, client: AsyncClient, store: Store | AsyncStore) -> None:
        self._channel = AsyncChannel(client, store, "whatsapp, parts")

    async def sent(self, message: Message) -> int:
        """How many of the answer to this message were sent."""
        return len((await self._channel.export(sender=_line(message))).get("messages", ()))

    async def note(self, message: Message, number: int) -> None:
        """This one was."""
        line, part = _line(message), str(number)
        await self._channel.accept(sender=line, message_id=part, text=None, for_others=True)
        await self._channel.resolve(sender=line, message_id=part)  # nobody has to do anything about it

    async def forget(self, message: Message) -> None:
        """The customer has all."""
        await self._channel.forget(sender=_line(message))

    async def purge(self) -> None:
        """Forgets what is left of workers that died before they could."""
        await self._channel.purge(settings.REMEMBERED_FOR)


def _line(message: Message) -> str:
    return f"{message.sender} {message.message_id}"
