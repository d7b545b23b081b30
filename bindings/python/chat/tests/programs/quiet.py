"""What a careful program does with asyncio, for which debug mode should have no word: replies, failures,
cancellations, and a loop that is not kept waiting."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

from polyai_chat import AsyncClient, ChatError
from polyai_chat_testing import Simulator


async def main(simulator: Simulator) -> None:
    # Far more than a call needs to be started, and less than the agent takes.
    asyncio.get_running_loop().slow_callback_duration = 0.8
    chat = AsyncClient(**simulator.options)
    simulator.fail({"delay": {"before": "turn", "ms": 1000}}, {"operation": "respond", "nth": 1})
    async with await chat.create() as conversation:
        await conversation.respond("slowly")
        simulator.fail({"answer": {"status": 500}}, {"operation": "respond", "nth": 1})
        with suppress(ChatError):
            await conversation.respond("refused")
        simulator.fail({"delay": {"before": "turn", "ms": 600_000}}, {"operation": "respond"})
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(conversation.respond("never"), 0.1)
        task = asyncio.ensure_future(conversation.respond("never"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        simulator.clear_faults()
    await asyncio.gather(*(one(chat) for _ in range(20)))


async def one(chat: AsyncClient) -> None:
    async with await chat.create() as conversation:
        await conversation.respond("x")


if __name__ == "__main__":
    with Simulator() as simulator:
        asyncio.run(main(simulator))
        gc.collect()
    print("done")
