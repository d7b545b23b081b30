"""From what was measured in each round to what is shown."""

from __future__ import annotations

from statistics import median
from typing import Any

Samples = dict[str, dict[str, list[float]]]


def summed_up(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def ratios(values: list[float], to: list[float]) -> list[float]:
    """Of the same round, so that what disturbed a round disturbs both."""
    if len(values) != len(to):
        raise ValueError(f"{len(values)} rounds cannot be compared with {len(to)}")
    return [value / other for value, other in zip(values, to)]


def of_rounds(samples: Samples, bases: dict[str, str]) -> dict[str, Any]:
    """Medians and ranges of what each program took, and of its ratios to the programs of `bases`, by the name there."""
    summary: dict[str, Any] = {}
    for name, measured in samples.items():
        row: dict[str, Any] = {what: summed_up(values) for what, values in measured.items()}
        for base, key in bases.items():
            if base in samples:
                for what in measured.keys() & samples[base].keys():
                    values = measured[what]
                    row[f"{what}_{key}"] = summed_up(ratios(values, samples[base][what]))
        summary[name] = row
    return summary


def per_turn(short: int, long: int, turns: int) -> float:
    """What one more turn adds, where two runs differ by so many turns."""
    return (long - short) / turns
