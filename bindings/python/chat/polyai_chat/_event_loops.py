"""How a task waits for a call that was started, whatever runs the task: asyncio, uvloop or trio.

A call runs on a thread of its own in the native module. All calls of an asyncio loop share one descriptor, by which
the loop hears that some are done; no thread of ours ever runs code of the loop.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from contextvars import Context, copy_context
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Optional, TypeVar
from weakref import WeakKeyDictionary, ref

from ._errors import CallCancelledError, ChatError, InvalidArgumentError, UnavailableError
from ._native import Closed, Conversation, DoneCalls, Reply, Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    _Future = asyncio.Future[None]
else:
    _Future = asyncio.Future

# How long to wait, in seconds, where nobody tells that a call is done.
_LOOK_AGAIN = 0.01

_LONGEST_WAIT = 86_400

_Outcome = TypeVar("_Outcome", Conversation, Reply, Closed, Optional[Closed], None)


def make_ready() -> _CallsOfLoop | None:
    """Takes what waiting for a call needs, before the call is started: afterwards its outcome would be lost.

    Returns:
        The calls of the loop that runs; None under trio.

    Raises:
        UnavailableError: The system has no descriptor left.
    """
    # Most programs never import it.
    if "sniffio" in sys.modules and runs_under_trio():
        return None
    try:
        return _calls_of(asyncio.get_running_loop())
    except OSError as error:
        message = f"the event loop cannot wait for the call: {error}"
        raise UnavailableError(f"unavailable: {message}", message=message, delivery="not_sent") from error


async def outcome(calls: _CallsOfLoop | None, turn: Turn[_Outcome]) -> _Outcome:
    """Waits for the outcome of a call, by the calls of the loop if it has any. A task that stops waiting stops it.

    A task that is cancelled waits on until the call has ended, which is a matter of milliseconds: then it is known
    whether the agent may have heard it. That is told as the cause of the cancellation.
    """
    try:
        await (_until_done_by_itself(turn) if calls is None else calls.until_done(turn))
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
    """Waits until a call is done, for a while; returns whether it is. The call goes on all the same."""
    seconds = _LONGEST_WAIT if at_most is None else _patience(at_most)
    if turn.done or seconds == 0:
        return turn.done
    if runs_under_trio():
        import trio

        with trio.move_on_after(seconds):
            await _until_done_by_itself(turn)
    else:
        calls = calls_here()
        waiting = asyncio.ensure_future(_until_done_by_itself(turn)) if calls is None else calls.until_done(turn)
        await asyncio.wait([waiting], timeout=seconds)
        waiting.cancel()
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
                calls = calls_here()
                await (_until_done_by_itself(turn) if calls is None else calls.until_done(turn))
            except asyncio.CancelledError as error:
                cancellation = error
    return cancellation


def calls_here() -> _CallsOfLoop | None:
    """The calls of the loop that runs; None under trio, and where no descriptor is left to hear of them."""
    try:
        return make_ready()
    except UnavailableError:
        return None


async def _until_done_by_itself(turn: Turn[Any]) -> None:
    """Waits without the other calls of the loop."""
    if not runs_under_trio():
        while not turn.done:
            await asyncio.sleep(_LOOK_AGAIN)
        return
    import trio

    try:
        descriptor = turn.fileno()
    except OSError:
        # None is left, and the call is under way.
        while not turn.done:
            await trio.sleep(_LOOK_AGAIN)
    else:
        await trio.lowlevel.wait_readable(descriptor)


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


class _UntilDone(_Future):
    """Becomes done when a call is. The task that waits goes on at once, without another round of the loop, which would
    cost as much as all else that the loop does for a call.

    The code that makes one sets `first` to None: an `__init__` in Python would cost more.
    """

    __slots__ = ("first",)

    first: tuple[Callable[[_UntilDone], object], Context] | None

    def add_done_callback(self, fn: Callable[[_UntilDone], object], /, *, context: Context | None = None) -> None:
        if self.first or self.done():
            super().add_done_callback(fn, context=context)
        else:
            # A context in which nothing is set is false.
            self.first = fn, copy_context() if context is None else context

    def remove_done_callback(self, fn: Callable[[_UntilDone], object], /) -> int:
        if self.first and self.first[0] == fn:
            self.first = None
            return 1 + super().remove_done_callback(fn)
        return super().remove_done_callback(fn)

    def set_result(self, result: None, /) -> None:
        self._schedule_first()
        super().set_result(result)

    def cancel(self, *arguments: Any, **keywords: Any) -> bool:
        self._schedule_first()
        return super().cancel(*arguments, **keywords)

    def resolve(self) -> None:
        if self.done():
            return
        _Future.set_result(self, None)
        if self.first:
            callback, context = self.first
            self.first = None
            context.run(callback, self)

    def _schedule_first(self) -> None:
        if self.first:
            callback, context = self.first
            self.first = None
            super().add_done_callback(callback, context=context)


class _CallsOfLoop:
    """The calls of an asyncio loop that are under way. It lives as long as the loop watches its descriptor: until
    the loop is closed."""

    __slots__ = ("__weakref__", "_descriptor", "_done", "_numbers", "_waiting", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._done = DoneCalls()
        self.loop = loop
        self._numbers = count()
        self._waiting: dict[int, _UntilDone] = {}
        self._descriptor = self._done.fileno()
        loop.add_reader(self._descriptor, self._some_are_done)

    def is_of_this_process(self) -> bool:
        """Whether the loop watches the descriptor that calls of this process use: a forked child has another one."""
        return self._done.fileno() == self._descriptor

    def until_done(self, turn: Turn[Any]) -> asyncio.Future[None]:
        number = next(self._numbers)
        future = self._waiting[number] = _UntilDone(loop=self.loop)
        future.first = None
        self._done.expect(turn, number)
        return future

    def _some_are_done(self) -> None:
        numbers = self._done.take()
        # One task can go on at once. It may end the loop or run it inside of itself: by then the others must know.
        for number in numbers[:-1]:
            future = self._waiting.pop(number)
            if not future.done():
                future.set_result(None)
        for number in numbers[-1:]:
            self._waiting.pop(number).resolve()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, ref[_CallsOfLoop]] = WeakKeyDictionary()

# Those that were asked for last: most programs have one loop.
_latest: ref[_CallsOfLoop] | None = None


def _calls_of(loop: asyncio.AbstractEventLoop) -> _CallsOfLoop:
    global _latest
    known = _latest
    calls = known() if known else None
    if calls is None or calls.loop is not loop:
        known = _of_loops.get(loop)
        calls = known() if known else None
    if calls is None or not calls.is_of_this_process():
        calls = _CallsOfLoop(loop)
        known = _of_loops[loop] = ref(calls)
    _latest = known
    return calls
