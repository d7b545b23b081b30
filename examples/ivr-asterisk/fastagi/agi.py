"""Asterisk's gateway interface over TCP (FastAGI): one channel, as the server of its dialplan sees it."""

from __future__ import annotations

import re
import select
import socket

_ANSWER_SECONDS = 60.0  # a command is answered long before; after that this Asterisk is gone
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

    def set_variable(self, name: str, value: str) -> None:
        """Sets a variable of the channel, also after a hang-up."""
        self._command(f'SET VARIABLE {name} "{_quoted(value)}"')

    def send_text(self, text: str) -> None:
        """Sends a text to the caller: a line, shorter than 1,000 bytes."""
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

    def _command(self, line: str) -> bytes:
        try:
            self._connection.sendall(line.encode() + b"\n")
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
