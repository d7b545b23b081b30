"""Tests of every store of channels: several processes, of which some are killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import unittest
import uuid
from typing import Any

from polyai_chat_channels import Store

from ._store_case import PATIENCE, Case

_OTHER = """
import json, sys, threading
CODE
from polyai_chat_testing._store_case import Case
case = Case(store, sys.argv[1])
case.worker = sys.argv[2]
def beat():
    while True:
        due = store.beat(case.worker, "conformance", timeout=30.0)
        threading.Event().wait(min(due, 5.0))
store.beat(case.worker, "conformance", timeout=30.0)
threading.Thread(target=beat, daemon=True).start()
print(json.dumps(True), flush=True)
for line in sys.stdin:
    exec(json.loads(line))
    print(json.dumps(True), flush=True)
"""

_MANY_SENDERS, _MANY_MESSAGES = 50, 500


class ProcessConformance:
    """The part of `StoreConformance` that needs other processes."""

    __module__ = "polyai_chat_testing"

    def make_store(self) -> Store:
        """The store to be tested. Since 0.1.0."""
        raise NotImplementedError("make_store of the tests of a store has to return one")

    def code_of_store(self) -> str:
        """Python that makes the same store in another process, and calls it `store`. Since 0.1.0."""
        raise unittest.SkipTest("no code is given that makes the store in another process")

    def has_been_silent(self, worker: str) -> None:
        """Has the store believe that a worker was last heard of half a minute ago, to save that time; a store that
        notices a death otherwise needs it not. Since 0.1.0."""

    def test_what_a_killed_process_had_is_nobodys(self) -> None:
        """The message that it was sending is unknown; others are tried again; its answers are delivered.
        Since 0.1.0.
        """
        case = Case(self.make_store())
        with _Other(self.code_of_store(), case.channel) as other:
            for sender in ("sent", "claimed", "in line", "accepted"):
                other.does(f"case.accept('1', sender={sender!r})")
            other.does("case.claim('1', 'one', sender='sent'); assert case.send('1', 'one', sender='sent')")
            other.does("case.claim('1', 'one', sender='claimed')")
            other.does("case.answered('1', sender='answered')")
            case.accept("0", sender="behind")
            assert case.claim("0", "zero", sender="behind").state == "first"
            other.does("case.accept('1', sender='behind'); case.claim('1', 'one', sender='behind')")
            assert case.taken() == []
            assert case.undelivered() == []
            other.kill()
        self.has_been_silent(other.worker)
        case.wait_until(
            lambda: self._beat(case) and case.names_of_parked() == [("1", "unknown")], "what it was sending"
        )
        assert [answer.message.sender for answer in case.undelivered()] == ["answered"]
        offered: dict[str, int] = {}

        def are_all_offered() -> bool:
            offered.update({message.sender: message.tries for message in case.taken()})
            return len(offered) == 3

        case.wait_until(are_all_offered, f"not all was offered: {offered}")
        assert offered == {"claimed": 1, "in line": 0, "accepted": 0}
        case.answer("0", "zero", sender="behind")
        assert [(one.sender, one.message_id, one.tries) for one in case.taken()] == [("behind", "1", 0)]

    def test_what_kills_its_workers_is_parked(self) -> None:
        """After three of them, and it does not keep the others waiting. Since 0.1.0."""
        case = Case(self.make_store())
        code = self.code_of_store()
        assert case.accept("1", for_others=True)
        for number in range(3):
            with _Other(code, case.channel) as other:
                other.does(f"assert case.claim('1', '{number}').state == 'first'")
                other.kill()
            worker = other.worker
            self.has_been_silent(worker)
            case.wait_until(lambda dead=worker: self._beat(case) and not self._lives(case, dead), "it was not noticed")  # type: ignore[misc]
        assert case.names_of_parked() == [("1", "killed_its_worker")]
        assert case.claim("2", "two").state == "first"

    def test_the_clock_of_another_process_ends_no_claim(self) -> None:
        """Whatever it says. Since 0.1.0."""
        case = Case(self.make_store())
        with _Other(self.code_of_store(), case.channel) as other:
            other.does("import time; right = time.time; time.time = lambda: right() + 600.0")
            case.accept("1", for_others=True, sender="a")
            assert len(case.taken()) == 1
            assert case.claim("2", "two", seconds=300.0).state == "first"
            assert case.send("2", "two", lease=300.0)
            other.does("assert case.store.take(case.channel, case.worker, 9, lease=9.0, timeout=30.0) == []")
            other.does("assert case.claim('2', 'another').state == 'under_way'")
            other.does("store.beat(case.worker, 'conformance', timeout=30.0)")
            case.answer("2", "two")
            (other_worker,) = (one for one in case.store.workers(timeout=PATIENCE) if one.worker == other.worker)
            assert abs(other_worker.seen_at - other_worker.started_at) < 300

    def test_many_messages_in_two_processes(self) -> None:
        """500 messages of 50 senders: each is said once, in the order of its sender, one at a time. Since 0.1.0."""
        from polyai_chat import Client

        from ._simulator import Simulator

        with Simulator(script='greeting = "Hello"\ndefault_reply = "You said: {message}"\n') as simulator:
            case = Case(self.make_store())
            options: dict[str, Any] = {**simulator.options}
            Client(**options).close()
            code = (
                "import threading\nfrom polyai_chat import Client\n"
                "from polyai_chat_channels import Channel, StoreError\n"
                f"channel = Channel(Client(**{options!r}), store, case.channel)\n"
                # On a busy machine the others may write for longer than a call waits.
                "def at_last(call, *arguments):\n"
                "    while True:\n"
                "        try:\n"
                "            return call(*arguments)\n"
                "        except StoreError:\n"
                "            if done.is_set():\n"
                "                raise\n"
                "def work():\n"
                "    while not done.is_set():\n"
                "        for message in at_last(channel.pending, 2):\n"
                "            at_last(channel.delivered, channel.answer(message))\n"
                "        channel.wait(1.0)\n"
                "done = threading.Event()\n"
                "threads = [threading.Thread(target=work) for _ in range(4)]\n"
                "[thread.start() for thread in threads]\n"
            )
            with _Other(self.code_of_store(), case.channel) as one, _Other(self.code_of_store(), case.channel) as two:
                one.does(code)
                two.does(code)
                self._accept_many(case)
                said = simulator.wait_for("respond", _MANY_MESSAGES, timeout=120.0)
                assert said, f"{simulator.requests_to('respond')} of {_MANY_MESSAGES} were said"
                case.wait_until(lambda: self._is_empty(case), "not all was delivered")
                for other in (one, two):
                    other.does("done.set(); [thread.join() for thread in threads]")
            texts = [
                json.loads(one["body"])["message"] for one in simulator.received() if one["operation"] == "respond"
            ]
            assert len(texts) == len(set(texts)) == _MANY_MESSAGES, "each was said once"
            for sender in range(_MANY_SENDERS):
                numbers = [int(text.split()[1]) for text in texts if text.startswith(f"{sender} ")]
                assert numbers == sorted(numbers), f"the order of sender {sender}"
            assert {one["most_turns_in_flight"] for one in simulator.conversations()} == {1}
            assert len(simulator.conversations()) == _MANY_SENDERS

    @staticmethod
    def _accept_many(case: Case) -> None:
        def accept(numbers: range) -> None:
            for number in numbers:
                for message in range(_MANY_MESSAGES // _MANY_SENDERS):
                    case.accept(f"{message}", f"{number} {message}", for_others=True, sender=f"{number}")

        halves = (range(0, _MANY_SENDERS, 2), range(1, _MANY_SENDERS, 2))
        threads = [threading.Thread(target=accept, args=(half,)) for half in halves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def _is_empty(case: Case) -> bool:
        counts = case.store.counts(case.channel, 1000, timeout=PATIENCE)
        return counts.ready == counts.waiting == counts.in_flight == counts.undelivered == 0

    @staticmethod
    def _beat(case: Case) -> bool:
        case.store.beat(case.worker, "conformance", timeout=PATIENCE)
        return True

    @staticmethod
    def _lives(case: Case, worker: str) -> bool:
        return worker in {one.worker for one in case.store.workers(timeout=PATIENCE)}


class _Other:
    """Another process with the same store, which does what it is told."""

    def __init__(self, code: str, channel: str) -> None:
        self.worker = uuid.uuid4().hex
        program = _OTHER.replace("CODE", code)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, channel, self.worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Other:
        self._hear()
        return self

    def does(self, code: str) -> None:
        """Has it do something, and waits until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        self._hear()

    def kill(self) -> None:
        """Kills it, as the system does when memory is short."""
        self._process.kill()
        self._process.wait()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "true\n", "the other process has failed, see above"

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
