"""Writes the document in which somebody who knows the names of one language finds those of another."""

from __future__ import annotations

from typing import Any

import comparison
from areas import AREAS
from comparison import Entry, Expected
from words import ASYNCIO, COMMAND_LINE, CPP, DOTNET, JAVA, LANGUAGES, LUA, NODE, PYTHON, RUST, Area, C

# What is a rule alone, or about one language only.
NOT_SHOWN = ("variables", "c_functions", "ownership")
# The languages of one table: all of them side by side would be too wide to read.
GROUPS = ((RUST, C, CPP, LUA, PYTHON, ASYNCIO), (NODE, JAVA, DOTNET, COMMAND_LINE))
NONE = "–"  # noqa: RUF001, as in the other documents
INTRODUCTION = """# The names in every language

Somebody who knows the library in one language finds here what a thing is called in another. The names are those of one
table, the core's. `tests/conformance/names/check` compares them with what every language really exposes, and has made
this document; the reason for every word that does not follow from the rule is in `tests/conformance/names/names.toml`.

The rule: a function, field or option has the same name everywhere. In C its type comes first (`polyai_reply_response`);
a duration ends in its unit in C, Lua, JSON and Node.js, and is a duration or seconds elsewhere; what C, C++ and Lua
hand out as JSON ends in `_json`, and in `Json` in Java and .NET. Java and Node.js write `recentAttempts`, .NET
`RecentAttempts`. A flag has hyphens. Members of an enum are written as the language does it: `InDoubt` in Rust and
.NET, `POLYAI_STATE_IN_DOUBT` in C, `State::in_doubt` in C++, `"in_doubt"` in Lua, `'in_doubt'` in Python and Node.js,
`IN_DOUBT` in Java. Every function of C++ that throws has one beside it that does not, with `try_` before its name. The
environment variable of an option is `POLYAI_` and its name in capitals, a time with its unit.

Where C and C++ show a text, such as `"timeout_ms"`, it is what `polyai_config_set` and `Config::set` take.

asyncio has the words of Python, on `AsyncClient`, `AsyncConversation` and `AsyncTurn`, unless it has a column of its
own.
"""


class Notes:
    """The reasons under a table, each with its number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, text: str) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return f" ({self.texts.index(text) + 1})"


def in_backticks(word: str) -> str:
    return word if "`" in word else f"`{word}`"


def cell(entry: Entry | None, language: str, notes: Notes) -> str:
    """The words of a language for a thing, with the number of the reason where they are not the usual ones."""
    if entry is None:
        return NONE
    shown = entry.area.places[language].shown
    words = ", ".join(in_backticks(shown(word)) for word in entry.words)
    if entry.deviation is not None:
        return (words or NONE) + notes.number(entry.deviation.because)
    return words or NONE


def side(by_language: dict[str, dict[str, Entry]], names: list[str], notes: Notes) -> list[str]:
    """The table of some languages that stand side by side."""
    lines = [
        "| " + " | ".join(["", *by_language]) + " |",
        "| " + " | ".join(["---"] * (len(by_language) + 1)) + " |",
    ]
    for name in names:
        # What only some languages have is in no table of the core.
        is_own = name.startswith("+")
        if not is_own or any(name in rows for rows in by_language.values()):
            cells = [cell(rows.get(name), language, notes) for language, rows in by_language.items()]
            lines.append("| " + " | ".join(["" if is_own else f"`{name}`", *cells]) + " |")
    return [*lines, ""]


def table(area: Area, core: dict[str, Any], expected: dict[str, Expected]) -> list[str]:
    by_language: dict[str, dict[str, Entry]] = {}
    for language in LANGUAGES:
        if area.key in expected[language].entries:
            rows: dict[str, Entry] = {}
            for entry in expected[language].entries[area.key]:
                name = entry.thing.name if entry.thing else f"+{entry.words[0]}"
                rows[name] = entry
            by_language[language] = rows
    if by_language.get(ASYNCIO) and {n: e.words for n, e in by_language[ASYNCIO].items()} == {
        n: e.words for n, e in by_language[PYTHON].items()
    }:
        del by_language[ASYNCIO]
    names = list(dict.fromkeys(name for rows in by_language.values() for name in rows))
    of_table = [thing.name for thing in area.things(core)]
    names = of_table + [name for name in names if name not in of_table]
    notes = Notes()
    lines = [f"## {area.title}", ""]
    for group in GROUPS:
        of_group = {language: rows for language, rows in by_language.items() if language in group}
        if of_group:
            lines += side(of_group, names, notes)
    for number, text in enumerate(notes.texts, 1):
        lines += [f"({number}) {text}", ""]
    absent = {
        language: expected[language].absent[area.key] for language in LANGUAGES if area.key in expected[language].absent
    }
    for language, reason in absent.items():
        lines += [f"Not in {language}: {reason}", ""]
    return lines


def text(core: dict[str, Any]) -> str:
    """The whole document."""
    stated, _ = comparison.deviations(core["deviations"])
    expected = {language: comparison.expected_of(language, core, stated[language]) for language in LANGUAGES}
    lines = [INTRODUCTION]
    for area in AREAS:
        if area.key not in NOT_SHOWN:
            lines += table(area, core, expected)
    return "\n".join(lines).rstrip() + "\n"
