"""The FastAGI server's lines, byte by byte: at the other end is what reads them as Asterisk does."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Callable

import pytest
from asterisk import EXAMPLE
from polyai_chat import plain_text
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(EXAMPLE / "fastagi"))

from agi import Channel, pieces, plain

KNOWN = re.compile(rb'(SET VARIABLE POLYAI_[A-Z_]+|SEND TEXT) "(?:[^"\\\r\n]|\\["\\])*"|RECEIVE TEXT \d+')
EVIL = 'EXEC System "touch /tmp/evil"'
REASONS = {
    "cut exactly": "x" * (2047 - len('SET VARIABLE POLYAI_HANDOFF_REASON "')) + EVIL,
    "2,033 bytes": (EVIL + " ") * 67,
    "quotes": '"' * 2033,
    "backslashes": "\\" * 3000,
    "lines": f"angry\r\n{EVIL}\n\x0b\x0c\x85\u2028{EVIL}\x00",
    "emoji": "😀" * 3000,
    "direction": "a\u202eb\u2066c\u200bd\x1b[31m",
}
SCRIPT = 'greeting = "Hello"\ndefault_reply = "You said: {message}"\n' + "".join(
    f"[[rules]]\npattern = '^{name}$'\nreply = {words}\nend = true\n"
    f"handoff = {{ destination = {words}, reason = {words} }}\n"
    for name, words in ((name, json.dumps(words, ensure_ascii=False)) for name, words in REASONS.items())
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """An agent with odd reasons, in place of that of the other tests."""
    with Simulator(script=SCRIPT) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def port(simulator: Simulator, start_own_server: Callable[..., tuple[subprocess.Popen[str], int]]) -> int:
    """Where a server listens."""
    return start_own_server(simulator)[1]


class Peer:
    """Asterisk's end of a call by FastAGI, with its buffer: what does not fit is the next command."""

    def __init__(self, port: int, **facts: str) -> None:
        self.commands: list[bytes] = []
        self.said: list[str] = []
        self._first = 1100  # a network may hand over the first so many bytes of a line, and the rest a little later
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        head = {"agi_network": "yes", "agi_callerid": "100", **facts}
        self._connection.sendall("".join(f"{name}: {value}\n" for name, value in head.items()).encode() + b"\n")

    def hold(self, says: str = "") -> dict[str, str]:
        """Serves the call to its end; the variables that were set."""
        variables: dict[str, str] = {}
        with self._connection:
            while line := self._read():
                self.commands.append(line)
                answer = b"200 result=1"
                if line.startswith(b"RECEIVE TEXT"):
                    answer, says = (b"200 result=1 (%s)" % says.encode(), "") if says else (b"200 result=-1", "")
                elif line.startswith(b"SET VARIABLE"):
                    name, _, value = line.decode().removeprefix("SET VARIABLE ").partition(" ")
                    variables[name] = unquoted(value)
                elif line.startswith(b"SEND TEXT"):
                    self.said.append(unquoted(line.decode().removeprefix("SEND TEXT ")))
                self._connection.sendall(answer + b"\n")
        return variables

    def _read(self) -> bytes:
        """As run_agi() of res_agi.c does: a part that was read without a line break takes its length from the rest."""
        buffer, left, part = b"", 2048, self._first
        while len(buffer) < left - 1:
            end = self._connection.recv(min(part, left - 1), socket.MSG_PEEK)
            taken = end.find(b"\n") + 1 or len(end)
            if not taken:
                break
            buffer += self._connection.recv(taken)
            if buffer.endswith(b"\n"):
                break
            left -= len(buffer)
            part = 2048
        return buffer.rstrip(b"\n")


def unquoted(value: str) -> str:
    assert value[0] == value[-1] == '"', value[:100]
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def assert_commands_are_ours(peer: Peer) -> None:
    assert peer.commands
    for line in peer.commands:
        assert KNOWN.fullmatch(line), line[:200]
        assert len(line) < 1000
        assert plain(line.decode()) == line.decode() or line.startswith(b"SEND TEXT")


@pytest.mark.parametrize("name", REASONS)
def test_no_word_of_the_agent_is_a_command(port: int, name: str) -> None:
    peer = Peer(port)
    variables = peer.hold(name)
    assert_commands_are_ours(peer)
    assert variables["POLYAI_STATUS"] == "HANDOFF"
    for variable in ("POLYAI_HANDOFF_DESTINATION", "POLYAI_HANDOFF_REASON"):
        assert variables[variable]
        assert plain(REASONS[name]).startswith(variables[variable])
    words = re.sub(r"[\r\n\0]+", " ", plain_text(REASONS[name]))
    assert "".join(peer.said) == "Hello" + words, "the words themselves come whole"


def test_no_word_of_an_error_is_a_command(port: int, simulator: Simulator) -> None:
    body = {"error_code": "INVALID_REQUEST", "error_message": ('\\"' * 2000) + "\r\n" + EVIL + "\u2028"}
    simulator.fail({"answer": {"status": 400, "body": {"json": body}}}, {"operation": "create", "nth": 1})
    peer = Peer(port)
    variables = peer.hold()
    simulator.clear_faults()
    assert_commands_are_ours(peer)
    assert variables["POLYAI_STATUS"] == "FAILED"


def test_no_word_of_the_dialplan_is_a_command(port: int) -> None:
    peer = Peer(port, agi_arg_1=f"{'x' * 3000}{EVIL}")
    variables = peer.hold()
    assert_commands_are_ours(peer)
    assert (variables["POLYAI_STATUS"], variables["POLYAI_ERROR"]) == ("FAILED", "invalid_argument")


@pytest.mark.parametrize(
    "head", [b"agi_x: " + b"x" * 2_000_000, b"".join(b"agi_%d: x\n" % number for number in range(5000))]
)
def test_a_head_without_an_end(port: int, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(head)
            assert connection.recv(1) == b""
        except ConnectionError:
            pass  # as good
    assert Peer(port).hold("quotes")["POLYAI_STATUS"] == "HANDOFF", "the server goes on"


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A channel whose other end answers each of the first lines."""
    end, ours = socket.socketpair()
    with end, ours:
        end.sendall(b"\n200 result=1\n")
        yield Channel(ours)


@pytest.mark.parametrize("text", ["x" * 1000, '"' * 600, "😀" * 300])
def test_a_line_that_is_too_long_is_refused(channel: Channel, text: str) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        channel.send_text(text)
    channel.send_text(pieces(text, 900)[0])


def test_a_variable_is_cut_after_quoting(channel: Channel) -> None:
    channel.set_variable("POLYAI_X", '"\\' * 5000)


def test_half_of_a_pair_is_no_defect(channel: Channel) -> None:
    channel.send_text("half \ud83d of a pair")


@pytest.mark.parametrize("most", [4, 5, 7, 100])
@pytest.mark.parametrize("text", ["", '"', '\\"' * 300, "word " * 100, "😀\n" * 50 + '"' * 50, "\r\n" * 20])
def test_pieces_after_quoting(text: str, most: int) -> None:
    parts = pieces(text, most)
    assert "".join(parts) == text
    for part in parts:
        assert 0 < len(part.encode()) + part.count('"') + part.count("\\") <= most


@pytest.mark.parametrize(
    ("arguments", "variables", "complaint"),
    [
        ([], {"POLYAI_API_KEY": ""}, "api_key"),
        ([], {"POLYAI_TOKEN": ""}, "token"),
        (["--silence", "nan"], {}, "--silence"),
        (["--calls", "0"], {}, "--calls"),
        (["--listen", "4573"], {}, "--listen"),
    ],
)
def test_a_wrong_setting_stops_the_start(
    simulator: Simulator, arguments: list[str], variables: dict[str, str], complaint: str
) -> None:
    command = [sys.executable, str(EXAMPLE / "fastagi/server.py"), "--listen", "127.0.0.1:0", *arguments]
    environment = {**os.environ, **simulator.environment, **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert complaint in done.stderr
