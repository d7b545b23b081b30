"""Compares the names of the core with what each language exposes, by the rules of the areas and the deviations."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from areas import AREAS
from words import ENUMS, LANGUAGES, RUST, Area, Thing, numbered

Surfaces = dict[str, dict[str, dict[str, list[str]]]]
FILE = "names.toml"
VERBS = ("rename", "lacks", "adds")
ALL = "*"


class Deviation(NamedTuple):
    """One difference from the rule that is meant, in one language."""

    area: str
    verb: str
    thing: str
    words: tuple[str, ...]
    because: str


class Entry(NamedTuple):
    """What a language should have for a thing of the table, and why where it is not the usual word."""

    area: Area
    thing: Thing | None
    words: tuple[str, ...]
    deviation: Deviation | None


class Expected(NamedTuple):
    """What a language should have, area by area."""

    entries: dict[str, list[Entry]]
    absent: dict[str, str]
    wrong: list[str]


def deviations(written: dict[str, Any]) -> tuple[dict[str, dict[str, list[Deviation]]], list[str]]:
    """The deviations of the file, by language and area, and what is wrong with them."""
    found: dict[str, dict[str, list[Deviation]]] = {language: {} for language in LANGUAGES}
    wrong = []
    keys = {area.key for area in AREAS}
    for key, rows in written.items():
        for area in key.split(", "):
            if area not in keys:
                wrong.append(f"{FILE}: there is no area {area!r}; there are {', '.join(sorted(keys))}")
                continue
            for row in rows:
                problem = problem_of(row)
                if problem:
                    wrong.append(f"{FILE}, {area}: {row}: {problem}")
                    continue
                for language in row["in"]:
                    found[language].setdefault(area, []).extend(of_row(area, row))
    return found, wrong


def problem_of(row: dict[str, Any]) -> str:
    """What is wrong with a row of the file; empty where nothing is."""
    verbs = [verb for verb in VERBS if verb in row]
    if len(verbs) != 1 or set(row) != {"in", "why", *verbs, *(["to"] if "rename" in row else [])}:
        return f"it should have one of {', '.join(VERBS)} (rename with `to`), and `in` and `why`"
    if not row["why"].strip():
        return "it should have a reason"
    unknown = [language for language in row["in"] if language not in LANGUAGES]
    if unknown or not row["in"]:
        return f"there is no language {unknown}; there are {', '.join(LANGUAGES)}"
    return ""


def of_row(area: str, row: dict[str, Any]) -> Iterator[Deviation]:
    """A deviation for each name that the row is about."""
    verb = next(verb for verb in VERBS if verb in row)
    for name in listed(row[verb]):
        words = {"rename": listed(row.get("to", [])), "lacks": [], "adds": [name]}[verb]
        yield Deviation(area, verb, name, tuple(words), row["why"])


def listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def expected_of(language: str, core: dict[str, Any], stated: dict[str, list[Deviation]]) -> Expected:
    """What a language should have."""
    entries: dict[str, list[Entry]] = {}
    absent: dict[str, str] = {}
    wrong = []
    for area in AREAS:
        of_area = stated.get(area.key, [])
        place = area.places.get(language)
        for_all = [deviation for deviation in of_area if deviation.verb == "lacks" and deviation.thing == ALL]
        if place is None or for_all:
            if place is not None:
                wrong.append(f'{FILE}, {area.key}: {language} has a place for it in areas.py; take `lacks = "*"` away')
            elif not for_all:
                wrong.append(
                    f"{FILE}, {area.key}: {language} has no place for it; give it one in areas.py, or the reason"
                )
            elif len(of_area) > 1:
                wrong.append(f"{FILE}, {area.key}: {language} lacks all of it, and deviates in parts; take one away")
            if for_all:
                absent[area.key] = for_all[0].because
            continue
        of_thing = {deviation.thing: deviation for deviation in of_area if deviation.verb != "adds"}
        if len(of_thing) + sum(deviation.verb == "adds" for deviation in of_area) != len(of_area):
            wrong.append(f"{FILE}, {area.key}: {language} has two deviations for one name")
        found = entries.setdefault(area.key, [])
        for thing in area.things(core):
            usual = tuple(place.usual(thing))
            deviation = of_thing.pop(thing.name, None)
            words = usual if deviation is None else with_number(deviation.words, thing, usual)
            if deviation is not None and words == usual:
                wrong.append(f"{FILE}, {area.key}: {thing.name} in {language} is as usual; take it away")
            found.append(Entry(area, thing, words, deviation))
        for name in of_thing:
            wrong.append(f"{FILE}, {area.key}: the core has no {name} (any more); take it away for {language}")
        for deviation in of_area:
            if deviation.verb == "adds":
                found.append(Entry(area, None, deviation.words, deviation))
    return Expected(entries, absent, wrong)


def with_number(words: tuple[str, ...], thing: Thing, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Another word for the same number."""
    if thing.number is None or not usual or " = " not in usual[0]:
        return words
    number = int(usual[0].rpartition(" = ")[2])
    return tuple(numbered(word, number) for word in words)


class Comparison:
    """What every language should have by the core's names, against what it shows."""

    def __init__(self, core: dict[str, Any]) -> None:
        self.core = core
        self.stated, self.wrong = deviations(core["deviations"])

    def by(self, core: dict[str, Any]) -> Comparison:
        """The same for a core with other names, but the same file of deviations."""
        other = copy.copy(self)
        other.core = core
        return other

    def all(self, surfaces: Surfaces) -> Iterator[str]:
        """Everything that differs, a line each: what, where, and what would be right."""
        yield from self.wrong
        yield from in_no_table(self.core)
        for language, surface in surfaces.items():
            yield from self.of_language(language, surface)

    def of_language(self, language: str, surface: dict[str, dict[str, list[str]]]) -> Iterator[str]:
        expected = expected_of(language, self.core, self.stated[language])
        yield from expected.wrong
        by_part = self.by_part(language, expected)
        for part in sorted(surface.keys() - by_part.keys()):
            yield f"{language}: what {part} has is compared with nothing; give it a place in areas.py"
        for part, entries in by_part.items():
            if part not in surface:
                yield f"{language}: nothing was read of {part}"
            for source, words in surface.get(part, {}).items():
                yield from differences(language, source, entries, set(words))

    def by_part(self, language: str, expected: Expected) -> dict[str, list[Entry]]:
        """What is expected of each part of a surface: several areas may have their words in one."""
        found: dict[str, list[Entry]] = {}
        for area in AREAS:
            if area.key in expected.entries:
                found.setdefault(area.places[language].part, []).extend(expected.entries[area.key])
        return found


def differences(language: str, source: str, entries: list[Entry], words: set[str]) -> Iterator[str]:
    """What differs between what is expected of a part and one place that shows it."""
    expected = {word: entry for entry in reversed(entries) for word in entry.words}
    shown = entries[0].area.places[language].shown if entries else str
    missing, extra = sorted(expected.keys() - words), sorted(words - expected.keys())
    where = f"{language}, {source}"
    for entry in entries:
        deviation = entry.deviation
        if deviation is None or deviation.verb != "lacks" or entry.thing is None:
            continue
        usual = set(entry.area.places[language].usual(entry.thing))
        if usual and usual <= set(extra):
            extra = [word for word in extra if word not in usual]
            yield f"{FILE}, {deviation.area}: {where} has {name_of(entry)}; take `lacks` away"
    for word in missing:
        entry = expected[word]
        in_full = entry.area.places[language].shown(word)
        if entry.thing is None:
            yield f"{FILE}, {entry.area.key}: {where} has no `{in_full}`; take `adds` away, or add it there"
            continue
        for near in difflib.get_close_matches(word, extra, 1, 0.7):
            extra.remove(near)
            yield f"{where}: `{shown(near)}` is {name_of(entry)} of the table, misspelt; right would be `{in_full}`"
            break
        else:
            yield f"{where}: {name_of(entry)} of the table is missing; right would be `{in_full}`"
    for word in extra:
        yield f"{where}: `{shown(word)}` is not in the table; take it away, add it to the core, or say why in {FILE}"


def name_of(entry: Entry) -> str:
    return f"{entry.area.key}.{entry.thing.name if entry.thing else ''}"


def in_no_table(core: dict[str, Any]) -> Iterator[str]:
    """The core's own tables against its own functions: every operation is one of the client, and has its request."""
    for operation in core["items"]["Operation"]["variants"].values():
        of_client = core["items"]["Client"]["functions"]
        verb = "close_conversation" if operation == "close" else operation  # `close` would be the client's own end
        for function in (verb, f"start_{verb}"):
            if function not in of_client:
                yield f"{RUST}, Client: the operation {operation} has no function; right would be `Client::{function}`"
    for of_enum in ("Operation", *ENUMS):
        for variant, word in core["items"][of_enum]["variants"].items():
            if not word:
                yield f"{RUST}, {of_enum}: {variant} has no name; right would be an arm in `{of_enum}::name`"


def count(core: dict[str, Any], surfaces: Surfaces) -> dict[str, int]:
    """How many words of each language were compared."""
    return {
        language: sum(len(set(words)) for sources in surface.values() for words in sources.values())
        for language, surface in surfaces.items()
    }
