"""What a text takes as SMS, and what Kannel says of messages."""

from __future__ import annotations

import os
from urllib.parse import quote_from_bytes

import pytest

os.environ |= {"SMS_KEY": "secret", "SMS_KANNEL_PASSWORD": "secret"}

from fitting import GSM_7, UCS_2, fitted
from incoming import Incoming, fields, message_of, report_of, word_of


@pytest.mark.parametrize(
    ("text", "expected", "coding"),
    [
        ("Größe @ £ {€}", "Größe @ £ {€}", GSM_7),
        ("It\u2019s \u201chere\u201d \u2013 now\u2026", 'It\'s "here" - now...', GSM_7),
        ("日本", "日本", UCS_2),
        ("ę", "ę", UCS_2),
        ("a" * 160, "a" * 160, GSM_7),
        ("€" * 80, "€" * 80, GSM_7),
        ("ę" * 70, "ę" * 70, UCS_2),
    ],
)
def test_a_short_text_is_sent_as_it_is(text: str, expected: str, coding: int) -> None:
    assert fitted(text, 1) == (expected, coding, False)


@pytest.mark.parametrize("word", ["words ", "€uros ", "ę ", "👩 ", "a", "日本"])
@pytest.mark.parametrize("parts", [1, 2, 10])
def test_a_long_text_is_cut_to_its_parts(word: str, parts: int) -> None:
    found = fitted(word * 2000, parts)
    assert found.is_cut
    assert found.text.endswith("...")
    if found.coding == GSM_7:
        size, most = len(found.text) + found.text.count("€"), 160 if parts == 1 else parts * 153
    else:
        size, most = len(found.text.encode("utf-16-be")) // 2, 70 if parts == 1 else parts * 67
    assert most - 12 < size <= most
    assert (word * 2000).startswith(found.text.removesuffix("..."))


def message(text: bytes = b"Hello", /, **more: str) -> Incoming | None:
    """What is made of a call with these fields."""
    given = {"id": "m-1", "from": "%2B447700900123", "to": "12345", "charset": "UTF-8", "coding": "0"} | more
    query = "&".join(f"{name}={value}" for name, value in given.items()) + f"&text={quote_from_bytes(text)}"
    return message_of(fields(query.encode()))


def test_a_message_is_read_by_its_charset() -> None:
    assert message() == Incoming("12345/447700900123", "m-1", "Hello")
    assert message("Größe".encode("latin-1"), charset="ISO-8859-1") == Incoming("12345/447700900123", "m-1", "Größe")
    assert message("日本".encode("utf-16-be"), coding="2") == Incoming("12345/447700900123", "m-1", "日本")
    assert message("Größe".encode(), charset="no-such") == Incoming("12345/447700900123", "m-1", "Größe")
    assert message(b"a\0b\x1bc\xff") == Incoming("12345/447700900123", "m-1", "abc\ufffd")


@pytest.mark.parametrize(
    "more",
    [
        {"from": "Amazon"},
        {"from": "70007"},
        {"from": "1" * 16},
        {"id": ""},
        {"id": "a%0Ab"},
        {"coding": "1"},
        {"to": ""},
    ],
)
def test_what_cannot_be_answered_is_no_message(more: dict[str, str]) -> None:
    assert message(**more) is None


def test_a_text_is_bounded() -> None:
    found = message(b"x" * 100_000)
    assert found is not None
    assert len(found.text) == 4000
    assert message(b" \0 ") is None


def test_a_report_has_its_parts() -> None:
    assert report_of(fields(b"sender=1/2&id=m-1&status=1&centre=x")) == ("1/2", "m-1", "1", "x")
    assert report_of(fields(b"sender=1/2&id=m-1&status=1")) == ("1/2", "m-1", "1", "")
    assert report_of(fields(b"sender=1/2&id=&status=1")) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("STOP", "stop"), (" stop! ", "stop"), ("Unsubscribe.", "stop"), ("start", "start"), ("Info", "help")),
        *(("please stop", ""), ("stop it", ""), ("", ""), ("stopp", "")),
    ],
)
def test_a_word_is_a_whole_message(text: str, word: str) -> None:
    assert word_of(text) == word
