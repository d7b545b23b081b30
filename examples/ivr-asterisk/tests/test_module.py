"""The dialplan application: calls by SIP, the agent's side counted on the simulator."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asterisk import EXAMPLE, Asterisk
from conftest import API_KEY, LIBRARY, LONG_REPLY, ROOT, TOKEN, Agent, configuration
from ports import free_port
from sip import Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

GREETING = "Hello customer, how can I help?"
FILLER = "One moment, please."
TO_A_COLLEAGUE = "I am putting you through to a colleague."


@pytest.fixture
def caller(asterisk: Asterisk) -> Iterator[Phone]:
    """A telephone in a call with the agent, which has greeted."""
    with Phone(asterisk.pjsip) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        yield phone


def the_conversation(agent: Agent) -> dict[str, Any]:
    conversations = agent.conversations()
    assert len(conversations) == 1
    return conversations[0]


def words_after_filler(phone: Phone) -> str:
    words = phone.hear()
    return phone.hear() if words == FILLER else words


def no_text_waits(phone: Phone) -> bool:
    return phone.texts.empty()


def wait_for_record(asterisk: Asterisk, conversation_id: str) -> list[str]:
    """The record of a call, which Asterisk writes when it has ended."""
    until = time.monotonic() + 30
    while True:
        for record in asterisk.records():
            if conversation_id in record:
                return record
        assert time.monotonic() < until, asterisk.records()
        time.sleep(0.05)


@pytest.mark.parametrize("driver", ["pjsip", "chan_sip"])
def test_a_conversation(asterisk: Asterisk, agent: Agent, driver: str) -> None:
    said = ["Where is my order?", "é 😀 مرحبا", "two\r\nlines"]
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        for words in said:
            assert phone.say(words) in (200, 202)
            assert phone.hear().replace("\r", "") == f"You said: {words}".replace("\r", "")
        phone.hang_up()
    assert agent.wait_for("close", 1)
    conversation = the_conversation(agent)
    assert [words.replace("\r", "") for words in conversation["messages"]] == [
        words.replace("\r", "") for words in said
    ]
    assert conversation["closed"]
    assert conversation["created_with"]["integration_attributes"] == {"caller": "customer"}
    last = [request for request in agent.received() if request["operation"] == "respond"][-1]
    correlation_id = dict(last["headers"])["X-PolyAI-Correlation-Id"]
    assert wait_for_record(asterisk, conversation["id"])[1:] == ["HANGUP", conversation["id"], correlation_id]


@pytest.mark.parametrize("driver", ["pjsip", "chan_sip"])
def test_a_packet_that_comes_again_is_one_turn(asterisk: Asterisk, agent: Agent, driver: str) -> None:
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        phone.say("once", times=3)
        assert phone.hear() == "You said: once"
        phone.say("again")
        assert phone.hear() == "You said: again"
        phone.hang_up()
    assert the_conversation(agent)["messages"] == ["once", "again"]


def test_a_filler_once_in_a_long_turn_and_none_in_a_quick_one(caller: Phone) -> None:
    caller.say("slow, please")
    assert caller.hear() == FILLER
    assert caller.hear() == "That took a while."
    caller.say("quick")
    assert caller.hear() == "You said: quick"
    caller.say("slow again")
    assert [caller.hear(), caller.hear()] == [FILLER, "That took a while."]
    caller.hang_up()


def test_what_is_said_while_the_agent_thinks_comes_next(caller: Phone, agent: Agent) -> None:
    caller.say("slow")
    assert agent.wait_for("respond", 1)
    caller.say("second")
    caller.say("third")
    assert [caller.hear() for _ in range(4)] == [FILLER, "That took a while.", "You said: second", "You said: third"]
    caller.hang_up()
    conversation = the_conversation(agent)
    assert conversation["messages"] == ["slow", "second", "third"]
    assert conversation["most_turns_in_flight"] == 1


def test_a_handoff_dials_the_human(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    caller.say("a human")
    assert caller.hear() == "I am putting you through."
    assert human.answered.wait(30)
    assert human.incoming is not None
    assert "customer_request" in human.incoming.first("from")
    assert agent.wait_for("close", 1)
    asterisk.wait_until("core show channels count", "2 active channels")
    variables = asterisk.variables()
    conversation = the_conversation(agent)
    assert variables["POLYAI_STATUS"] == "HANDOFF"
    assert variables["POLYAI_HANDOFF_DESTINATION"] == "returns-desk"
    assert variables["POLYAI_HANDOFF_REASON"] == "customer_request"
    assert variables["POLYAI_CONVERSATION_ID"] == conversation["id"]
    caller.say("are you a human?")
    assert human.hear() == "are you a human?"
    human.say("I am")
    assert caller.hear() == "I am"
    caller.hang_up()
    assert human.hung_up.wait(30)
    assert conversation["messages"] == ["a human"]
    assert wait_for_record(asterisk, conversation["id"])[1] == "HANDOFF"


def test_what_the_agent_did_not_hear_goes_to_the_human(caller: Phone, human: Phone, agent: Agent) -> None:
    agent.fail({"delay": {"before": "turn", "ms": 700}}, {"operation": "respond"})
    caller.say("a human")
    assert agent.wait_for("respond", 1)
    caller.say("my number is 4711")
    assert human.answered.wait(30)
    assert human.hear() == "my number is 4711"
    assert the_conversation(agent)["messages"] == ["a human"]
    caller.hang_up()
    assert human.hung_up.wait(30)


def test_a_handoff_of_any_shape(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    caller.say("without shape")
    assert human.answered.wait(30)
    asterisk.wait_until("core show channels count", "2 active channels")
    variables = asterisk.variables()
    assert variables["POLYAI_HANDOFF_DESTINATION"] == variables["POLYAI_HANDOFF_REASON"] == ""
    assert "zendesk_integration" in variables["POLYAI_HANDOFF_JSON"]
    caller.hang_up()
    assert human.hung_up.wait(30)


def test_what_the_agent_says_is_not_dialplan(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    caller.say("elsewhere")
    assert human.answered.wait(30)
    asterisk.wait_until("core show channels count", "2 active channels")
    variables = asterisk.variables()
    assert variables["POLYAI_HANDOFF_DESTINATION"] == 'moon, ${EXTEN}"'
    assert variables["POLYAI_HANDOFF_REASON"] == '😀, "${GLOBAL(POLYAI_HUMAN)}'
    caller.hang_up()
    assert human.hung_up.wait(30)
    assert agent.requests_to("close") == 0  # the agent has ended it


def test_a_reason_is_one_line_of_a_header(asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent) -> None:
    caller.say("in lines")
    assert human.answered.wait(30)
    assert human.incoming is not None
    assert "x-injected" not in human.incoming.headers
    assert "angry  X-Injected: yes   body  xxx" in human.incoming.first("from")
    asterisk.wait_until("core show channels count", "2 active channels")
    variables = asterisk.variables()
    assert len(variables["POLYAI_HANDOFF_REASON"].encode()) <= 500
    assert json.loads(variables["POLYAI_HANDOFF_JSON"])["destination"] == "returns-desk"
    caller.hang_up()
    assert human.hung_up.wait(30)


def test_a_callers_number_is_no_argument(asterisk: Asterisk, agent: Agent) -> None:
    with Phone(asterisk.pjsip, "eve%2Cvariant_id%3Dsecret%22") as phone:
        phone.call("agent")
        assert phone.hear() == "Hello evevariant_idsecret, how can I help?"
        phone.hang_up()
    assert agent.wait_for("close", 1)
    (created,) = [json.loads(one["body"]) for one in agent.received() if one["operation"] == "create"]
    assert "variant_id" not in created


def test_the_agent_ends_the_conversation(caller: Phone, agent: Agent) -> None:
    caller.say("bye")
    assert caller.hear() == "Goodbye!"
    assert caller.hung_up.wait(30)
    assert agent.requests_to("close") == 0


def test_hanging_up_cancels_the_turn_and_closes(asterisk: Asterisk, caller: Phone, agent: Agent) -> None:
    caller.say("forever")
    assert agent.wait_for("respond", 1)
    caller.hang_up()
    assert agent.wait_for("close", 1)
    asterisk.wait_until("core show channels count", "0 active channels")
    conversation = the_conversation(agent)
    assert conversation["closed"]
    assert conversation["turns_in_flight"] == 0
    assert wait_for_record(asterisk, conversation["id"])[1] == "HANGUP"
    assert no_text_waits(caller) or caller.hear() == FILLER


def test_hanging_up_while_the_conversation_is_created_leaves_none_open(asterisk: Asterisk, agent: Agent) -> None:
    agent.fail({"delay": {"before": "headers", "ms": 1500}}, {"operation": "create"})
    with Phone(asterisk.pjsip) as phone:
        phone.call("agent")
        assert agent.wait_for("create", 1)
        phone.hang_up()
        asterisk.wait_until("core show channels count", "0 active channels")
        assert agent.wait_for("close", 1)
    assert the_conversation(agent)["closed"]
    assert agent.requests_to("create") == 1


def test_a_slow_close_holds_no_channel_but_the_module(asterisk: Asterisk, caller: Phone, agent: Agent) -> None:
    agent.fail({"delay": {"before": "turn", "ms": 4000}}, {"operation": "close"})
    caller.hang_up()
    assert agent.wait_for("close", 1)
    asterisk.wait_until("core show channels count", "0 active channels")
    assert not the_conversation(agent)["closed"], "the channel has waited for the close"
    assert "Unloaded" not in asterisk.cli("module unload app_polyai_chat.so")
    assert "1 modules loaded" in asterisk.cli("module show like app_polyai_chat")
    asterisk.wait_until("module show like app_polyai_chat", " 0  ")
    assert the_conversation(agent)["closed"]


def test_unloading_is_refused_during_a_call(asterisk: Asterisk, caller: Phone) -> None:
    assert "Unloaded" not in asterisk.cli("module unload app_polyai_chat.so")
    caller.say("still there?")
    assert caller.hear() == "You said: still there?"
    caller.hang_up()
    asterisk.wait_until("module show like app_polyai_chat", " 0  ")
    for _ in range(3):
        assert "Unloaded" in asterisk.cli("module unload app_polyai_chat.so")
        assert "0 modules" in asterisk.cli("module show like app_polyai_chat")
        assert "not registered" in asterisk.cli("core show application PolyAIChat")
        assert "Loaded" in asterisk.cli("module load app_polyai_chat.so")


@pytest.mark.parametrize(
    ("status", "kind", "delivery", "attempts"),
    [
        (500, "server", "unknown", 1),
        (503, "server", "unknown", 1),
        (429, "rate_limited", "rejected", 2),
        (401, "authentication", "rejected", 1),
    ],
)
def test_a_failure_goes_to_the_human(
    asterisk: Asterisk, caller: Phone, human: Phone, agent: Agent, status: int, kind: str, delivery: str, attempts: int
) -> None:
    agent.fail({"answer": {"status": status}}, {"operation": "respond"})
    caller.say("Where is my order?")
    assert caller.hear() == TO_A_COLLEAGUE
    assert human.answered.wait(30)
    asterisk.wait_until("core show channels count", "2 active channels")
    variables = asterisk.variables()
    assert variables["POLYAI_STATUS"] == "FAILED"
    assert variables["POLYAI_ERROR"] == kind
    assert variables["POLYAI_DELIVERY"] == delivery
    assert variables["POLYAI_ERROR_TEXT"]
    assert variables["POLYAI_CORRELATION_ID"]
    assert agent.requests_to("respond") == attempts
    assert agent.wait_for("close", 1)
    caller.hang_up()
    assert human.hung_up.wait(30)


def test_a_turn_that_takes_too_long(asterisk: Asterisk, agent: Agent, human: Phone) -> None:
    asterisk.configure(configuration(agent, {"timeout_ms": 1500}))
    with Phone(asterisk.pjsip) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        phone.say("forever")
        assert phone.hear() == FILLER
        assert phone.hear() == TO_A_COLLEAGUE
        assert human.answered.wait(30)
        asterisk.wait_until("core show channels count", "2 active channels")
        assert asterisk.variables()["POLYAI_ERROR"] == "timeout"
        phone.hang_up()
    assert agent.requests_to("respond") == 1


def test_nobody_is_there(asterisk: Asterisk, agent: Agent, human: Phone) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        asterisk.configure(
            configuration(agent, {"base_url": f"http://127.0.0.1:{nobody.getsockname()[1]}", "breaker_failures": 2})
        )
        for number in range(3):
            human.forget()
            with Phone(asterisk.pjsip) as phone:
                phone.call("agent")
                assert phone.hear() == TO_A_COLLEAGUE
                assert human.answered.wait(30)
                asterisk.wait_until("core show channels count", "2 active channels")
                variables = asterisk.variables()
                assert variables["POLYAI_ERROR"] == ("connect" if number == 0 else variables["POLYAI_ERROR"])
                assert variables["POLYAI_DELIVERY"] == "not_sent"
                assert "POLYAI_CONVERSATION_ID" not in variables
                phone.hang_up()
                assert human.hung_up.wait(30)
            asterisk.wait_until("core show channels count", "0 active channels")
        assert variables["POLYAI_ERROR"] == "unavailable"
    assert agent.requests_to("create") == 0


def test_the_customer_says_nothing(asterisk: Asterisk, agent: Agent) -> None:
    asterisk.configure(configuration(agent, silence_ms=700))
    with Phone(asterisk.pjsip) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        assert phone.hear().startswith("Are you still there?")
        assert phone.hung_up.wait(30)
    assert agent.wait_for("close", 1)
    assert agent.requests_to("respond") == 0


@pytest.mark.parametrize("driver", ["pjsip", "chan_sip"])
@pytest.mark.parametrize(
    "text",
    [
        b"broken \xff\xc3 text",
        b"\xed\xa0\x80",
        b"bell \x07 escape \x1b[31m",
        b"cut \xf0\x9f\x98",
        b"nul \0 inside",
        ("😀" * 700).encode(),
    ],
    ids=["not UTF-8", "half a pair", "control characters", "a cut character", "NUL", "long"],
)
def test_odd_texts(asterisk: Asterisk, agent: Agent, driver: str, text: bytes) -> None:
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        phone.say(text)
        assert agent.wait_for("respond", 1)
        assert phone.hear().startswith("You said: ")
        phone.say("and now?")
        heard = phone.hear()
        while heard != "You said: and now?":  # a long answer comes in pieces
            heard = phone.hear()
        phone.hang_up()
    messages = the_conversation(agent)["messages"]
    assert len(messages) == 2
    expected = text.partition(b"\0")[0].decode(errors="replace")  # both drivers take a text to end with its NUL
    assert messages[0].replace("\ufffd", "").strip() == expected.replace("\ufffd", "").strip()
    assert ("\ufffd" in messages[0]) == ("\ufffd" in expected)


@pytest.mark.parametrize("driver", ["pjsip", "chan_sip"])
def test_a_long_answer_comes_whole(asterisk: Asterisk, agent: Agent, driver: str) -> None:
    with Phone(getattr(asterisk, driver)) as phone:
        phone.call("agent")
        assert phone.hear() == GREETING
        phone.say("at length")
        pieces: list[str] = []
        while sum(map(len, pieces)) < len(LONG_REPLY):
            pieces.append(phone.hear())
            assert len(pieces[-1].encode()) <= 1000
        phone.hang_up()
    # Over UDP the pieces may overtake each other, if rarely on loopback.
    assert sorted("".join(pieces).split()) == sorted(LONG_REPLY.split())
    assert len(pieces) > 5


def test_reloading(asterisk: Asterisk, caller: Phone, agent: Agent, human: Phone) -> None:
    asterisk.configure(configuration(agent, filler="Ein Moment."))
    caller.say("slow")
    assert caller.hear() == FILLER  # this call began before
    assert caller.hear() == "That took a while."
    with Phone(asterisk.pjsip) as second:
        second.call("agent")
        assert second.hear() == GREETING
        second.say("slow")
        assert second.hear() == "Ein Moment."
        second.hang_up()
    # What is wrong is refused, and what held goes on to hold.
    for wrong, reason in [
        (configuration(agent, {"no_such_option": 1}), "no_such_option"),
        (configuration(agent, {"timeout_ms": "soon"}), "timeout_ms"),
        (configuration(agent, filler_after_ms=-1), "filler_after_ms is to be a number from"),
        (configuration(agent, nothing_such=1), "there is no option nothing_such"),
        ("[general]\n", "polyai_chat.conf: "),
    ]:
        asterisk.configure(wrong)
        asterisk.wait_for_log(reason)
        caller.say("are you there?")
        assert caller.hear() == "You said: are you there?"
    connections = agent.connections
    # New keys are for calls that are under way, too, and nothing connects anew.
    asterisk.configure(configuration(agent, {"api_key": "an-old-key"}))
    caller.say("with which key?")
    assert caller.hear() == TO_A_COLLEAGUE
    asterisk.configure(configuration(agent))
    with Phone(asterisk.pjsip) as third:
        third.call("agent")
        assert third.hear() == GREETING
        third.hang_up()
    caller.hang_up()
    assert agent.connections <= connections + 1


def test_arguments(asterisk: Asterisk, agent: Agent, human: Phone) -> None:
    asterisk.write(
        "test.conf",
        "[polyai]\n"
        "exten => told,1,PolyAIChat(attribute.name=Søren \\, Jr.,attribute.bad=${NOTHING},"
        "variant_id=returns-uk,channel=sms,filler=Moment!)\n"
        " same => n,Hangup()\n"
        "exten => wrong,1,PolyAIChat(api_key=1234)\n"
        " same => n,Goto(polyai-then,${POLYAI_STATUS},1)\n"
        "exten => worse,1,PolyAIChat(attribute)\n"
        " same => n,Goto(polyai-then,${POLYAI_STATUS},1)\n",
    )
    asterisk.cli("dialplan reload")
    with Phone(asterisk.pjsip) as phone:
        phone.call("told")
        phone.hear()
        phone.say("slow")
        assert phone.hear() == "Moment!"
        phone.hang_up()
    created = the_conversation(agent)["created_with"]
    assert created["variant_id"] == "returns-uk"
    assert created["channel"] == "sms"
    assert created["integration_attributes"]["name"].startswith("Søren")
    for extension in ("wrong", "worse"):
        human.forget()
        with Phone(asterisk.pjsip) as phone:
            phone.call(extension)
            assert phone.hear() == TO_A_COLLEAGUE
            assert human.answered.wait(30)
            asterisk.wait_until("core show channels count", "2 active channels")
            assert asterisk.variables()["POLYAI_ERROR"] == "invalid_argument"
            phone.hang_up()
            assert human.hung_up.wait(30)
        asterisk.wait_until("core show channels count", "0 active channels")
    assert agent.requests_to("create") == 1


def test_sixty_calls_at_once(asterisk: Asterisk, agent: Agent) -> None:
    count = 60
    together = threading.Barrier(count + 1, timeout=120)

    def chat(number: int, phone: Phone) -> list[str]:
        phone.call("agent")
        heard = [words_after_filler(phone)]
        together.wait()  # all are in their call
        together.wait()  # and were counted
        for turn in range(3):
            phone.say(f"number {number}, turn {turn}")
            heard.append(words_after_filler(phone))
        phone.hang_up()
        return heard

    def hold(number: int) -> list[str]:
        with Phone(asterisk.pjsip, f"customer{number}") as phone:
            try:
                return chat(number, phone)
            except BaseException:
                together.abort()
                raise

    with ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(hold, number) for number in range(count)]
        with contextlib.suppress(threading.BrokenBarrierError):  # then one of the calls says why
            together.wait()
            assert f"{count} active calls" in asterisk.cli("core show channels count")
            together.wait()
        for number, call in enumerate(calls):
            expected = [f"You said: number {number}, turn {turn}" for turn in range(3)]
            assert call.result() == [f"Hello customer{number}, how can I help?", *expected]
    assert agent.wait_for("close", count, 60)
    assert agent.requests_to("create") == agent.requests_to("close") == count
    assert agent.requests_to("respond") == 3 * count
    assert all(conversation["closed"] for conversation in agent.conversations())


def test_sipp_calls(asterisk: Asterisk, agent: Agent, tmp_path: Path) -> None:
    count = 100
    asterisk.configure(configuration(agent, filler=""))
    scenario = EXAMPLE / "tests/chat.xml"
    command = [
        "sipp",
        "-sf",
        str(scenario),
        "-s",
        "agent",
        "-i",
        "127.0.0.1",
        "-r",
        "20",
        "-m",
        str(count),
        "-p",
        str(free_port()),
        "-mp",
        str(free_port()),
        "-nd",
        "-deadcall_wait",
        "0",
    ]
    command += ["-trace_err", "-timeout", "120", "-timeout_error", ":".join(map(str, asterisk.pjsip))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    errors = "\n".join(path.read_text() for path in tmp_path.iterdir())
    assert done.returncode == 0, done.stdout[-3000:] + errors
    assert agent.wait_for("close", count, 60)
    assert [agent.requests_to("create"), agent.requests_to("respond"), agent.requests_to("close")] == [
        count,
        2 * count,
        count,
    ]
    assert {tuple(conversation["messages"]) for conversation in agent.conversations()} == {
        ("Where is my order?", "Thank you 😀")
    }


def test_no_key_is_seen(asterisk: Asterisk, caller: Phone, agent: Agent) -> None:
    caller.say("Where is my order?")
    caller.hear()
    commands = ["core show application PolyAIChat", "dialplan show", "core show settings", "core show channels verbose"]
    commands += ["module show like polyai", "polyai show metrics", "core show globals", "dialplan show globals"]
    commands.append("core show channel " + asterisk.cli("core show channels concise").split("!")[0])
    seen = "\n".join(asterisk.cli(command) for command in commands)
    assert "calls_in_flight" in seen
    assert "POLYAI_CONVERSATION_ID" in seen
    caller.hang_up()
    seen += asterisk.log()
    assert API_KEY not in seen
    assert TOKEN not in seen
    assert "attempt 1" in seen  # the library's lines are in Asterisk's log
    asterisk.write("polyai_chat.conf", configuration(agent), 0o644)
    asterisk.cli("module reload app_polyai_chat.so")
    asterisk.changed = True
    asterisk.wait_for_log("Everybody on this machine can read")


@pytest.mark.parametrize("command", ["core stop now", "core stop gracefully"])
def test_keys_of_the_environment_and_stopping(
    built_module: Path, agent: Agent, human_phone: Phone, command: str
) -> None:
    own = Asterisk(ROOT, built_module, LIBRARY, human_phone.port)
    try:
        own.write("polyai_chat.conf", "[general]\nenvironment = yes\n")
        own.start(agent.environment)
        assert "Loaded" in own.cli("module load app_polyai_chat.so"), own.log()
        with ThreadPoolExecutor(1) as console, Phone(own.pjsip) as phone:
            phone.call("agent")
            assert phone.hear() == GREETING
            phone.say("forever" if command == "core stop now" else "slow")
            assert agent.wait_for("respond", 1)
            console.submit(own.cli, command)  # returns when Asterisk has ended
            if command == "core stop gracefully":
                assert phone.hear().startswith("One moment")
                assert phone.hear() == "That took a while."
                phone.hang_up()
            assert own.wait(60) == 0, own.log()
        assert the_conversation(agent)["closed"] or command == "core stop now"  # then there may be no time for it
    finally:
        own.stop()
