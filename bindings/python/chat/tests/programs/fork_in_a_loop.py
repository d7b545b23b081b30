"""Forks in the middle of a call; the child talks in a loop of its own, and the parent's call goes on."""

from __future__ import annotations

import asyncio
import os

from start import client_of_the_test, tell, tell_value

from polyai_chat import AsyncClient, AsyncConversation


async def main() -> None:
    chat = AsyncClient(client_of_the_test())
    conversation = await chat.create()
    turn = asyncio.ensure_future(conversation.respond("slowly"))
    await asyncio.sleep(0)
    child = os.fork()
    if child == 0:
        asyncio.run(talk(chat, conversation))
        os._exit(0)
    tell_value(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    tell((await turn).response)


async def talk(chat: AsyncClient, conversation: AsyncConversation) -> None:
    async with await chat.create() as own:
        tell((await own.respond("in the child")).response)
    tell((await chat.respond(conversation.id, "by its id")).response)


if __name__ == "__main__":
    asyncio.run(main())
