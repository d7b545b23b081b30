"""The steps of an answer, so that what blocks and what does not take the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._worker import Watch


@dataclass(frozen=True)
class Call:
    """A call of the client; of an `AsyncClient` it gives a coroutine."""

    run: Callable[[], Any]


@dataclass(frozen=True)
class InStore:
    """Something that the store does, and that has to be seen to its end. It blocks, or, of a store for asyncio, gives a
    coroutine. Its timeout is reckoned when it runs."""

    run: Callable[[], Any]
    enters_line_of: str | None = None
    """The sender whose line it enters: those of one sender have to be done in the order of the calls."""
    blocks: bool = False
    """Whether it blocks with every store."""


@dataclass(frozen=True)
class Enter:
    """Takes one of the places of those who have the agent answer, within so many seconds: whether there was one."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """A while in which nothing is done, and no place is taken, until there is something to look at."""

    watch: Watch
    seconds: float


@dataclass(frozen=True)
class Pause:
    """A while in which nothing is done."""

    seconds: float


Step = Union[Call, InStore, Enter, Wait, Pause]
