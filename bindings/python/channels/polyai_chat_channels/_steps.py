"""The steps of an answer, so that what blocks and what does not take the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Call:
    """A call of the client; of an `AsyncClient` it gives a coroutine."""

    run: Callable[[], Any]


@dataclass(frozen=True)
class InStore:
    """Something that the store does. It blocks, and has to be seen to its end."""

    run: Callable[[], Any]
    enters_line_of: str | None = None
    """The sender whose line it enters: those of one sender have to be done in the order of the calls."""


@dataclass(frozen=True)
class Pause:
    """A while in which nothing is done."""

    seconds: float


Step = Union[Call, InStore, Pause]
