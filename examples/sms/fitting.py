"""What a text takes as SMS, and how a long one is cut. Kannel divides it into the parts."""

from __future__ import annotations

from typing import NamedTuple

import gsm0338  # type: ignore[import-untyped]  # noqa: F401 (it registers the charset gsm03.38)

GSM_7, UCS_2 = 0, 2  # Kannel's names of the codings
# Signs for which a whole message would have to be sent in the coding that holds less than half as much.
_QUOTES = dict.fromkeys("\u2018\u2019\u201a", "'") | dict.fromkeys("\u201c\u201d\u201e", '"')
_DASHES = dict.fromkeys("\u2013\u2014\u2022", "-")
_SIMPLER = str.maketrans({**_QUOTES, **_DASHES, "\u2026": "...", "\u00a0": " ", "\t": " "})
_DOTS = "..."


class Fitted(NamedTuple):
    """A text that fits."""

    text: str
    coding: int
    is_cut: bool


def fitted(text: str, most_parts: int) -> Fitted:
    """The text in so many parts at most, cut after a word where it is longer."""
    text = text.translate(_SIMPLER).strip()
    coding = GSM_7 if _size(text, GSM_7) is not None else UCS_2
    alone, in_parts = (160, 153) if coding == GSM_7 else (70, 67)
    most = alone if most_parts == 1 else most_parts * in_parts
    if (_size(text, coding) or 0) <= most:
        return Fitted(text, coding, False)
    while (_size(text + _DOTS, coding) or 0) > most:
        text = text[: len(text) - max(1, ((_size(text + _DOTS, coding) or 0) - most) // 2)]
    at_a_word = text.rpartition(" ")[0] or text
    return Fitted(at_a_word.rstrip() + _DOTS, coding, True)


def _size(text: str, coding: int) -> int | None:
    """How much of the message it takes; None where this coding lacks a sign of it."""
    if coding == UCS_2:
        return len(text.encode("utf-16-be", "replace")) // 2
    try:
        return len(text.encode("gsm03.38"))
    except UnicodeError:
        return None
