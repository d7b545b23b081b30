"""Waits for a turn in asyncio until it is interrupted, and tells what it learns."""

from __future__ import annotations

import asyncio
import json
import os

from polyai_chat import AsyncClient, CallCancelledError


async def main() -> None:
    chat = AsyncClient(**json.loads(os.environ["CLIENT_OPTIONS"]))
    async with await chat.create() as conversation:
        try:
            await conversation.respond("x")
        except asyncio.CancelledError as cancellation:
            cause = cancellation.__cause__
            assert isinstance(cause, CallCancelledError)
            print(json.dumps({"delivery": cause.delivery, "state": conversation.state}))
            raise


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("KeyboardInterrupt")
