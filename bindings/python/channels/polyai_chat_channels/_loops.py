"""Waiting and threads, in asyncio or trio, whichever runs the task."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections import deque
from contextlib import nullcontext, suppress
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

_Result = TypeVar("_Result")


class Signal:
    """Something that a task waits for, and that any thread may give."""

    def __init__(self) -> None:
        if _runs_under_trio():
            import trio

            event, token = trio.Event(), trio.lowlevel.current_trio_token()
            self._event: Any = event
            self._set: Callable[[], object] = lambda: token.run_sync_soon(event.set)
        else:
            loop = asyncio.get_running_loop()
            awaited = asyncio.Event()
            self._event = awaited
            self._set = lambda: loop.call_soon_threadsafe(awaited.set)

    def set(self) -> None:
        """Gives it. The task that waited may be gone, with its loop."""
        with suppress(RuntimeError):
            self._set()

    async def wait(self, seconds: float | None) -> bool:
        """Waits for it, at most so long; whether it was given."""
        if _runs_under_trio():
            import trio

            with trio.move_on_after(float("inf") if seconds is None else seconds):
                await self._event.wait()
        else:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._event.wait(), seconds)
        return bool(self._event.is_set())


class Places:
    """So many may enter at a time; the others wait, and enter in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pid = 0

    async def enter(self, seconds: float | None) -> bool:
        """Waits for a place; False where there was none in time."""
        if self._pid != os.getpid():  # what a parent process has under way does not end here
            self._free, self._waiting, self._lock = self._most, deque[Signal](), Lock()
            self._pid = os.getpid()
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            signal = Signal()
            self._waiting.append(signal)
        is_given = False
        try:
            is_given = await signal.wait(seconds)
        finally:
            if not is_given:
                self._give_up(signal)
        return is_given

    def leave(self) -> None:
        """Gives the place to the call that has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _give_up(self, signal: Signal) -> None:
        with self._lock:
            if signal in self._waiting:
                self._waiting.remove(signal)
                return
        self.leave()  # it was given just now


class Lines:
    """Has the store be told of the messages of a sender in the order of the calls: threads of an executor, and
    connections to a database, may overtake each other."""

    def __init__(self) -> None:
        self._pid = 0

    def enter(self, sender: str, function: Callable[[], _Result]) -> Callable[[], _Result]:
        """To be done by a thread, after what was entered for this sender before."""
        previous, mine = self._stand(sender, Event())

        def entered() -> _Result:
            try:
                if previous is not None:
                    previous.wait()
                return function()
            finally:
                mine.set()
                self._step_out(sender, mine)

        return entered

    def entered(self, sender: str | None, function: Callable[[], Awaitable[_Result]]) -> Awaitable[_Result]:
        """The same for a coroutine."""
        if sender is None:
            return function()
        previous, mine = self._stand(sender, Signal())

        async def run() -> _Result:
            try:
                if previous is not None:
                    await previous.wait(None)
                return await function()
            finally:
                mine.set()
                self._step_out(sender, mine)

        return run()

    def _stand(self, sender: str, mine: Any) -> tuple[Any, Any]:
        if self._pid != os.getpid():
            self._lock, self._last, self._pid = Lock(), dict[str, Any](), os.getpid()
        with self._lock:
            previous = self._last.get(sender)
            self._last[sender] = mine
        return previous, mine

    def _step_out(self, sender: str, mine: Any) -> None:
        with self._lock:
            if self._last.get(sender) is mine:
                del self._last[sender]


async def pause(seconds: float) -> None:
    """Does nothing for a while."""
    if _runs_under_trio():
        import trio

        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def in_a_thread(function: Callable[[], _Result]) -> _Result:
    """Does what blocks to its end, also when the task is cancelled meanwhile."""
    if _runs_under_trio():
        import trio

        with _out_of_reach():
            done: _Result = await trio.to_thread.run_sync(function)
        return done  # a cancellation is raised at the next step
    return await _finished(asyncio.get_running_loop().run_in_executor(None, function))


async def to_its_end(awaitable: Awaitable[_Result]) -> _Result:
    """Awaits something in asyncio to its end, also when the task is cancelled meanwhile."""
    if _runs_under_trio():
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError("this store works in asyncio only; with trio use the blocking one, which works in threads")
    return await _finished(asyncio.ensure_future(awaitable))


async def _finished(future: asyncio.Future[_Result]) -> _Result:
    cancellation = None
    with _out_of_reach():
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                cancellation = error
    if cancellation is not None:
        if not future.cancelled():
            future.exception()  # has been seen
        raise cancellation
    return future.result()


def _runs_under_trio() -> bool:
    # Set by trio while it runs a task. Neither is imported for those who do not use it.
    sniffio = sys.modules.get("sniffio")
    return sniffio is not None and sniffio.thread_local.name == "trio"


def _out_of_reach() -> AbstractContextManager[object]:
    """Where the scopes of trio and anyio, which cancel whatever is awaited inside them again and again, do not
    reach."""
    library = sys.modules.get("trio" if _runs_under_trio() else "anyio")
    scope: AbstractContextManager[object] = nullcontext() if library is None else library.CancelScope(shield=True)
    return scope
