"""Ends an event loop by one of two turns that are done at the same time, and runs it again for the other."""

from __future__ import annotations

import asyncio

from start import client_of_the_test, tell

from polyai_chat import AsyncClient, AsyncTurn, Reply

PATIENCE = 60

tasks: list[asyncio.Task[str]] = []


async def stay(turn: AsyncTurn[Reply]) -> str:
    return (await turn).response


async def leave() -> None:
    chat = AsyncClient(client_of_the_test())
    first, second = await chat.create(), await chat.create()
    turn = first.start("a")
    tasks.append(asyncio.ensure_future(stay(turn)))
    await asyncio.sleep(0)
    # Both are done when the loop looks next, that of the other task before this one's.
    assert turn.sync.wait(PATIENCE)
    turn = second.start("b")
    assert turn.sync.wait(PATIENCE)
    await turn
    raise SystemExit


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(leave())
    except SystemExit:
        tell("the loop has ended")
    tell(loop.run_until_complete(tasks[0]))
    loop.close()
