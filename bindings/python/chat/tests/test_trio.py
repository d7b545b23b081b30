"""The asyncio façade under trio, whose cancel scopes cancel whatever is awaited inside them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from children import PATIENCE
from polyai_chat import AsyncClient, AuthenticationError, CallCancelledError, Client, ConversationEndedError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from polyai_chat_testing import Simulator

trio = pytest.importorskip("trio")


@pytest.fixture
def chat(client: Client) -> AsyncClient:
    """An asynchronous client of the test's simulator."""
    return AsyncClient(client)


async def received(simulator: Simulator, operation: Any, count: int) -> None:
    """Waits until the service has received so many requests, while others go on."""
    with trio.fail_after(PATIENCE):
        while simulator.requests_to(operation) < count:
            await trio.sleep(0.001)


def test_a_conversation_from_create_to_close(chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        await chat.warm_up(10)
        async with await chat.create() as conversation:
            assert (await conversation.respond("x")).response == "You said: x"
            assert (await chat.respond(conversation.id, "y")).response == "You said: y"
        assert conversation.state == "closed"
        with pytest.raises(ConversationEndedError):
            await conversation.respond("z")
        simulator.fail({"answer": {"status": 401}}, {"operation": "close"})
        with pytest.raises(AuthenticationError):
            await chat.close_conversation(conversation.id)

    trio.run(main)
    assert simulator.connections == 1


def test_many_tasks_wait_at_the_same_time(chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        conversations = [await chat.create() for _ in range(40)]
        simulator.fail({"delay": {"before": "turn", "ms": 600_000}}, {"operation": "respond"})
        replies = []

        async def talk(number: int) -> None:
            replies.append(await conversations[number].respond(str(number)))

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(talk, number)
            await received(simulator, "respond", 20)
            simulator.clear_faults()
            for number in range(20, 40):
                nursery.start_soon(talk, number)
            await received(simulator, "respond", 40)
            with trio.fail_after(PATIENCE):
                while len(replies) < 20:
                    await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        assert sorted(reply.response for reply in replies) == sorted(f"You said: {number}" for number in range(20, 40))
        assert [conversation.state for conversation in conversations[:20]] == ["in_doubt"] * 20

    trio.run(main)


def test_what_happened_to_a_cancelled_turn_is_its_cause(chat: AsyncClient, simulator: Simulator) -> None:
    async def caused(of: Awaitable[object]) -> BaseException | None:
        try:
            await of
        except trio.Cancelled as cancellation:
            causes.append(cancellation.__cause__)
            raise
        raise AssertionError

    causes: list[BaseException | None] = []

    async def main() -> None:
        conversation = await chat.create()
        simulator.fail({"delay": {"before": "turn", "ms": 600_000}}, {"operation": "respond"})
        began = time.monotonic()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caused, conversation.respond("x"))
            await received(simulator, "respond", 1)
            nursery.cancel_scope.cancel()
        assert time.monotonic() - began < PATIENCE
        [cause] = causes
        assert isinstance(cause, CallCancelledError)
        assert (cause.delivery, conversation.state) == ("unknown", "in_doubt")

    trio.run(main)
    assert simulator.conversations()[0]["turns"] == 0


def test_a_scope_closes_its_conversation_while_it_is_cancelled(chat: AsyncClient, simulator: Simulator) -> None:
    async def main() -> None:
        with trio.move_on_after(PATIENCE) as scope:
            async with await chat.create() as conversation:
                scope.cancel()
                await conversation.respond("x")
        assert scope.cancelled_caught
        assert conversation.state == "closed"
        with pytest.raises(KeyError):
            async with await chat.create():
                raise KeyError

    trio.run(main)
    assert simulator.requests_to("close") == 2


def test_trio_as_a_guest_of_asyncio(chat: AsyncClient, simulator: Simulator) -> None:
    import asyncio

    async def guest() -> str:
        async with await chat.create() as conversation:
            return (await conversation.respond("of trio")).response

    async def host() -> list[str]:
        loop = asyncio.get_running_loop()
        of_guest: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=of_guest.set_result
        )
        async with await chat.create() as conversation:
            said = (await conversation.respond("of asyncio")).response
        return [said, (await of_guest).unwrap()]

    assert asyncio.run(host()) == ["You said: of asyncio", "You said: of trio"]
    assert "trio" in sys.modules
