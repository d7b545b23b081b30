"""What an e-mail says, whatever mail programs make of it: who is answered, what it belongs to, the text."""

from __future__ import annotations

import email.policy
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Any

MOST_BYTES = 25 * 1024 * 1024
MOST_TEXT = 20_000  # characters that the agent is given
MOST_PARSED = 20_000  # bytes of a header
MOST_ADDRESSES = 3  # that one answer goes to
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\],;:\"@\\]{1,64}@[^\s\x00-\x1f\x7f<>()\[\],;:\"@\\]{1,253}")
_NOBODY = re.compile(
    r"(mailer-daemon|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(owner|request|bounces?))([+=].*)?@.*"
)
_ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Mail-Autoreply", "X-Failed-Recipients")
# Of programs that say so nowhere else.
_ROBOT_SUBJECTS = re.compile(
    r"(auto(matic)?[ -]?(reply|response)|out of (the )?office|(undeliver|non-?deliver|delivery (status|failure))\w*"
    r"|automatische antwort|abwesenheit\w*|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica)\b",
    re.IGNORECASE,
)


def read(data: bytes, own: tuple[str, ...] = ()) -> dict[str, str]:
    """What the task needs. `robot` says why it is not answered at all, `for_a_human` why the agent does not get it.

    `own` are the addresses that e-mails are written to.
    """
    try:
        mail: Any = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(data)
    except Exception:  # nested without end, for instance: its head still says who wrote
        mail = BytesHeaderParser(EmailMessage, policy=email.policy.default).parsebytes(data)
    own = tuple(map(str.lower, own))
    writers, wanted = _addresses(mail, "From"), _addresses(mail, "Reply-To")
    to = [address for address in wanted or writers if address.addr_spec.lower() not in own]
    # A conversation belongs to the address that is answered. To know an id of somebody's e-mails is not enough.
    sender = " ".join(sorted({address.addr_spec.lower() for address in (*writers[:2], *to[: MOST_ADDRESSES + 1])}))
    message_id = next(iter(_ids(mail, "Message-ID")), "")
    key = message_id or f"<{hashlib.sha256(data).hexdigest()}@none.invalid>"
    text = _text_of(mail)
    why = ""
    written_to = _own_address(mail, own)
    if len(writers) != 1 or not written_to or not 0 < len(to) <= MOST_ADDRESSES:
        why = "it does not say clearly who is to be answered"
    elif any(_NOBODY.fullmatch(address.addr_spec.lower()) for address in to):
        why = "nobody reads answers there"
    elif not text:
        why = "it holds no text"
    elif len(text) > MOST_TEXT or len(data) > MOST_BYTES:
        why = "it is too long for the agent"
    elif _ROBOT_SUBJECTS.match(_line(mail, "Subject")):
        why = "it looks like an automatic one"
    return {
        "robot": _robot(mail, writers, own),
        "for_a_human": why,
        "sender": sender,
        "message_id": key,
        "in_reply_to": message_id,
        "thread_id": next(_references(mail), key),
        "from": written_to,
        "to": ", ".join(map(str, to[:MOST_ADDRESSES])),
        "subject": _line(mail, "Subject"),
        "text": text if not why else "",
    }


def plain(text: str, most: int) -> str:
    """One line of at most so many characters, without what controls a terminal, a header or a direction."""
    unwanted = ("Cc", "Cf", "Cs", "Zl", "Zp")
    line = "".join(" " if unicodedata.category(char) in unwanted else char for char in text[: 4 * most])
    return " ".join(line.split())[:most]


def _header(mail: Any, name: str) -> Any:
    """None also for one that the library fails at, or would take long for."""
    try:
        return mail[name] if len(_raw(mail, name)) <= MOST_PARSED else None
    except Exception:
        return None


def _raw(mail: Any, name: str) -> str:
    """The first header of this name as it came."""
    return next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")


def _line(mail: Any, name: str) -> str:
    return plain(_as_utf8(str(_header(mail, name) or "")), 200)


def _as_utf8(text: str) -> str:
    """The library keeps bytes that are no ASCII in a header as surrogates; what they mean is UTF-8 (RFC 6532)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _addresses(mail: Any, name: str) -> list[Address]:
    found = []
    header = _header(mail, name)
    given: Sequence[Address] = getattr(header, "addresses", ())
    if header is None:  # a line break in somebody's name, for instance: the address is there all the same
        try:
            found_by_another = getaddresses([_raw(mail, name)[:MOST_PARSED]])
        except RecursionError:
            found_by_another = []
        given = [Address(addr_spec=spec) for _, spec in found_by_another if _ADDRESS.fullmatch(spec)]
    for address in given:
        spec = _as_utf8(address.addr_spec)
        if _ADDRESS.fullmatch(spec):
            username, _, domain = spec.rpartition("@")
            found.append(Address(plain(_as_utf8(address.display_name), 80), username, _ascii(domain)))
    return found


def _ascii(domain: str) -> str:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _own_address(mail: Any, own: tuple[str, ...]) -> str:
    """Which of our addresses it was written to: as whom it is answered."""
    names = ("Delivered-To", "X-Original-To", "To", "Cc")  # the first two are a mail server's
    texts = [str(_header(mail, name) or "") for name in names[:2]]
    found = [text.strip() for text in texts if _ADDRESS.fullmatch(text.strip())]
    found += [address.addr_spec for name in names[2:] for address in _addresses(mail, name)]
    if own:
        return next((address for address in found if address.lower() in own), own[0])
    return found[0] if found else ""


def _ids(mail: Any, name: str) -> Iterator[str]:
    for match in _MESSAGE_ID.finditer(str(_header(mail, name) or "")):
        yield match[0]


def _references(mail: Any) -> Iterator[str]:
    """The ids of earlier e-mails, the first one first. In-Reply-To may hold phrases: what is in them is no id."""
    yield from _ids(mail, "References")
    said = str(_header(mail, "In-Reply-To") or "")
    if not _MESSAGE_ID.sub("", said).strip():
        yield from _ids(mail, "In-Reply-To")


def _robot(mail: Any, writers: list[Address], own: tuple[str, ...]) -> str:
    """Why nobody waits for an answer (RFC 3834); two robots would go on for ever."""
    automatic = re.sub(r"\(.*?\)", "", _line(mail, "Auto-Submitted")).partition(";")[0].strip().lower()
    suppressed = set(re.split(r"[\s,]+", _line(mail, "X-Auto-Response-Suppress").lower()))
    if automatic not in ("", "no"):
        return f"Auto-Submitted is {automatic[:40]}"
    if _line(mail, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return "it was sent to many"
    if any(name.lower().startswith("list-") for name in mail):
        return "it comes from a list"
    if suppressed & {"all", "autoreply", "oof"} or any(mail.get(name) is not None for name in _ROBOT_HEADERS):
        return "it was written by a program"
    if _line(mail, "Return-Path") == "<>" or mail.get_content_type() in ("multipart/report", "message/delivery-status"):
        return "it is a report"
    if any(address.addr_spec.lower() in own for address in writers):
        return "it is our own"
    return ""


def _text_of(mail: Any) -> str:
    try:
        text = "\n\n".join(_texts(mail))
    except Exception:  # its parts are not what they say they are
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()


def _texts(part: Any) -> list[str]:
    """All that is to be read, in its order, and of alternatives the first: that is the plain one where there is one."""
    kind = part.get_content_type()
    if part.is_attachment() or kind.startswith("message/"):
        return []
    if part.is_multipart():
        found = [_texts(inner) for inner in part.iter_parts()]
        if kind == "multipart/alternative":
            return next(filter(None, found), [])
        return [text for texts in found for text in texts]
    if kind not in ("text/plain", "text/html"):
        return []
    text = _decoded(part)
    if kind == "text/html":
        reader = _Html()
        reader.feed(text[:1_000_000])
        reader.close()
        text = reader.text()
    return [text.strip()] if text.strip() else []


def _decoded(part: Any) -> str:
    data: bytes = part.get_payload(decode=True) or b""
    for charset in (part.get_content_charset("utf-8"), "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):  # there is none of this name, or it is another
            pass
    return data.decode("windows-1252", "replace")


class _Html(HTMLParser):
    """The words of a page, in lines."""

    _UNSEEN = ("head", "script", "style", "title", "template")
    _BLOCKS = ("p", "div", "br", "li", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "pre", "hr")

    def __init__(self) -> None:
        super().__init__()
        self._words: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._unseen and tag in self._UNSEEN:
            self._unseen = tag
        elif self._unseen == "head" and tag == "body":
            self._unseen = ""
        elif tag in self._BLOCKS:
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif tag in self._BLOCKS and tag != "br":
            self._words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._words.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = (line.strip() for line in "".join(self._words).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
