"""The part of a document that a run of the benchmark writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import goals
import groups
import machine
import report

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = "<!-- bench: begin (written by `{}`) -->"
END = "<!-- bench: end -->"

HEADINGS = {
    "turns": "One turn at a time",
    "managed": "In Java and .NET",
    "tls": "Over TLS",
    "flight": "512 turns in flight",
    "thinking": "64 conversations",
    "growth": "Beside many that are idle",
    "cold": "Cold start",
    "memory": "What is kept while nothing is under way",
    "imports": "Import of the Python package",
    "channels": "Stores of channels",
}


def between(text: str, begin: str, end: str, written: str) -> str:
    """The text with what stands between the two markers replaced."""
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise SystemExit(f"The document has no {begin!r} followed by {end!r}")
    return f"{before}{begin}\n\n{written}\n\n{end}{after}"


def rounds_of(part: dict[str, Any]) -> str:
    if "rounds" not in part:
        return ""
    turns = (
        f" of {part['turns']:,} turns{' a conversation' if 'conversations' in part else ''}" if "turns" in part else ""
    )
    return f"Medians of {part['rounds']} rounds{turns}; in parentheses the lowest and the highest."


def of(result: dict[str, Any]) -> str:
    parts = [
        "Measured by `" + result["command"] + "` on:\n",
        "\n".join(f"- {line}" for line in machine.in_words(result["machine"])),
        "### Goals\n",
        goals.table_of(result["goals"]),
    ]
    for name in groups.GROUPS:
        if name in HEADINGS and name in result:
            texts = [rounds_of(result[name]), *report.of_group(name, result)]
            parts += [f"### {HEADINGS[name]}\n", *(text for text in texts if text)]
    return "\n\n".join(part.strip("\n") for part in parts)


def write(path: Path, result: dict[str, Any]) -> None:
    """Writes the tables into the document, which names the command that does."""
    text = path.read_text(encoding="utf-8")
    path.write_text(between(text, BEGIN.format(result["command"]), END, of(result)), encoding="utf-8")
