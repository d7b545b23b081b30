"""Asterisk's gateway interface over TCP (FastAGI): one channel, as the server of its dialplan sees it."""

from __future__ import annotations

import re
import select
import socket
import unicodedata

_ANSWER_SECONDS = 60.0  # a command is answered long before; after that this Asterisk is gone
# Asterisk cuts a line at 2,047 bytes and runs the rest as a command of its own. Where the network hands over a line in
# two parts, it may do so from 1,024 bytes on.
_MOST_LINE_BYTES = 1000
_MOST_VALUE_BYTES = 500  # quotes escaped; a variable may become a caller's name
_MOST_FACTS = 400  # Asterisk has 30, and one for each argument of AGI(), 128 at most
_MOST_RECEIVED_BYTES = 1024 * 1024
_TEXT = b"200 result=1 ("
_RESULT = re.compile(rb"200 result=(-?\d+)")


class HungUp(Exception):
    """The caller, or Asterisk itself, is gone. Variables can still be set while the connection is there."""


class Channel:
    """A channel. For one thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(_ANSWER_SECONDS)
        self._received = b""
        self._hung_up = False
        self.facts: dict[str, str] = {}  # what Asterisk says of it: agi_channel, agi_callerid and the like
        while line := self._line():
            name, _, value = line.decode(errors="replace").partition(":")
            self.facts[name] = value.strip()
            if len(self.facts) > _MOST_FACTS:
                raise HungUp("this is no Asterisk")

    def set_variable(self, name: str, value: str) -> None:
        """Sets a variable of the channel, also after a hang-up: to the value as one plain line, or what of it fits."""
        value = "".join(pieces(plain(value), _MOST_VALUE_BYTES)[:1])
        self._command(f'SET VARIABLE {name} "{_quoted(value)}"')

    def send_text(self, text: str) -> None:
        """Sends a text to the caller, with spaces for its line breaks: one of `pieces` of up to 900 bytes."""
        self._command(f'SEND TEXT "{_quoted(text)}"')
        self.check()

    def receive_text(self, seconds: float) -> str | None:
        """What the caller has written, or None when that was nothing for so long.

        Asterisk throws away what comes while no such command is under way.
        """
        answer = self._command(f"RECEIVE TEXT {max(1, round(seconds * 1000))}")
        self.check()
        return answer[len(_TEXT) : -1].decode(errors="replace") if answer.startswith(_TEXT) else None

    def check(self) -> None:
        """Raises HungUp where Asterisk has said so."""
        if self._hung_up:
            raise HungUp

    def close(self) -> None:
        """Has the dialplan go on."""
        self._connection.close()

    def _command(self, command: str) -> bytes:
        line = command.encode(errors="replace") + b"\n"
        if len(line) > _MOST_LINE_BYTES or line.count(b"\n") > 1 or b"\0" in line:
            raise ValueError(f"a command of {len(line)} bytes would be more than one line to Asterisk")
        try:
            self._connection.sendall(line)
            answer = self._line()
            while answer == b"HANGUP":
                self._hung_up = True
                answer = self._line()
        except OSError as error:
            raise HungUp from error
        if answer.startswith(_TEXT):
            answer = self._whole_text(answer)
        if answer.startswith(b"511"):  # the channel is dead
            raise HungUp
        if not _RESULT.match(answer):
            raise HungUp(f"Asterisk answered {answer[:80]!r}")
        return answer

    def _whole_text(self, line: bytes) -> bytes:
        """A text may hold line breaks, and lines that look like answers: it is all that has come."""
        while True:
            while select.select([self._connection], [], [], 0)[0] and self._receive():
                pass
            rest, self._received = self._received, b""
            whole = line + b"\n" + rest
            if whole.endswith(b")\nHANGUP\n"):
                self._hung_up = True
                whole = whole[: -len(b"HANGUP\n")]
            if whole.endswith(b")\n"):
                return whole[:-1]
            self._received = whole
            if not self._receive():
                raise HungUp
            line, _, self._received = self._received.partition(b"\n")

    def _receive(self) -> bool:
        data = self._connection.recv(65536)
        self._received += data
        if len(self._received) > _MOST_RECEIVED_BYTES:
            raise HungUp("Asterisk's line has no end")
        return bool(data)

    def _line(self) -> bytes:
        while b"\n" not in self._received:
            if not self._receive():
                raise HungUp
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")


def _quoted(text: str) -> str:
    """A line can hold neither a line break nor a NUL."""
    text = re.sub(r"[\r\n\0]+", " ", text)
    return text.replace("\\", "\\\\").replace('"', '\\"')


def plain(text: str) -> str:
    """The text as one line to be read: what controls a terminal, a header or the direction of writing is a space."""
    unwanted = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(char) in unwanted else char for char in text)


def pieces(text: str, most_bytes: int) -> list[str]:
    """The text in parts of so many bytes when quoted: up to a space in the second half, else whole characters."""
    parts = []
    begin = size = space = 0  # the last is behind a space in the second half
    for index, char in enumerate(text):
        bytes_of_char = _size(char)
        if size + bytes_of_char > most_bytes:
            end = space if space > begin else index
            parts.append(text[begin:end])
            begin = end
            size = sum(map(_size, text[begin:index]))
        size += bytes_of_char
        if char in " \n" and size > most_bytes // 2:
            space = index + 1
    return [*parts, text[begin:]] if text[begin:] else parts


def _size(char: str) -> int:
    return len(char.encode(errors="replace")) + (char in '"\\')
