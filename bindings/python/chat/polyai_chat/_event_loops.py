"""How a task waits for a call that was started, whatever runs the task: asyncio, uvloop or trio.

A call runs on a thread of its own in the native module. All calls of an asyncio loop share one descriptor, by which
the loop hears that some are done; no thread of ours ever runs code of the loop.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Optional, TypeVar
from weakref import WeakKeyDictionary, ref

from ._errors import CallCancelledError, ChatError, InvalidArgumentError, UnavailableError
from ._native import Closed, Conversation, DoneCalls, Reply, Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

# How long to wait, in seconds, where nobody tells that a call is done.
_LOOK_AGAIN = 0.01

_LONGEST_WAIT = 86_400

_Outcome = TypeVar("_Outcome", Conversation, Reply, Closed, Optional[Closed], None)


def make_ready() -> None:
    """Takes what waiting for a call needs, before the call is started: afterwards its outcome would be lost.

    Raises:
        UnavailableError: The system has no descriptor left.
    """
    if runs_under_trio():
        return
    try:
        _calls_of(asyncio.get_running_loop())
    except OSError as error:
        message = f"the event loop cannot wait for the call: {error}"
        raise UnavailableError(f"unavailable: {message}", message=message, delivery="not_sent") from error


async def outcome(start: Callable[[], Turn[_Outcome]]) -> _Outcome:
    """Starts a call and waits for its outcome. A task that stops waiting stops the call.

    A task that is cancelled waits on until the call has ended, which is a matter of milliseconds: then it is known
    whether the agent may have heard it. That is told as the cause of the cancellation.
    """
    make_ready()
    return await result_of(start())


async def result_of(turn: Turn[_Outcome]) -> _Outcome:
    """Waits for the outcome of a call, as `outcome` does."""
    try:
        await _until_done(turn)
    except GeneratorExit:
        turn.cancel()
        raise
    except BaseException as cancellation:
        turn.cancel()
        await until_done_all_the_same(turn)
        cancellation.__cause__ = _what_happened(turn)
        raise
    return turn.result()


async def is_done_within(turn: Turn[Any], at_most: float | timedelta | None) -> bool:
    """Waits until a call is done, for a while; tells whether it is. The call goes on all the same."""
    seconds = _LONGEST_WAIT if at_most is None else _patience(at_most)
    if turn.done or seconds == 0:
        return turn.done
    if runs_under_trio():
        import trio

        with trio.move_on_after(seconds):
            await _until_done(turn)
    else:
        await asyncio.wait([_calls_of(asyncio.get_running_loop()).until_done(turn)], timeout=seconds)
    return turn.done


def _patience(at_most: float | timedelta) -> float:
    seconds = at_most.total_seconds() if isinstance(at_most, timedelta) else at_most
    if not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("seconds must be a number of seconds or a timedelta")
    if not 0 <= seconds <= _LONGEST_WAIT:
        message = f"seconds is {seconds!r}; it must be a number of seconds from 0 on, and at most {_LONGEST_WAIT}"
        raise InvalidArgumentError(f"invalid_argument: {message}", message=message, delivery="not_sent")
    return seconds


async def until_done_all_the_same(turn: Turn[Any]) -> asyncio.CancelledError | None:
    """Waits for a call that ends soon, also when the task is cancelled meanwhile, and returns that cancellation."""
    cancellation = None
    with out_of_reach():
        while not turn.done:
            try:
                await _until_done(turn)
            except asyncio.CancelledError as error:
                cancellation = error
    return cancellation


async def _until_done(turn: Turn[Any]) -> None:
    if runs_under_trio():
        import trio

        try:
            descriptor = turn.fileno()
        except OSError:
            # None is left, and the call is under way.
            while not turn.done:
                await trio.sleep(_LOOK_AGAIN)
        else:
            await trio.lowlevel.wait_readable(descriptor)
    else:
        await _calls_of(asyncio.get_running_loop()).until_done(turn)


def runs_under_trio() -> bool:
    # Set by trio while it runs a task. Neither is imported for those who do not use it.
    sniffio = sys.modules.get("sniffio")
    return sniffio is not None and sniffio.thread_local.name == "trio"


def out_of_reach() -> AbstractContextManager[object]:
    """Where the scopes of trio and anyio, which cancel whatever is awaited inside them again and again, do not
    reach."""
    library = sys.modules.get("trio" if runs_under_trio() else "anyio")
    scope: AbstractContextManager[object] = nullcontext() if library is None else library.CancelScope(shield=True)
    return scope


def _what_happened(turn: Turn[Any]) -> ChatError:
    """Why a call failed that was cancelled."""
    try:
        outcome = turn.result()
    except ChatError as error:
        return error
    message = "cancelled when the answer was there already"
    if isinstance(outcome, Conversation):
        message = f"{message}; the conversation {outcome.id} is open, and can be attached to"
    return CallCancelledError(
        f"cancelled: {message} [correlation id {turn.correlation_id}]",
        message=message,
        delivery="unknown",
        phase="reply",
        correlation_id=turn.correlation_id,
    )


class _CallsOfLoop:
    """The calls of an asyncio loop that are under way. It lives as long as the loop watches its descriptor: until
    the loop is closed."""

    __slots__ = ("__weakref__", "_descriptor", "_done", "_loop", "_numbers", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._done = DoneCalls()
        self._loop = loop
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._descriptor = self._done.fileno()
        loop.add_reader(self._descriptor, self._some_are_done)

    def is_of_this_process(self) -> bool:
        """Whether the loop watches the descriptor that calls of this process use: a forked child has another one."""
        return self._done.fileno() == self._descriptor

    def until_done(self, turn: Turn[Any]) -> asyncio.Future[None]:
        number = next(self._numbers)
        future = self._waiting[number] = self._loop.create_future()
        self._done.expect(turn, number)
        return future

    def _some_are_done(self) -> None:
        for number in self._done.take():
            future = self._waiting.pop(number)
            if not future.done():
                future.set_result(None)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, ref[_CallsOfLoop]] = WeakKeyDictionary()


def _calls_of(loop: asyncio.AbstractEventLoop) -> _CallsOfLoop:
    known = _of_loops.get(loop)
    calls = None if known is None else known()
    if calls is None or not calls.is_of_this_process():
        calls = _CallsOfLoop(loop)
        _of_loops[loop] = ref(calls)
    return calls
