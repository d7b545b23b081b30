"""Calls from beginning to end, as a VoiceXML host and its caller see them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Servlet, StartServlet
from polyai_chat_testing import Simulator
from voice_browser import PATIENCE, VXML, Caller, fetch

NO_DEADLINE = {"POLYAI_TIMEOUT_MS": "600000", "POLYAI_CLOSE_TIMEOUT_MS": "600000"}
"""Whoever waits for what the simulator holds back waits longer than a test does."""
STOPPED = 128 + 15
"""As a JVM ends that is told to by SIGTERM."""


def hold_closes(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 600_000}}, when={"operation": "close"})


def said(simulator: Simulator) -> list[str | None]:
    """What the agent was told in the last conversation."""
    messages: list[str | None] = simulator.conversations()[-1]["messages"]
    return messages


def conversation_id(simulator: Simulator) -> str:
    """The last conversation's."""
    return str(simulator.conversations()[-1]["id"])


def test_a_call_from_greeting_to_end(servlet: Servlet, simulator: Simulator) -> None:
    caller = Caller(servlet.url, caller="tel:+447700900123")
    assert caller.heard == ["Hello tel:+447700900123, this is Acme & Sons."]
    assert caller.say('Where is my <order> & "what" 😀?') == 'You said: Where is my <order> & "what" 😀?'
    assert caller.say_nothing() == "Are you still there?"
    assert caller.say("bye") == "Goodbye."
    assert caller.is_over
    assert said(simulator)[0] == 'Where is my <order> & "what" 😀?'
    assert said(simulator)[-1] == "bye"
    assert simulator.requests_to("respond") == 3


def test_a_filler_is_said_while_the_agent_thinks(servlet: Servlet, simulator: Simulator) -> None:
    caller = Caller(servlet.url)
    assert caller.say("slowly, please") == "That took a while."
    fillers = caller.heard[1:-1]
    assert fillers
    assert set(fillers) == {"One moment, please."}
    assert simulator.requests_to("respond") == 1


def test_a_page_that_waits_is_fetched_with_something_to_hear(servlet: Servlet) -> None:
    caller = Caller(servlet.url)
    submit = caller.page.find(f".//{VXML}filled/{VXML}submit")
    assert submit is not None
    assert submit.attrib["fetchaudio"] == "hold.wav"
    wav = fetch(servlet.url.replace("/call", "/hold.wav"))
    assert wav.content_type == "audio/wav"
    assert wav.body.startswith(b"RIFF")
    assert len(wav.body) == 8044


def test_words_of_the_agent_are_nothing_but_words(servlet: Servlet) -> None:
    caller = Caller(servlet.url, caller="</prompt>&\x01 0")
    assert caller.heard == ["Hello </prompt>& 0, this is Acme & Sons."]
    # Control characters are left out, and what XML cannot hold is a space; the rest arrives as it was said.
    assert caller.say("hostile") == "</prompt><disconnect/> & ]]>  end"
    assert not caller.is_over


def test_words_are_bounded_both_ways(servlet: Servlet, simulator: Simulator) -> None:
    caller = Caller(servlet.url)
    heard = caller.say("word " * 800)
    assert len(said(simulator)[0] or "") == 2000
    assert heard == "You said: " + ("word " * 400).strip()
    many = fetch(caller.url.replace("/call", "/turn"), {"call": "x", "said": "y" * 30_000})
    assert 400 <= many.status < 500


@pytest.mark.parametrize(
    ("words", "destination"), [("returns", "sip:returns@pbx.example.com"), ("elsewhere", "sip:desk@pbx.example.com")]
)
def test_a_handoff_goes_to_a_desk_of_this_house(
    servlet: Servlet, simulator: Simulator, words: str, destination: str
) -> None:
    caller = Caller(servlet.url)
    caller.say(words)
    assert "I am putting you through." in caller.heard
    assert caller.transfer == (destination, conversation_id(simulator))


@pytest.mark.parametrize("conversation", ["x;encoding=hex", "x" * 101, "x, <sip:eve@evil.example>"])
def test_only_a_plain_id_goes_into_a_header(servlet: Servlet, simulator: Simulator, conversation: str) -> None:
    simulator.fail({"alter_reply": {"set": {"conversation_id": conversation}}}, when={"operation": "create"})
    caller = Caller(servlet.url)
    caller.say("hello")  # which the service does not know
    assert caller.transfer == ("sip:desk@pbx.example.com", "")


def test_what_is_no_request_is_told_in_a_word(servlet: Servlet) -> None:
    """Neither a stack of calls nor what was sent, whatever is wrong with it."""
    turn = servlet.url.replace("/call", "/turn")
    bad = [
        fetch(f"{servlet.url}?caller=%zz"),
        fetch(f"{servlet.url}/..%2f%00"),
        fetch(turn, {"call": "x", "said": "\x00" * 30_000}),
    ]
    bad += [fetch(turn, {f"name{number}": "forged" for number in range(30)})]
    for answer in bad:
        assert 400 <= answer.status < 500
        assert b"\tat " not in answer.body
        assert b"Exception" not in answer.body
        assert len(answer.body) < 2000


def test_a_page_that_is_asked_for_twice_says_nothing_twice(servlet: Servlet, simulator: Simulator) -> None:
    caller = Caller(servlet.url)
    url, form = caller.reaction("filled", said="slow once")
    with ThreadPoolExecutor(3) as threads:
        pages = list(threads.map(lambda _: fetch(url, form).body, range(3)))
    assert all(b"One moment" in page or b"That took a while" in page for page in pages)
    caller.enter(url, form)
    assert caller.heard[-1] == "That took a while."
    assert simulator.requests_to("respond") == 1
    # An old page goes nowhere.
    caller.say("next")
    assert b"gone on elsewhere" in fetch(url, form).body
    assert said(simulator) == ["slow once", "next"]


def test_hanging_up_closes_the_conversation(start_servlet: StartServlet, simulator: Simulator) -> None:
    caller = Caller(start_servlet(VOICE_MOST_CALLS="1").url)
    caller.hang_up()
    assert simulator.wait_for("close", 1, PATIENCE)
    # Its place is free.
    assert Caller(caller.url).heard == ["Hello there, this is Acme & Sons."]


def test_a_failure_puts_the_caller_through(servlet: Servlet, simulator: Simulator) -> None:
    caller = Caller(servlet.url)
    simulator.fail({"answer": {"status": 500}}, when={"operation": "respond"})
    caller.say("hello")
    assert caller.transfer == ("sip:desk@pbx.example.com", conversation_id(simulator))
    assert "something went wrong" in " ".join(caller.heard)
    simulator.fail({"answer": {"status": 401}}, when={"operation": "create"})
    assert Caller(caller.url).transfer == ("sip:desk@pbx.example.com", "")


def test_more_calls_than_may_be_go_to_a_colleague(start_servlet: StartServlet, simulator: Simulator) -> None:
    servlet = start_servlet(VOICE_MOST_CALLS="2")
    callers = [Caller(servlet.url) for _ in range(3)]
    assert [caller.transfer for caller in callers] == [None, None, ("sip:desk@pbx.example.com", "")]
    assert simulator.requests_to("create") == 2


def test_a_call_that_the_host_forgot_makes_room(start_servlet: StartServlet, simulator: Simulator) -> None:
    servlet = start_servlet(VOICE_MOST_CALLS="1", VOICE_IDLE_SECONDS="1")
    Caller(servlet.url)
    until = time.monotonic() + PATIENCE
    while Caller(servlet.url).transfer is not None:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert simulator.wait_for("close", 1, PATIENCE)


def test_calls_are_forgotten_on_a_quiet_line(start_servlet: StartServlet, simulator: Simulator) -> None:
    hold_closes(simulator)
    servlet = start_servlet(VOICE_IDLE_SECONDS="1", **NO_DEADLINE)
    for _ in range(3):
        Caller(servlet.url)
    # None waits for another.
    assert simulator.wait_for("close", 3, PATIENCE)


def test_a_close_that_hangs_delays_nobody(start_servlet: StartServlet, simulator: Simulator) -> None:
    hold_closes(simulator)
    servlet = start_servlet(VOICE_MOST_CALLS="1", **NO_DEADLINE)
    caller = Caller(servlet.url)
    caller.say("returns")
    assert caller.transfer == ("sip:returns@pbx.example.com", conversation_id(simulator))
    caller = Caller(servlet.url)
    assert caller.say("bye") == "Goodbye."
    caller = Caller(servlet.url)
    caller.hang_up()
    assert Caller(servlet.url).heard == ["Hello there, this is Acme & Sons."]
    # The agent itself has ended the second.
    assert simulator.wait_for("close", 2, PATIENCE)
    # Nor do they hold up the end.
    assert servlet.stop() == STOPPED
    assert simulator.requests_to("close") == 3


def test_a_key_that_nobody_gave_out_is_no_call(servlet: Servlet, simulator: Simulator) -> None:
    turn = servlet.url.replace("/call", "/turn")
    for form in ({"call": "0" * 32, "number": "0", "said": "hello"}, {}):
        assert b"This call is over" in fetch(turn, form).body
    caller = Caller(servlet.url)
    url, form = caller.reaction("filled", said="hello")
    for number in ("-1", "7", "99999999999", "x"):
        assert b"gone on elsewhere" in fetch(url, {**form, "number": number}).body
    assert fetch(turn).status == 404
    assert fetch(servlet.url.replace("/call", "/other"), {}).status == 404
    assert simulator.requests_to("respond") == 0


def test_wrong_settings_are_refused(start_servlet: StartServlet) -> None:
    for settings in (
        {"VOICE_DEFAULT_DESK": "nobody"},
        {"VOICE_DESKS": "returns"},
        {"VOICE_PORT": "80000"},
        {"POLYAI_API_KEY": ""},
    ):
        servlet = start_servlet(**settings)
        assert (servlet.url, servlet.process.wait(60)) == ("", 1)


def test_what_is_open_is_closed_when_it_is_told_to_stop(start_servlet: StartServlet, simulator: Simulator) -> None:
    servlet = start_servlet(**NO_DEADLINE)
    callers = [Caller(servlet.url) for _ in range(3)]
    url, form = callers[0].reaction("filled", said="never")
    assert b"One moment" in fetch(url, form).body
    assert servlet.stop() == STOPPED
    assert simulator.requests_to("close") == 3
    assert all(conversation["closed"] for conversation in simulator.conversations()[-3:])
