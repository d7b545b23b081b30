"""What somebody at the console types, sees, and leaves behind."""

from __future__ import annotations

import unicodedata
from typing import Any

from conftest import PATIENCE, StartDesktop
from polyai_chat_testing import Simulator

CTRL_C = b"\x03"
READY = "any other line is said"
"""In a terminal Mono forgets what is typed before."""
NO_DEADLINE = {"POLYAI_TIMEOUT_MS": "600000"}
"""Nothing is over before it is ended, however slow the machine is."""


def of(simulator: Simulator, number: int) -> dict[str, Any]:
    """A conversation by its place."""
    return simulator.conversations()[number]


def test_two_conversations_in_one_console(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop()
    desktop.type("/new Sam", "héllo 😀")
    desktop.read("[1] agent: You said: héllo 😀")
    desktop.type("/new", "second")
    desktop.read("[2] agent: You said: second")
    desktop.type("/use 1", "//slash", "/list")
    desktop.read("[1] agent: You said: /slash")
    desktop.read("open: [1]* [2]")
    assert desktop.end() == 0
    assert "[1] agent: Hello Sam." in desktop.output
    assert "[2] agent: Hello there." in desktop.output
    assert [of(simulator, n)["messages"] for n in (0, 1)] == [["héllo 😀", "/slash"], ["second"]]
    assert simulator.requests_to("close") == 2


def test_what_is_typed_at_once_is_said_in_its_order(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop()
    lines = [f"line {number}" for number in range(20)]
    desktop.type("/new", *lines, "/close", "/quit")
    assert desktop.end() == 0
    assert of(simulator, 0)["messages"] == lines
    assert simulator.requests_to("close") == 1
    assert "[1] over: closed" in desktop.output


def test_one_goes_on_while_another_waits(start_desktop: StartDesktop) -> None:
    desktop = start_desktop(in_terminal=True, **NO_DEADLINE)
    desktop.read(READY)
    desktop.type("/new", "never")
    desktop.read("[1] wait: one moment, please")
    desktop.type("/new", "quick")
    written = desktop.read("[2] agent: You said: quick")
    assert "[1] failed" not in written
    desktop.press(CTRL_C)
    assert desktop.end() == 130
    assert "[1] failed: cancelled" in desktop.output


def test_words_of_the_agent_move_nothing(start_desktop: StartDesktop) -> None:
    desktop = start_desktop()
    desktop.type("/new \x1b[1m", "hostile", "human")
    desktop.read("[1] handoff: returns-desk [31m, customer_request")
    assert desktop.end() == 0
    assert "[1] agent:  [2J ]0;title  a b  31m fdp end 👩\u200d🚒" in desktop.output
    for character in desktop.output.replace("\n", "").replace("\u200d", ""):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp"), repr(character)


def test_words_without_end_are_cut(start_desktop: StartDesktop) -> None:
    """Also what piles up on one letter, and what nobody sees."""
    desktop = start_desktop()
    desktop.type("/new", "piled")
    desktop.read("[1] agent: a\u0301")
    assert desktop.end() == 0
    assert all(len(line) < 4100 for line in desktop.output.splitlines())
    assert not any(0xE0000 <= ord(character) <= 0xE0FFF for character in desktop.output)


def test_a_conversation_that_is_over(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop()
    desktop.type("/new", "bye")
    desktop.read("[1] over: the agent has ended it")
    desktop.type("more", "/use 1", "/close", "/list")
    desktop.read("nothing is open\n")
    assert desktop.end() == 0
    assert "[1] is over\n[1] is not open\nnothing is open here\n" in desktop.output
    assert (simulator.requests_to("respond"), simulator.requests_to("close")) == (1, 0)


def test_a_failure_says_whether_the_agent_may_have_heard(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop(POLYAI_MAX_ATTEMPTS="1")
    desktop.type("/new")
    desktop.read("[1] agent: Hello there.")
    simulator.fail({"answer": {"status": 500}}, when={"operation": "respond", "nth": 1})
    desktop.type("one")
    desktop.read("[1] failed: server, the agent may have heard it: ")
    simulator.fail({"answer": {"status": 429}}, when={"operation": "respond", "nth": 1})
    desktop.type("two")
    desktop.read("[1] failed: rate_limited, say it again: ")
    desktop.type("three")
    desktop.read("[1] agent: You said: three")
    assert desktop.end() == 0


def test_what_is_no_command_is_explained(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop()
    desktop.type("hello", "/use x", "/other", "", "/use 3")
    desktop.read("[3] is not open")
    assert desktop.end() == 0
    assert "/new begins a conversation\n" in desktop.output
    assert desktop.output.count("any other line is said") == 3
    assert simulator.requests_to("create") == 0


def test_ctrl_c_ends_what_is_under_way_and_closes(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop(in_terminal=True)
    desktop.read(READY)
    desktop.type("/new", "never")
    assert simulator.wait_for("respond", 1, PATIENCE)
    desktop.press(CTRL_C)
    desktop.read("[1] over: closed")
    assert desktop.end() == 130
    assert desktop.has_terminal_as_before()
    assert "[1] failed: cancelled, the agent may have heard it" in desktop.output
    assert simulator.requests_to("close") == 1


def test_ctrl_c_ends_a_wait_for_the_last_reply(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop(in_terminal=True, **NO_DEADLINE)
    desktop.read(READY)
    desktop.type("/new", "/new", "never")
    assert simulator.wait_for("respond", 1, PATIENCE)
    desktop.read("[2] wait: one moment, please")
    desktop.output = ""
    desktop.type("/quit")
    # By then the ending waits for the reply.
    desktop.read("[2] wait: one moment, please")
    desktop.press(CTRL_C)
    assert desktop.end() == 130
    assert "[2] failed: cancelled" in desktop.output
    assert all(f"[{number}] over: closed" in desktop.output for number in (1, 2))
    assert simulator.requests_to("close") == 2


def test_what_is_typed_after_ctrl_c_changes_nothing(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop(in_terminal=True)
    desktop.read(READY)
    desktop.type("/new", "/new")
    desktop.read("[1] agent: Hello there.")
    desktop.read("[2] agent: Hello there.")
    # What comes next meets an ending that is under way.
    simulator.fail({"delay": {"before": "turn", "ms": 3000}}, when={"operation": "close"})
    desktop.press(CTRL_C)
    assert simulator.wait_for("close", 2, PATIENCE)
    desktop.type("/new", "/quit")
    assert desktop.end() == 130
    assert all(f"[{number}] over: closed" in desktop.output for number in (1, 2))
    assert "[3]" not in desktop.output
    assert (simulator.requests_to("create"), simulator.requests_to("close")) == (2, 2)


def test_what_nobody_reads_closes_all_the_same(start_desktop: StartDesktop, simulator: Simulator) -> None:
    desktop = start_desktop(**NO_DEADLINE)
    desktop.type("/new", "/new", "never")
    desktop.read("[1] agent: Hello there.")
    assert simulator.wait_for("respond", 1, PATIENCE)
    desktop.look_away()
    desktop.type("/list", "/list")
    assert desktop.end() == 1
    assert simulator.requests_to("close") == 2


def test_options_that_are_wrong_end_it(start_desktop: StartDesktop) -> None:
    desktop = start_desktop(POLYAI_API_KEY="")
    assert desktop.end() == 1
    assert "api_key" in desktop.output
    desktop = start_desktop("--profile", "none", POLYAI_CONFIG_FILE="/none")
    assert desktop.end() == 1
