"""What an e-mail says, whatever mail programs make of it: who is answered, what it belongs to, the text."""

from __future__ import annotations

import codecs
import contextlib
import email.policy
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses
from typing import Any, NamedTuple

MOST_BYTES = 25 * 1024 * 1024
MOST_BOUNDARIES = 200  # of parts within each other
MOST_TEXT = 20_000  # characters that the agent is given
MOST_PARSED = 20_000  # bytes of a header
MOST_ADDRESSES = 3  # that one answer goes to
MOST_OF_A_NAME = 1000  # bytes of addresses that name a conversation in the store
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\],;:\"@\\]{1,64}@[^\s\x00-\x1f\x7f<>()\[\],;:\"@\\]{1,253}")
_NOBODY = re.compile(
    r"(mailer-daemon|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(owner|request|bounces?))([+=].*)?@.*"
)
# Names that Python has for other things than charsets; some take minutes for a long text.
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")
_ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Mail-Autoreply", "X-Failed-Recipients")
# Of programs that say so nowhere else.
_ROBOT_SUBJECTS = re.compile(
    r"(auto(matic)?[ -]?(reply|response)|out of (the )?office|(undeliver|non-?deliver|delivery (status|failure))\w*"
    r"|automatische antwort|abwesenheit\w*|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica)\b",
    re.IGNORECASE,
)
# Beside a text they are no files that a human has to look at.
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


class Mail(NamedTuple):
    """What the others need to know of an e-mail."""

    robot: str
    """Why it is not answered at all; empty: it is."""
    is_report: bool
    """Whether a mail server wrote it, about a letter of ours perhaps."""
    for_a_human: str
    """Why the agent does not get it; empty: it does."""
    sender: str
    """Whose thread it is: the name of the conversation in the store."""
    message_id: str
    """Its Message-ID; empty where it has none."""
    references: tuple[str, ...]
    """The ids of earlier e-mails of the thread, the first one first."""
    writer: str
    """The address that it is from; empty where that is not clear."""
    own: str
    """Which of our addresses it was written to: as whom it is answered."""
    to: tuple[Address, ...]
    """Who is answered."""
    subject: str
    text: str


def read(data: bytes, own: tuple[str, ...]) -> Mail:
    """What an e-mail says. `own` are the addresses that customers write to."""
    mail = _parsed(data)
    own = tuple(map(str.lower, own))
    writers, wanted = _addresses(mail, "From"), _addresses(mail, "Reply-To")
    # An answer to our own address would come back to us as a new message.
    to = _others(wanted, own) or _others(writers, own)
    message_id = next(iter(_ids(mail, "Message-ID")), "")
    references = tuple(dict.fromkeys(_references(mail)))
    # A conversation belongs to the address that is answered. To know an id of somebody's e-mails is not enough.
    answered = sorted({address.addr_spec.lower() for address in (*writers[:2], *to[: MOST_ADDRESSES + 1])})
    thread = thread_of(references, own) or _hash(next(iter(references), message_id) or data, 16)
    whose = " ".join(answered) or "nobody"
    text, why_no_text = _text_of(mail)
    why = ""
    if len(writers) != 1 or _count(mail, "From") != 1 or not 0 < len(to) <= MOST_ADDRESSES:
        why = "it does not say clearly who is to be answered"
    elif any(_NOBODY.fullmatch(address.addr_spec.lower()) for address in to):
        why = "nobody reads answers there"
    elif not message_id:
        why = "it has no Message-ID"
    elif len(data) > MOST_BYTES:
        why = "it is too long for the agent"
    elif why_no_text:
        why = why_no_text
    elif _ROBOT_SUBJECTS.match(_line(mail, "Subject")):
        why = "it looks like an automatic one"
    return Mail(
        robot=_robot(mail, writers, own),
        is_report=_is_report(mail),
        for_a_human=why,
        sender=f"{whose if len(whose.encode()) <= MOST_OF_A_NAME else _hash(whose, 64)} {thread}",
        message_id=message_id,
        references=references,
        writer=writers[0].addr_spec.lower() if writers else "",
        own=_own_address(mail, own),
        to=tuple(to[:MOST_ADDRESSES]),
        subject=_line(mail, "Subject"),
        text=text if not why else "",
    )


# The ids of our own letters. They hold the thread, for mail programs that repeat only the last id of it.


def id_of_answer(mail: Mail) -> str:
    """The Message-ID of the answer to an e-mail, the same whenever it is written."""
    thread = mail.sender.rpartition(" ")[2]
    return f"<{_hash(f'{mail.sender} {mail.message_id}', 24)}.{thread}@{mail.own.rpartition('@')[2].lower()}>"


def thread_of(ids: Sequence[str], own: tuple[str, ...]) -> str:
    """The thread to which one of these ids belongs, if it is an id of a letter of ours."""
    domains = {address.lower().rpartition("@")[2] for address in own}
    for message_id in ids:
        found = re.fullmatch(r"<[0-9a-f]{24}\.([0-9a-f]{16})@([^<>@]+)>", message_id)
        if found and found[2].lower() in domains:
            return found[1]
    return ""


def _hash(what: str | bytes, length: int) -> str:
    return hashlib.sha256(what.encode() if isinstance(what, str) else what).hexdigest()[:length]


def _parsed(data: bytes) -> Any:
    """An e-mail with its parts; where nobody could read those, its head still says who wrote."""
    parsers: list[type[BytesParser]] = [BytesParser, BytesHeaderParser]
    if data[:MOST_BYTES].lower().count(b"boundary") > MOST_BOUNDARIES:  # each line is compared with all of them
        parsers.pop(0)
    for parser in parsers:
        with contextlib.suppress(Exception):  # a defect of the library must not keep the others out
            return parser(EmailMessage, policy=email.policy.default).parsebytes(data)
    return EmailMessage()


def plain(text: str, most: int) -> str:
    """One line of at most so many characters, without what controls a terminal, a header or a direction."""
    unwanted = ("Cc", "Cf", "Cs", "Zl", "Zp")
    line = "".join(" " if unicodedata.category(char) in unwanted else char for char in text[: 4 * most])
    return " ".join(line.split())[:most]


def _others(addresses: list[Address], own: tuple[str, ...]) -> list[Address]:
    return [address for address in addresses if address.addr_spec.lower() not in own]


def _header(mail: Any, name: str) -> Any:
    """None also for one that the library fails at, or would take long for."""
    try:
        return mail[name] if len(_raw(mail, name)) <= MOST_PARSED else None
    except Exception:
        return None


def _raw(mail: Any, name: str) -> str:
    """The first header of this name as it came."""
    return next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")


def _count(mail: Any, name: str) -> int:
    return sum(key.lower() == name.lower() for key, _ in mail.raw_items())


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
    texts = [str(_header(mail, name) or "").strip() for name in ("Delivered-To", "X-Original-To")]  # a mail server's
    found = texts + [address.addr_spec for name in ("To", "Cc") for address in _addresses(mail, name)]
    return next((address for address in found if address.lower() in own), own[0])


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
    if _is_report(mail):
        return "it is a report"
    if any(address.addr_spec.lower() in own for address in writers):
        return "it is our own"
    return ""


def _is_report(mail: Any) -> bool:
    is_by_nobody = _line(mail, "Return-Path").upper() in ("<>", "<MAILER-DAEMON>")
    return is_by_nobody or mail.get_content_type() in ("multipart/report", "message/delivery-status")


def _text_of(mail: Any) -> tuple[str, str]:
    """What is to be read, and why the agent cannot be given it."""
    try:
        plain_texts, has_html, has_files = _parts(mail)
    except Exception:  # its parts are not what they say they are
        return "", "it holds no text"
    text = "\n\n".join(plain_texts).replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    if has_files:
        return text, "it has an attachment"
    if not text:
        return "", "it holds only HTML" if has_html else "it holds no text"
    return text, "it is too long for the agent" if len(text) > MOST_TEXT else ""


def _parts(part: Any, is_related: bool = False) -> tuple[list[str], bool, bool]:
    """The plain texts in their order, and whether there are HTML and files as well. What an HTML text shows within
    itself, such as the logo in a signature, is no file."""
    kind = part.get_content_type()
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        found = [_parts(inner, is_related or kind == "multipart/related") for inner in part.iter_parts()]
        texts = [text for inner, _, _ in found for text in inner]
        if kind == "multipart/alternative":
            texts = texts[:1]
        return texts, any(has_html for _, has_html, _ in found), any(has_files for _, _, has_files in found)
    if kind in _SIGNATURES:
        return [], False, False
    if part.is_attachment() or kind not in ("text/plain", "text/html"):
        return [], False, not (is_related and part.get_content_maintype() == "image")
    if kind == "text/html":
        return [], True, False
    text = _decoded(part).strip()
    return [text] if text else [], False, False


def _decoded(part: Any) -> str:
    data: bytes = part.get_payload(decode=True) or b""
    for charset in (part.get_content_charset("utf-8"), "utf-8"):
        try:
            if codecs.lookup(charset).name not in _NO_CHARSETS:
                return data.decode(charset)
        except (LookupError, ValueError):  # there is none of this name, or it is another
            pass
    return data.decode("windows-1252", "replace")
