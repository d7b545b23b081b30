"""What a channel promises of every store, when whoever works with it dies, is stopped, or is refused."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from children import PATIENCE, Child
from polyai_chat import Client
from polyai_chat_channels import Channel
from polyai_chat_testing import Simulator

SCRIPT = r"""
greeting = "Hello."
default_reply = "You said: {message}"

[[rules]]
pattern = '^slow'
reply = "Slowly."
delay_ms = 1000
"""

BEFORE_IT_IS_SENT = ("take", "create", "begin")
LONG_ENOUGH = 20.0


class Guarantees:
    """A row of the table in the guide each: derive a class that makes a store."""

    def make_store(self) -> Any:
        """The store of this test; the same one whenever it is asked."""
        raise NotImplementedError

    def code_of_store(self) -> str:
        """What makes it in another process."""
        raise NotImplementedError

    def has_been_silent(self, worker: str) -> None:
        """Has the store believe that a worker was last heard of half a minute ago."""

    @pytest.fixture
    def simulator(self) -> Iterator[Simulator]:
        with Simulator(script=SCRIPT) as running:
            yield running

    @pytest.fixture
    def channel(self, simulator: Simulator) -> Channel:
        return Channel(Client(**simulator.options), self.make_store(), "sms")

    def child(self, simulator: Simulator, step: str = "", record_for: float = 60.0) -> Child:
        arguments = (self.code_of_store(), step, str(record_for))
        child = Child("dying_worker.py", *arguments, options=simulator.options)
        assert child.value() == "ready"
        return child

    def dies(self, child: Child) -> None:
        """Waits until it is dead, and the store knows."""
        child.ended()
        for worker in self.make_store().workers(timeout=PATIENCE):
            if f" {child.pid} " in worker.about:
                self.has_been_silent(worker.worker)

    def until(self, ask: Callable[[], Any], what: str) -> Any:
        """Asks until there is something, as a worker does."""
        import time

        end = time.monotonic() + PATIENCE
        while not (found := ask()):
            assert time.monotonic() < end, what
            self.make_store().beat("the test", "the test", timeout=PATIENCE)
            time.sleep(0.1)
        return found

    def test_before_a_message_is_kept_its_peer_delivers_it_again(self, simulator: Simulator, channel: Channel) -> None:
        with self.child(simulator, "accept") as child:
            child.send(signal.SIGKILL)
            child.ended()
        assert channel.accept(sender="a", message_id="1", text="hello", for_others=True), "it is new"

    def test_once_it_is_kept_it_is_answered(self, simulator: Simulator, channel: Channel) -> None:
        with self.child(simulator, "accept") as child:
            child.tell(json.dumps({"accept": ["a", "1", "hello"]}))
            self.dies(child)
        assert not channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        (message,) = self.until(channel.pending, "it is not offered")
        assert channel.answer(message).response == "You said: hello"
        assert simulator.requests_to("respond") == 1

    @pytest.mark.parametrize("step", BEFORE_IT_IS_SENT)
    def test_a_worker_that_dies_before_it_sends_has_sent_nothing(
        self, simulator: Simulator, channel: Channel, step: str
    ) -> None:
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        with self.child(simulator, step) as child:
            child.tell(json.dumps({"work": 20}))
            self.dies(child)
        (message,) = self.until(channel.pending, "it is not offered again")
        assert message.tries == 1
        assert channel.answer(message).response == "You said: hello"
        assert simulator.requests_to("respond") == 1
        assert simulator.requests_to("create") == (2 if step == "create" else 1), "a lost one is open for ever"

    def test_a_worker_that_dies_after_it_has_recorded_that_it_sends_leaves_it_to_a_human(
        self, simulator: Simulator, channel: Channel
    ) -> None:
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        channel.accept(sender="a", message_id="2", text="next", for_others=True)
        with self.child(simulator, "send") as child:
            child.tell(json.dumps({"work": 20}))
            self.dies(child)
        (parked,) = self.until(channel.take_parked, "it is not parked")
        assert (parked.why, parked.message.text) == ("unknown", "hello")
        assert parked.conversation_id in [one["id"] for one in simulator.conversations()]
        assert parked.correlation_id is not None
        (message,) = self.until(channel.pending, "the line does not go on")
        assert channel.answer(message).response == "You said: next"
        assert simulator.requests_to("respond") == 1, "the first one had not left yet"

    def test_a_worker_that_dies_before_it_delivers_leaves_its_answer_to_others(
        self, simulator: Simulator, channel: Channel
    ) -> None:
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        with self.child(simulator, "settle") as child:
            child.tell(json.dumps({"work": 20}))
            self.dies(child)
        (answer,) = self.until(channel.undelivered, "it is not offered")
        assert answer.response == "You said: hello"
        assert simulator.requests_to("respond") == 1

    def test_a_worker_that_was_stopped_for_too_long_delivers_nothing(
        self, simulator: Simulator, channel: Channel
    ) -> None:
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        with self.child(simulator, "stopped", record_for=0.5) as child:
            child.tell(json.dumps({"work": 4}))
            assert simulator.wait_for("respond", 1, PATIENCE)
            (parked,) = self.until(channel.take_parked, "its claim does not end")
            assert parked.why == "unknown"
            child.send(signal.SIGCONT)
            assert child.value() == {"error": "ClaimLostError", "delivery": "unknown", "holds": False}
        assert channel.undelivered() == []
        assert simulator.requests_to("respond") == 1

    def test_a_worker_that_was_stopped_and_is_not_missed_yet_delivers(
        self, simulator: Simulator, channel: Channel
    ) -> None:
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        with self.child(simulator, "stopped", record_for=0.5) as child:
            child.tell(json.dumps({"work": 4}))
            assert simulator.wait_for("respond", 1, PATIENCE)
            self.until(channel.parked, "its claim does not end")
            child.send(signal.SIGCONT)
            assert child.value()["response"] == "You said: hello", "nobody was told: its late answer is one"
        assert channel.parked() == []

    def test_what_kills_its_workers_is_parked_after_three(self, simulator: Simulator, channel: Channel) -> None:
        channel.accept(sender="a", message_id="1", text="poison", for_others=True)
        channel.accept(sender="a", message_id="2", text="next", for_others=True)
        for number in range(3):
            with self.child(simulator, "take") as child:
                self.until(lambda: channel.counts().ready, f"it is not offered after {number} deaths")
                child.tell(json.dumps({"work": 20}))
                self.dies(child)
        (parked,) = self.until(channel.take_parked, "it is not parked")
        assert (parked.why, parked.message.tries) == ("killed_its_worker", 3)
        (message,) = channel.pending()
        assert channel.answer(message).response == "You said: next"
