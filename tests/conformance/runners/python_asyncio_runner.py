"""The runner of asyncio: does what steps say with `polyai_chat.AsyncClient`, and writes the outcome of each."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from polyai_chat import AsyncClient, AsyncConversation, ChatError
from python_runner import HIDDEN, Log, fields_of, of_failure, of_outcome, options

# How many seconds a started call is waited for at most.
PATIENCE = 20


class Caller:
    """The state of one case."""

    def __init__(self, given: dict[str, str]) -> None:
        self.log = Log()
        self.client = AsyncClient(**options(given))
        self.conversations: dict[str, AsyncConversation] = {}
        self.tasks: dict[str, asyncio.Task[Any]] = {}
        self.named: set[str] = set()

    async def act(self, step: dict[str, Any]) -> dict[str, Any]:
        """Does one step."""
        action: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] = getattr(self, step["do"])
        return await action(step)

    def _of(self, step: dict[str, Any]) -> AsyncConversation:
        return self.conversations[step["conversation"]]

    def _keep(self, step: dict[str, Any], conversation: AsyncConversation) -> dict[str, Any]:
        self.conversations[step["conversation"]] = conversation
        greeting = {} if step["do"] == "attach" else of_outcome(conversation.greeting)
        return {**greeting, "conversation": {"id": conversation.id, "greeting": conversation.greeting.response}}

    async def _keep_task(self, step: dict[str, Any], call: Any) -> dict[str, Any]:
        self.tasks[step["turn"]] = asyncio.create_task(call)
        await asyncio.sleep(0)  # it takes its place among the turns now
        return {}

    async def create(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep(step, await self.client.create(**fields_of(step)))

    async def attach(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep(step, self.client.attach(step["id"]))

    async def respond(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(await self._of(step).respond(step.get("message"), **fields_of(step)))

    async def close(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(await self._of(step).close(**fields_of(step)))

    async def respond_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(await self.client.respond(step["id"], step.get("message"), **fields_of(step)))

    async def close_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(await self.client.close_conversation(step["id"], **fields_of(step)))

    async def close_if_open(self, step: dict[str, Any]) -> dict[str, Any]:
        async with self._of(step):
            return {}

    async def start_create(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self.client.create(**fields_of(step)))

    async def start_respond(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self._of(step).respond(step.get("message"), **fields_of(step)))

    async def start_close(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self._of(step).close(**fields_of(step)))

    async def start_respond_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self.client.respond(step["id"], step.get("message"), **fields_of(step)))

    async def start_close_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self.client.close_conversation(step["id"], **fields_of(step)))

    async def start_close_if_open(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self._of(step).close_if_open())

    async def warm_up(self, step: dict[str, Any]) -> dict[str, Any]:
        await self.client.warm_up(**fields_of(step))
        return {}

    async def start_warm_up(self, step: dict[str, Any]) -> dict[str, Any]:
        return await self._keep_task(step, self.client.warm_up(**fields_of(step)))

    async def next_done(self, step: dict[str, Any]) -> dict[str, Any]:
        waiting = [name for name in self.tasks if name not in self.named]
        done, _ = await asyncio.wait(
            [self.tasks[name] for name in waiting], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        name = next(name for name in waiting if self.tasks[name] in done)
        self.named.add(name)
        return {"turn": name}

    async def wait(self, step: dict[str, Any]) -> dict[str, Any]:
        done, _ = await asyncio.wait({self.tasks[step["turn"]]}, timeout=step["wait_ms"] / 1000)
        return {"done": bool(done)}

    async def cancel(self, step: dict[str, Any]) -> dict[str, Any]:
        self.tasks[step["turn"]].cancel()
        return {}

    async def take(self, step: dict[str, Any]) -> dict[str, Any]:
        try:
            outcome = await self.tasks.pop(step["turn"])
        except asyncio.CancelledError as cancelled:
            # Whether the agent may have heard it is what led to the cancellation.
            cause = cancelled.__cause__ or cancelled.__context__
            while cause is not None and not isinstance(cause, ChatError):
                cause = cause.__cause__ or cause.__context__
            if cause is None:
                raise
            return of_failure(cause)
        if isinstance(outcome, AsyncConversation):
            return self._keep(step, outcome)
        return of_outcome(outcome)

    async def state(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"state": self._of(step).state, "over": self._of(step).ended}

    async def shut_down(self, step: dict[str, Any]) -> dict[str, Any]:
        await self.client.aclose()
        return {}

    async def log_lines(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"log": self.log.lines}

    async def replace_credentials(self, step: dict[str, Any]) -> dict[str, Any]:
        self.client.replace_credentials(**step["with"])
        return {}


class Runner:
    """Reads steps and has the caller of the case do them."""

    def __init__(self) -> None:
        self.caller: Caller | None = None
        self.beside: set[asyncio.Task[None]] = set()

    async def begin(self, step: dict[str, Any]) -> dict[str, Any]:
        self.caller = Caller(step["options"])
        return {}

    async def answer(self, step: dict[str, Any]) -> None:
        """Does a step and writes its outcome, as one line."""
        outcome: dict[str, Any]
        try:
            if step["do"] == "begin":
                outcome = await self.begin(step)
            elif not {"cancel_after_ms", "cancelled_before"}.isdisjoint(step.get("with", {})):
                outcome = {"not_expressible": "A coroutine has no token to cancel it with: its task is cancelled."}
            else:
                assert self.caller is not None
                outcome = await self.caller.act(step)
        except Exception as error:
            outcome = of_failure(error)
        if step["do"] == "begin":
            outcome["hidden"] = [*HIDDEN, "turn.correlation_id"]  # a task has none
        sys.stdout.write(json.dumps({**outcome, "step": step["step"]}, ensure_ascii=True) + "\n")
        sys.stdout.flush()

    async def run(self) -> None:
        """Until there are no more steps."""
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            step = json.loads(line)
            if step.get("on_a_thread"):
                # asyncio's way of doing two things at once.
                task = asyncio.create_task(self.answer(step))
                self.beside.add(task)
                task.add_done_callback(self.beside.discard)
                await asyncio.sleep(0)
            else:
                await self.answer(step)


if __name__ == "__main__":
    asyncio.run(Runner().run())
