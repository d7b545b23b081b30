"""many_turns.py LOOP COUNT DESCRIPTORS: so many turns at the same time, with no more than so many descriptors. They
are cancelled, and made again."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys

from polyai_chat import AsyncClient, CallCancelledError


async def main(count: int) -> None:
    chat = AsyncClient(**json.loads(os.environ["CLIENT_OPTIONS"]))
    conversations = []
    for _ in range(0, count, 32):
        conversations += await asyncio.gather(*(chat.create() for _ in range(32)))
    print("conversations")
    sys.stdin.readline()
    turns = [asyncio.ensure_future(caused(conversation.respond("x"))) for conversation in conversations]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for turn in turns:
        turn.cancel()
    causes = await asyncio.gather(*turns)
    print(
        json.dumps(
            {
                "cancelled": sum(isinstance(cause, CallCancelledError) for cause in causes),
                "unknown": sum(getattr(cause, "delivery", None) == "unknown" for cause in causes),
            }
        )
    )
    sys.stdin.readline()
    replies = await asyncio.gather(*(conversation.respond(conversation.id) for conversation in conversations))
    own = sum(reply.response == f"You said: {each.id}" for reply, each in zip(replies, conversations))
    print(json.dumps({"own replies": own}))


async def caused(turn: object) -> BaseException | None:
    try:
        await turn  # type: ignore[misc]
    except asyncio.CancelledError as cancellation:
        return cancellation.__cause__
    return None


if __name__ == "__main__":
    loop, count, descriptors = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    if loop == "uvloop":
        import uvloop

        uvloop.run(main(count))
    else:
        asyncio.run(main(count))
