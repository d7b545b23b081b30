"""The languages, and how the words of each follow from a name of the core."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

RUST, C, CPP, LUA, PYTHON, ASYNCIO, NODE, JAVA, DOTNET, COMMAND_LINE = LANGUAGES = (
    "Rust",
    "C",
    "C++",
    "Lua",
    "Python",
    "Python, asyncio",
    "Node.js",
    "Java",
    ".NET",
    "command line",
)
# The enums of the core whose members have a word that is the same in every language.
ENUMS = ("BreakerState", "ConversationState", "Delivery", "LogLevel", "Phase")


class Thing(NamedTuple):
    """A name of the table, and what the words for it follow from beside it."""

    name: str
    unit: str = ""
    number: int | None = None
    variant: str = ""

    def without_unit(self) -> str:
        """The name of a time where its type says the unit."""
        return self.name[: -len("_ms")] if self.unit == "ms" else self.name


Rule = Callable[[Thing], list[str]]


class Place(NamedTuple):
    """Where a language has the words of an area: a part of its surface, a word in full, the usual word."""

    part: str
    shown: Callable[[str], str]
    usual: Rule


class Area(NamedTuple):
    """A group of names."""

    key: str
    title: str
    things: Callable[[dict[str, Any]], list[Thing]]
    places: dict[str, Place]


def within(pattern: str) -> Callable[[str], str]:
    """How a word is written: the pattern, with the word in place of `{}`."""
    return lambda word: pattern.replace("{}", word)


def same(thing: Thing) -> list[str]:
    return [thing.name]


def without_unit(thing: Thing) -> list[str]:
    return [thing.without_unit()]


def capitals(thing: Thing) -> list[str]:
    return [thing.name.upper()]


def camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def lower_camel(name: str) -> str:
    return name[:1] + camel(name)[1:]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def variant(thing: Thing) -> list[str]:
    return [camel(thing.name)]


def flag(thing: Thing) -> list[str]:
    """A time has its unit in its value."""
    return ["--" + thing.without_unit().replace("_", "-")]


def numbered(word: str, number: int | None) -> str:
    return word if number is None else f"{word} = {number}"
