"""The contents of a store as text: for people, and for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._records import Counts

_LONGEST_CELL = 60

_METRICS = (
    ("ready", "Senders whose next message can be taken now."),
    ("waiting", "Senders whose next message is under way, or is tried later."),
    ("in_flight", "Messages that are claimed or being sent."),
    ("oldest_ready_seconds", "For how long the first of the ready senders has been ready."),
    ("undelivered", "Answers that are still to be delivered."),
    ("oldest_undelivered_seconds", "The age of the oldest answer that is to be delivered."),
    ("oldest_parked_seconds", "For how long the first message has waited for a human."),
    ("left", "Conversations that were left and are still to be closed."),
)


def on_one_line(value: Any, longest: int = _LONGEST_CELL) -> str:
    """A value without anything that a terminal would act on, and not too long. Strangers have written it."""
    text = "-" if value is None else str(value)
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows below the names of their columns; empty where there is none."""
    if not rows:
        return ""
    lines = [list(rows[0]), *([on_one_line(_rounded(value)) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def _rounded(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value


def metrics_text(counts: Mapping[str, Counts]) -> str:
    """The counts of channels in the text format of Prometheus."""
    lines: list[str] = []
    for name, about in _METRICS:
        lines += [f"# HELP polyai_channel_{name} {about}", f"# TYPE polyai_channel_{name} gauge"]
        lines += [
            f'polyai_channel_{name}{{channel="{_label(channel)}"}} {getattr(one, name)}'
            for channel, one in counts.items()
        ]
    lines += ["# HELP polyai_channel_parked Messages that wait for a human.", "# TYPE polyai_channel_parked gauge"]
    lines += [
        f'polyai_channel_parked{{channel="{_label(channel)}",why="{why}"}} {number}'
        for channel, one in counts.items()
        for why, number in one.parked.items()
    ]
    lines += ["# HELP polyai_store_workers Processes that use the store.", "# TYPE polyai_store_workers gauge"]
    lines.append(f"polyai_store_workers {max((one.workers for one in counts.values()), default=0)}")
    return "\n".join(lines) + "\n"


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
