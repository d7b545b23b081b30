"""Sees that the comparison notices every name that is dropped, misspelt or added, in every language and at every place.

It is given surfaces between which there is no difference, changes one name after the other, and looks for a line about
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import comparison
import rust
from comparison import Comparison, Surfaces
from words import LANGUAGES, RUST

EXTRA = "no_such_name"
# What would be stale: the name, and what the line about it says.
STALE = [
    ({"error": [{"rename": "kind", "to": "kind", "in": ["C"], "why": "none"}]}, "is as usual"),
    ({"error": [{"lacks": "no_such_name", "in": ["C"], "why": "none"}]}, "the core has no no_such_name"),
    ({"error": [{"lacks": "phase", "in": ["C"], "why": "none"}]}, "take `lacks` away"),
    ({"error": [{"adds": "no_such_name", "in": ["C"], "why": "none"}]}, "take `adds` away"),
    ({"error": [{"lacks": "*", "in": ["C"], "why": "none"}]}, "has a place for it"),
    ({"error": [{"lacks": "status", "in": ["C"], "why": "none"}]}, "two deviations for one name"),
    ({"no_such_area": []}, "there is no area"),
    ({"error": [{"lacks": "phase", "in": ["Cobol"], "why": "none"}]}, "there is no language"),
    ({"error": [{"lacks": "phase", "to": "phase", "in": ["C"], "why": "none"}]}, "should have one of"),
    ({"error": [{"lacks": "phase", "in": ["C"], "why": " "}]}, "should have a reason"),
]


def misspelt(word: str) -> str:
    """The word with one letter too many in its last part, and with the number that it had."""
    return re.sub(r"([A-Za-z]+)([^A-Za-z]*)$", r"\1x\2", word)


def changes(words: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """What was done to which name, and the names then."""
    for word in words:
        others = [other for other in words if other != word]
        yield "dropped", word, others
        yield "misspelt", misspelt(word), [*others, misspelt(word)]
    yield "added", EXTRA, [*words, EXTRA]


def unnoticed_in_language(core: dict[str, Any], surfaces: Surfaces, language: str) -> Iterator[tuple[str, bool]]:
    """Each change of what a language shows, and whether nobody noticed."""
    compared = Comparison(core)
    expected = compared.by_part(language, comparison.expected_of(language, core, compared.stated[language]))
    for part, sources in surfaces[language].items():
        for source, words in sources.items():
            for change, word, changed in changes(words):
                lines = comparison.differences(language, source, expected[part], set(changed))
                yield (
                    f"{language}, {source}, {part}: {change} {word}",
                    not any(source in line and word in line for line in lines),
                )


def unnoticed_in_core(core: dict[str, Any], surfaces: Surfaces) -> Iterator[tuple[str, bool]]:
    """Each change of the core's tables and functions, and whether nobody noticed."""
    compared = Comparison(core)
    lists: list[tuple[str, ...]] = [("items", name, "functions") for name in rust.WITH_FUNCTIONS]
    lists += [("items", name, "fields") for name in rust.RECORDS]
    lists += [("keys", "attempt"), ("keys", "metrics"), ("exports",)]
    for path in lists:
        for change, word, changed in changes(value_at(core, path)):
            yield noticed(compared.by(replaced(core, path, changed)), surfaces, f"{'.'.join(path)}: {change} {word}")
    for name in rust.ENUMS:
        path = ("items", name, "variants")
        variants = value_at(core, path)
        for variant, word in variants.items():
            others = {other: variants[other] for other in variants if other != variant}
            yield noticed(compared.by(replaced(core, path, others)), surfaces, f"{name}: dropped {variant}")
            for wrong in (misspelt(word), ""):
                other = replaced(core, path, {**others, variant: wrong})
                yield noticed(compared.by(other), surfaces, f"{name}: {variant} is called {wrong!r}")
    for table in ("options", "kinds"):
        rows = core[table]
        for row in rows:
            others = [other for other in rows if other is not row]
            yield noticed(compared.by(replaced(core, (table,), others)), surfaces, f"{table}: dropped {row['name']}")
            for key in [key for key in ("name", "number") if key in row]:
                wrong = misspelt(row[key]) if key == "name" else row[key] + 100
                other = replaced(core, (table,), [*others, {**row, key: wrong}])
                yield noticed(compared.by(other), surfaces, f"{table}: {row['name']} has the {key} {wrong}")


def replaced(value: dict[str, Any], path: tuple[str, ...], by: Any) -> dict[str, Any]:
    """A copy in which something else stands there."""
    key, *deeper = path
    return {**value, key: replaced(value[key], tuple(deeper), by) if deeper else by}


def noticed(compared: Comparison, surfaces: Surfaces, change: str) -> tuple[str, bool]:
    """One line is enough."""
    lines = compared.all({**surfaces, RUST: rust.surface(compared.core)})
    return f"{RUST}, {change}", next(lines, None) is None


def unnoticed_in_file(core: dict[str, Any], surfaces: Surfaces) -> Iterator[tuple[str, bool]]:
    """Each deviation that does not apply, and whether nobody noticed."""
    for addition, line in STALE:
        written = dict(core["deviations"])
        for area, rows in addition.items():
            written[area] = [*written.get(area, []), *rows]
        lines = list(Comparison({**core, "deviations": written}).all(surfaces))
        yield f"{comparison.FILE}: {addition}", not any(line in found for found in lines)


def value_at(core: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = core
    for key in path:
        value = value[key]
    return value


def run(core: dict[str, Any], surfaces: Surfaces) -> tuple[int, list[str]]:
    """How many changes were tried, and those that nobody noticed."""
    # A name of the core may be one that only one language has as its own.
    is_complete = surfaces.keys() == set(LANGUAGES)
    outcomes = list(unnoticed_in_core(core, surfaces)) if is_complete else []
    for language in LANGUAGES:
        if language in surfaces and language != RUST:
            outcomes += unnoticed_in_language(core, surfaces, language)
    outcomes += unnoticed_in_file(core, surfaces)
    return len(outcomes), [change for change, is_unnoticed in outcomes if is_unnoticed]
