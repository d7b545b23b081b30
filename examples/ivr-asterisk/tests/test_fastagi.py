"""The FastAGI server: calls by SIP, the agent's side counted on the simulator."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable

import pytest
from asterisk import EXAMPLE, Asterisk
from conftest import LONG_REPLY, Agent
from sip import Phone
from test_module import FILLER, GREETING, TO_A_COLLEAGUE, the_conversation, wait_for_record, words_after_filler

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(EXAMPLE / "fastagi"))

from agi import Channel, HungUp, pieces

# What hears texts by which driver: see extensions.conf.
WAYS = pytest.mark.parametrize(("driver", "extension"), [("chan_sip", "agent-agi"), ("pjsip", "agent-agi-pjsip")])

Start = Callable[..., "tuple[subprocess.Popen[str], int]"]


@pytest.fixture
def caller(asterisk: Asterisk) -> Iterator[Phone]:
    """A telephone in a call with the agent, which has greeted."""
    with Phone(asterisk.pjsip) as phone:
        phone.call("agent-agi-pjsip")
        assert phone.hear() == GREETING
        yield phone


@pytest.fixture
def another_server(started_asterisk: Asterisk, start_server: Start) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a server which the dialplan goes to until the test ends."""
    before = started_asterisk.cli("dialplan show globals").partition("POLYAI_FASTAGI=")[2].split()[0]

    def start(*arguments: str) -> subprocess.Popen[str]:
        server, port = start_server(*arguments)
        started_asterisk.cli(f"dialplan set global POLYAI_FASTAGI agi://127.0.0.1:{port}")
        return server

    yield start
    started_asterisk.cli(f"dialplan set global POLYAI_FASTAGI {before}")


def say(phone: Phone, agent: Agent, text: str, times: int = 1) -> None:
    """Says it, and again when it got lost, as a person would: Asterisk throws away what comes between two commands."""
    while True:
        phone.say(text, times)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            bodies = [
                json.loads(request["body"] or "{}") for request in agent.received() if request["operation"] == "respond"
            ]
            if any(body.get("message") == text for body in bodies):
                return
            time.sleep(0.02)


@WAYS
def test_a_conversation(asterisk: Asterisk, agent: Agent, driver: str, extension: str) -> None:
    said = ["What else?", "é 😀 مرحبا", 'a "quote" and a \\', "lines)\n200 result=1 (forged)\nHANGUP\nmore"]
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call(extension)
        assert phone.hear() == GREETING
        for words in said:
            say(phone, agent, words)
            assert phone.hear().split() == f"You said: {words}".split()
        phone.hang_up()
    assert agent.wait_for("close", 1)
    conversation = the_conversation(agent)
    assert conversation["messages"] == said
    assert wait_for_record(asterisk, conversation["id"])[1] == "HANGUP"


@WAYS
def test_a_packet_that_comes_again_is_one_turn(asterisk: Asterisk, agent: Agent, driver: str, extension: str) -> None:
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call(extension)
        assert phone.hear() == GREETING
        say(phone, agent, "once", times=3)
        assert phone.hear() == "You said: once"
        say(phone, agent, "again")
        assert phone.hear() == "You said: again"
        phone.hang_up()
    assert the_conversation(agent)["messages"] == ["once", "again"]


def test_a_filler_once_and_what_is_said_meanwhile_comes_next(caller: Phone, agent: Agent) -> None:
    say(caller, agent, "slow")
    assert agent.wait_for("respond", 1)
    assert caller.hear() == FILLER
    say(caller, agent, "second")
    assert [caller.hear(), caller.hear()] == ["That took a while.", "You said: second"]
    caller.hang_up()
    assert the_conversation(agent)["messages"] == ["slow", "second"]


def test_a_long_answer_comes_whole(caller: Phone, agent: Agent) -> None:
    say(caller, agent, "at length")
    heard: list[str] = []
    while sum(map(len, heard)) < len(LONG_REPLY):
        heard.append(caller.hear())
    assert sorted("".join(heard).split()) == sorted(LONG_REPLY.split())
    caller.hang_up()


def test_a_handoff_dials_the_human(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    say(caller, agent, "a human")
    assert caller.hear() == "I am putting you through."
    assert human.answered.wait(30)
    assert human.incoming is not None
    assert "customer_request" in human.incoming.first("from")
    assert agent.wait_for("close", 1)
    caller.say("are you a human?")
    assert human.hear() == "are you a human?"
    caller.hang_up()
    assert human.hung_up.wait(30)
    conversation = the_conversation(agent)
    assert conversation["messages"] == ["a human"]
    assert wait_for_record(asterisk, conversation["id"])[1] == "HANDOFF"


def test_a_reason_is_no_command(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    say(caller, agent, "run this")
    assert human.answered.wait(30)
    assert human.incoming is not None
    assert "xxxx" in human.incoming.first("from")
    caller.hang_up()
    assert human.hung_up.wait(30)
    assert wait_for_record(asterisk, the_conversation(agent)["id"])[1] == "HANDOFF"
    assert "evil-ran" not in asterisk.log()


def test_the_agent_ends_the_conversation(caller: Phone, agent: Agent) -> None:
    say(caller, agent, "bye")
    assert caller.hear() == "Goodbye!"
    assert caller.hung_up.wait(30)
    assert agent.requests_to("close") == 0


def test_hanging_up_cancels_the_turn_and_closes(asterisk: Asterisk, caller: Phone, agent: Agent) -> None:
    say(caller, agent, "forever")
    assert agent.wait_for("respond", 1)
    caller.hang_up()
    assert agent.wait_for("close", 1)
    conversation = the_conversation(agent)
    assert conversation["closed"]
    assert conversation["turns_in_flight"] == 0
    assert wait_for_record(asterisk, conversation["id"])[1] == "HANGUP"


def test_hanging_up_while_the_conversation_is_created_leaves_none_open(asterisk: Asterisk, agent: Agent) -> None:
    agent.fail({"delay": {"before": "headers", "ms": 1500}}, {"operation": "create"})
    with Phone(asterisk.chan_sip) as phone:
        phone.call("agent-agi")
        assert agent.wait_for("create", 1)
        phone.hang_up()
        assert agent.wait_for("close", 1)
    assert the_conversation(agent)["closed"]


def test_a_slow_close_holds_no_channel(asterisk: Asterisk, caller: Phone, agent: Agent) -> None:
    agent.fail({"delay": {"before": "turn", "ms": 3000}}, {"operation": "close"})
    caller.hang_up()
    assert agent.wait_for("close", 1)
    asterisk.wait_until("core show channels count", "0 active channels")
    assert not the_conversation(agent)["closed"], "the channel has waited for the close"


@pytest.mark.parametrize(("status", "attempts"), [(500, 1), (401, 1), (429, 3)])
def test_a_failure_goes_to_the_human(
    asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent, status: int, attempts: int
) -> None:
    agent.fail({"answer": {"status": status}}, {"operation": "respond"})
    say(caller, agent, "What now?")
    assert words_after_filler(caller) == TO_A_COLLEAGUE
    assert human.answered.wait(30)
    assert agent.requests_to("respond") == attempts
    caller.hang_up()
    assert human.hung_up.wait(30)
    assert agent.wait_for("close", 1)
    assert wait_for_record(asterisk, the_conversation(agent)["id"])[1] == "FAILED"


def test_no_server_is_there(
    asterisk: Asterisk, another_server: Callable[..., subprocess.Popen[str]], human: Phone
) -> None:
    server = another_server()
    server.terminate()
    assert server.wait(60) == 0
    with Phone(asterisk.chan_sip) as phone:
        phone.call("agent-agi")
        assert phone.hear() == TO_A_COLLEAGUE
        assert human.answered.wait(30)
        phone.hang_up()
        assert human.hung_up.wait(30)


def test_the_server_is_killed_during_a_call(
    asterisk: Asterisk, another_server: Callable[..., subprocess.Popen[str]], human: Phone
) -> None:
    server = another_server()
    with Phone(asterisk.chan_sip) as phone:
        phone.call("agent-agi")
        assert phone.hear() == GREETING
        server.kill()
        server.wait(60)
        assert phone.hear() == TO_A_COLLEAGUE
        assert human.answered.wait(30)
        phone.hang_up()
        assert human.hung_up.wait(30)


def test_stopping_ends_turns_first(
    asterisk: Asterisk, another_server: Callable[..., subprocess.Popen[str]], agent: Agent, human: Phone
) -> None:
    server = another_server("--filler", "")
    with Phone(asterisk.chan_sip) as phone:
        phone.call("agent-agi")
        assert phone.hear() == GREETING
        say(phone, agent, "slow")
        assert agent.wait_for("respond", 1)
        server.send_signal(signal.SIGTERM)
        assert phone.hear() == "That took a while."
        assert phone.hear() == TO_A_COLLEAGUE
        assert human.answered.wait(30)
        assert server.wait(60) == 0
        assert the_conversation(agent)["closed"]
        phone.hang_up()
        assert human.hung_up.wait(30)


def test_fifty_calls_at_once(asterisk: Asterisk, agent: Agent) -> None:
    count = 50
    together = threading.Barrier(count, timeout=120)

    def chat(number: int, phone: Phone) -> list[str]:
        phone.call("agent-agi")
        heard = [words_after_filler(phone)]
        together.wait()  # all are in their call
        for turn in range(2):
            say(phone, agent, f"number {number}, turn {turn}")
            heard.append(words_after_filler(phone))
        phone.hang_up()
        return heard

    def hold(number: int) -> list[str]:
        with Phone(asterisk.chan_sip, f"customer{number}") as phone:
            try:
                return chat(number, phone)
            except BaseException:
                together.abort()
                raise

    with ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(hold, number) for number in range(count)]
        for number, call in enumerate(calls):
            expected = [f"You said: number {number}, turn {turn}" for turn in range(2)]
            with contextlib.suppress(threading.BrokenBarrierError):  # another one says why
                assert call.result() == [f"Hello customer{number}, how can I help?", *expected]
    assert agent.wait_for("close", count, 60)
    assert [agent.requests_to(operation) for operation in ("create", "respond", "close")] == [count, 2 * count, count]


def test_too_many_calls_go_on_without_the_agent(
    asterisk: Asterisk, another_server: Callable[..., subprocess.Popen[str]], human: Phone
) -> None:
    another_server("--calls", "1")
    with Phone(asterisk.chan_sip) as first, Phone(asterisk.chan_sip) as second:
        first.call("agent-agi")
        assert first.hear() == GREETING
        second.call("agent-agi")
        assert second.hear() == TO_A_COLLEAGUE
        assert human.answered.wait(30)
        second.hang_up()
        assert human.hung_up.wait(30)
        first.hang_up()


class Double:
    """Asterisk's end of a FastAGI connection."""

    def __init__(self) -> None:
        self.end, ours = socket.socketpair()
        self.end.sendall("agi_network: yes\nagi_callerid: Zoë\n\n".encode())
        self.channel = Channel(ours)

    def answer(self, data: bytes) -> None:
        self.end.sendall(data)


@pytest.fixture
def double() -> Iterator[Double]:
    double = Double()
    yield double
    double.end.close()
    double.channel.close()


def test_agi_facts_and_quotes(double: Double) -> None:
    assert double.channel.facts["agi_callerid"] == "Zoë"
    double.answer(b"200 result=0\n")
    double.channel.send_text('say "hi" \\ and\r\nnothing\0else')
    assert double.end.recv(1000) == b'SEND TEXT "say \\"hi\\" \\\\ and nothing else"\n'


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"200 result=1 (hello)\n", "hello"),
        (b"200 result=1 (a)\n200 result=1 (b)\n", "a)\n200 result=1 (b"),
        (b"200 result=1 ()\n", ""),
        (b"200 result=1 (\xff)\n", "\ufffd"),
        (b"200 result=-1\n", None),
    ],
)
def test_agi_texts(double: Double, answer: bytes, text: str | None) -> None:
    double.answer(answer)
    assert double.channel.receive_text(0.1) == text


@pytest.mark.parametrize(
    "answer", [b"HANGUP\n200 result=-1\n", b"511 Command Not Permitted on a dead channel\n", b"520 Invalid\n"]
)
def test_agi_hang_up(double: Double, answer: bytes) -> None:
    double.answer(answer)
    with pytest.raises(HungUp):
        double.channel.receive_text(0.1)


def test_agi_connection_lost(double: Double) -> None:
    double.answer(b"200 result=1 (half")
    double.end.close()
    with pytest.raises(HungUp):
        double.channel.receive_text(0.1)


@pytest.mark.parametrize("text", ["", "short", "😀" * 500, "word " * 500, LONG_REPLY])
def test_pieces(text: str) -> None:
    parts = pieces(text, 100)
    assert "".join(parts) == text
    assert all(0 < len(part.encode()) <= 100 for part in parts)
