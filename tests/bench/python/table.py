"""Tables that can be read on a terminal and are Markdown."""

from __future__ import annotations


def shown(summary: dict[str, float] | None, digits: int) -> str:
    """A median with the range of the rounds."""
    if summary is None:
        return ""
    low, high = summary["lowest"], summary["highest"]
    if low == high:
        return f"{low:.{digits}f}"
    return f"{summary['median']:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, [], *rows]:
        cells = row or ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        aligned = [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]
        lines.append("| " + " | ".join(aligned) + " |")
    return "\n".join(lines)
