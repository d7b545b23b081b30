"""Tests of every store of channels: old, late, repeated and parked messages."""

from __future__ import annotations

import threading
import unittest
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from polyai_chat_channels import Answer, HandoffRecord, Outcome, Sender, Settled, Store, StoreError

from ._store_case import PATIENCE, Case

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 15.0


class OperatingConformance:
    """The part of `StoreConformance` that is about more than the way of one message."""

    __module__ = "polyai_chat_testing"

    def make_store(self) -> Store:
        """The store to be tested. Since 0.1.0."""
        raise NotImplementedError("make_store of the tests of a store has to return one")

    def dump(self) -> str:
        """All that the store keeps, texts and ids as they are. Since 0.1.0."""
        raise unittest.SkipTest("no dump is given")

    def hold(self, channel: str, sender: str) -> AbstractContextManager[object]:
        """Holds the lock that those who write about a sender need. Since 0.1.0."""
        raise unittest.SkipTest("no hold is given")

    def cost(self, store: Store, action: Callable[[], object]) -> int:
        """The cost of an action, in steps, pages or rows: not in time. Since 0.1.0."""
        raise unittest.SkipTest("no cost is given")

    def test_only_the_first_in_line_is_taken(self) -> None:
        """So that nobody who takes several is blocked by one of them. Since 0.1.0."""
        case = Case(self.make_store())
        for message_id in ("1", "2"):
            for sender in ("a", "b", "c"):
                assert case.accept(message_id, for_others=True, sender=sender)
        first = case.taken(most=2)
        assert [(one.sender, one.message_id) for one in first] == [("a", "1"), ("b", "1")], "the oldest, and no more"
        assert [(one.sender, one.message_id) for one in case.taken()] == [("c", "1")]
        assert case.taken() == [], "what is behind has to wait"
        turn = first[1].turn
        assert turn is not None
        assert case.send("1", turn.token, sender="b")
        case.answer("1", turn.token, sender="b")
        assert [(one.sender, one.message_id) for one in case.taken()] == [("b", "2")]

    def test_what_was_taken_is_answered_without_another_claim(self) -> None:
        """Or claimed by the holder of its token, which hears of a handoff since. Since 0.1.0."""
        case = Case(self.make_store())
        assert case.accept("1", for_others=True)
        (message,) = case.taken()
        assert message.turn is not None
        token = message.turn.token
        assert case.claim("1", token).state == "first"
        assert case.claim("1", "another").state == "under_way"
        assert case.begin("1", token, Sender(case.sender, "conversation", "Hello"))
        assert case.send("1", token)
        case.answer("1", token)
        assert case.names_of_undelivered() == [], "its worker has it"

    def test_who_is_in_line_is_told_when_he_is_first(self) -> None:
        """By the word that is his token. Since 0.1.0."""
        case = Case(self.make_store())
        case.claim("1", "one")
        case.store.wait(case.worker, 0.0)
        assert case.claim("2", "two").state == "in_line"
        assert "two" not in case.store.wait(case.worker, 0.0)
        case.answer("1", "one")
        case.wait_until(lambda: "two" in case.store.wait(case.worker, 0.5), "nobody told it")
        assert case.claim("2", "two").state == "first"

    def test_workers_are_told_of_what_can_be_taken(self) -> None:
        """By the name of the channel. Since 0.1.0."""
        case = Case(self.make_store())
        case.store.wait(case.worker, 0.0)
        assert case.accept("1", for_others=True)
        case.wait_until(lambda: case.channel in case.store.wait(case.worker, 0.5), "nobody told it")

    def test_answers_are_taken_in_the_order_of_their_sender(self) -> None:
        """The next one only when the one before is delivered. Since 0.1.0."""
        case = Case(self.make_store())
        for message_id in ("1", "2", "3"):
            case.answered(message_id)
        for message_id in ("3", "2", "1"):
            case.not_delivered(message_id)
        assert case.names_of_undelivered() == ["1"]
        assert case.names_of_undelivered() == [], "the second waits for the first"
        case.not_delivered("1", wait=1000.0)
        assert case.names_of_undelivered() == [], "which is to be tried later"
        case.delivered("1")
        assert case.names_of_undelivered() == ["2"]
        case.delivered("2")
        assert case.names_of_undelivered(most=1) == ["3"]

    def test_whoever_answers_is_told_that_an_earlier_answer_is_to_be_delivered(self) -> None:
        """So that he can keep the order. Since 0.1.0."""
        case = Case(self.make_store())
        for message_id, is_behind in (("1", False), ("2", True)):
            assert case.claim(message_id, message_id).state == "first"
            outcome = Outcome("answered", Answer(case.message(message_id), "open", "Yes"))
            assert case.settle(message_id, message_id, outcome) == Settled("settled", is_behind)

    def test_an_answer_that_its_taker_keeps_for_too_long_is_offered_again(self) -> None:
        """When the lease is over. Since 0.1.0."""
        case = Case(self.make_store())
        case.answered("1")
        case.not_delivered("1")
        assert len(case.undelivered(lease=0.0)) == 1
        assert case.names_of_undelivered() == ["1"]

    def test_an_outcome_may_be_told_twice(self) -> None:
        """By a caller that does not know whether it was recorded. Since 0.1.0."""
        case = Case(self.make_store())
        assert case.claim("1", "one").state == "first"
        assert case.send("1", "one")
        assert case.send("1", "one"), "the same"
        case.answer("1", "one")
        case.answer("1", "one")
        assert case.settle("1", "one", Outcome("not_sent")) == Settled("lost"), "another outcome is none"
        case.claim("2", "two")
        assert case.is_settled("2", "two", Outcome("not_sent"))
        assert case.is_settled("2", "two", Outcome("not_sent"))
        message = case.message("3", "text")
        for token, is_new in (("three", True), ("three", True), ("another", False)):
            said = case.store.accept(case.channel, message, token, worker=None, lease=9.0, timeout=PATIENCE)
            assert said is is_new
        case.claim("3", "three")
        assert case.is_settled("3", "three", Outcome("not_sent"))
        assert case.is_settled("3", "three", Outcome("not_sent"))
        case.wait_until(lambda: [one.tries for one in case.taken()] == [1], "it was tried once")

    def test_a_late_outcome_changes_nothing_about_another_conversation(self) -> None:
        """In which the sender is meanwhile. Since 0.1.0."""
        case = Case(self.make_store())
        case.claim("1", "one")
        assert case.begin("1", "one", Sender(case.sender, "old", "Hello"))
        assert case.send("1", "one", lease=0.0)
        assert case.claim("2", "two").state == "first"
        assert case.begin("2", "two", Sender(case.sender, "new", "Hello"))
        ended = Answer(case.message("1"), "ended", "Bye")
        assert case.settle("1", "one", Outcome("answered", ended, goes_on=False, conversation_id="old")).state == "late"
        assert case.known().conversation_id == "new"

    def test_a_late_outcome_is_lost_when_a_human_was_told(self) -> None:
        """Nothing of it is recorded. Since 0.1.0."""
        case = Case(self.make_store())
        case.accept("1")
        case.claim("1", "one")
        assert case.send("1", "one", lease=0.0)
        store = case.store
        (taken,) = store.take_parked(case.channel, case.worker, 9, lease=1000.0, timeout=PATIENCE)
        assert (taken.message.message_id, taken.why) == ("1", "unknown")
        assert store.take_parked(case.channel, "another", 9, lease=9.0, timeout=PATIENCE) == [], "one human is told"
        answer = Answer(case.message("1"), "open", "late")
        assert case.settle("1", "one", Outcome("answered", answer)) == Settled("lost")
        assert case.undelivered() == []
        assert case.resolve("1", "answered")
        assert case.settle("1", "one", Outcome("answered", answer)) == Settled("lost")

    def test_what_is_refused_or_too_old_is_parked(self) -> None:
        """With what went wrong; and the line goes on. Since 0.1.0."""
        case = Case(self.make_store())
        for message_id, outcome in (
            ("1", Outcome("refused", error="rejected: no", correlation_id="c")),
            ("2", Outcome("not_sent", wait=3600.0, give_up_after=60.0)),
        ):
            case.accept(message_id, f"text of {message_id}")
            assert case.claim(message_id, message_id).state == "first"
            assert case.is_settled(message_id, message_id, outcome)
        assert case.names_of_parked() == [("1", "refused"), ("2", "exhausted")]
        first = case.parked(most=1)
        assert [(one.message.text, one.error, one.correlation_id) for one in first] == [
            ("text of 1", "rejected: no", "c")
        ]
        assert case.claim("3", "three").state == "first"

    def test_what_is_put_back_is_last_in_line(self) -> None:
        """Since what came meanwhile may be under way. Since 0.1.0."""
        case = Case(self.make_store())
        case.accept("1", "text of 1")
        case.claim("1", "one")
        assert case.is_settled("1", "one", Outcome("refused"))
        assert case.claim("2", "two").state == "first"
        assert case.resolve("1", "again")
        assert not case.resolve("1", "again"), "it is parked no more"
        assert case.taken() == []
        case.answer("2", "two")
        assert [(one.message_id, one.text) for one in case.taken()] == [("1", "text of 1")]
        assert case.claim("3", "three").state == "in_line"

    def test_texts_are_kept_no_longer_than_needed(self) -> None:
        """By the store as a whole. Since 0.1.0."""
        case = Case(self.make_store())
        words = f"words {case.channel}"
        case.accept("1", words)
        assert words in self.dump()
        case.claim("1", "one")
        case.answer("1", "one", Answer(case.message("1"), "open", f"answer to {case.channel}"))
        assert words not in self.dump()
        assert f"answer to {case.channel}" in self.dump()
        case.delivered("1")
        assert f"answer to {case.channel}" not in self.dump()
        case.accept("2", words)
        assert case.resolve("2")
        assert words not in self.dump()

    def test_all_that_is_kept_of_a_sender_is_exported_and_forgotten(self) -> None:
        """And nothing of another one. Since 0.1.0."""
        case = Case(self.make_store())
        for sender in ("a", "b"):
            case.accept("1", f"text of {sender}", sender=sender)
            case.claim("1", "one", sender=sender)
            case.begin("1", "one", Sender(sender, f"conversation of {sender}", "Hello"), sender=sender)
        exported = case.store.export(case.channel, "a", timeout=PATIENCE)
        assert exported["conversation_id"] == "conversation of a"
        assert [(one["message_id"], one["text"]) for one in exported["messages"]] == [("1", "text of a")]
        assert case.store.forget(case.channel, "a", timeout=PATIENCE)
        assert not case.store.forget(case.channel, "a", timeout=PATIENCE)
        assert case.store.export(case.channel, "a", timeout=PATIENCE) == {}
        assert case.idle(1000) == ["conversation of a"], "it is to be closed"
        assert case.settle("1", "one", Outcome("unknown"), sender="a") == Settled("lost")
        assert case.store.export(case.channel, "b", timeout=PATIENCE)["messages"]

    def test_any_text_is_kept_as_it_is(self) -> None:
        """NUL too, in ids as well. Since 0.1.0."""
        case = Case(self.make_store())
        odd = "a\0b \x1b '; -- \U0001f600"
        assert case.accept(odd, odd, for_others=True, sender=odd)
        (message,) = case.taken()
        assert (message.sender, message.message_id, message.text) == (odd, odd, odd)
        assert message.turn is not None
        handoff = HandoffRecord(odd, odd, {odd: odd})
        case.answer(odd, message.turn.token, Answer(message, "handed_off", odd, odd, handoff), sender=odd)
        case.not_delivered(odd, sender=odd)
        (answer,) = case.undelivered()
        assert (answer.response, answer.greeting, answer.handoff) == (odd, odd, handoff)
        case.delivered(odd, sender=odd)
        case.not_delivered(odd, sender=odd)
        assert case.undelivered() == []
        case.store.set_handoff(case.channel, odd, handoff, timeout=PATIENCE)
        assert case.known(odd).handoff == handoff

    def test_what_is_purged_goes_in_pieces(self) -> None:
        """So that nobody waits for it. Since 0.1.0."""
        case = Case(self.make_store())
        for number in range(5):
            case.answered("1", f"sender {number}")
        purged = [case.store.purge(case.channel, 0.0, 2, timeout=PATIENCE) for _ in range(4)]
        assert purged == [2, 2, 1, 0]
        assert case.undelivered() == []

    def test_what_may_have_been_sent_unseen_is_fenced(self) -> None:
        """`fence` parks the first message of each line, unless its sending is on record. Since 0.1.0."""
        case = Case(self.make_store())
        for sender in ("accepted", "claimed", "sent"):
            case.accept("1", for_others=True, sender=sender)
            case.accept("2", for_others=True, sender=sender)
        case.claim("1", "one", sender="claimed")
        case.claim("1", "one", sender="sent")
        assert case.send("1", "one", sender="sent")
        assert case.store.fence(case.channel, 1000.0, 100, timeout=PATIENCE) == 2
        assert sorted(one.message.sender for one in case.parked()) == ["accepted", "claimed"]
        assert {one.why for one in case.parked()} == {"unknown"}
        assert not case.send("1", "one", sender="claimed")

    def test_counts(self) -> None:
        """Of what is ready, waits, is under way, is to be delivered and is parked. Since 0.1.0."""
        case = Case(self.make_store())
        for sender in ("a", "b", "c"):
            case.accept("1", for_others=True, sender=sender)
        case.claim("1", "one", sender="a")
        case.answered("2", "d")
        case.accept("3", sender="e")
        case.claim("3", "three", sender="e")
        assert case.is_settled("3", "three", Outcome("refused"), sender="e")
        counts = case.store.counts(case.channel, 100, timeout=PATIENCE)
        assert (counts.ready, counts.waiting, counts.in_flight, counts.undelivered) == (2, 1, 1, 1)
        assert counts.parked == {"unknown": 0, "refused": 1, "exhausted": 0, "killed_its_worker": 0}
        assert counts.oldest_ready_seconds >= 0
        assert case.store.counts(case.channel, 1, timeout=PATIENCE).ready == 1, "it stops there"
        assert case.channel in case.store.channels(timeout=PATIENCE)

    def test_a_lock_that_is_kept_ends_at_the_timeout(self) -> None:
        """With an error, whatever is asked. Since 0.1.0."""
        with self.hold("no channel", "nobody"):
            pass  # skips where there is no such hook
        case = Case(self.make_store())
        assert case.claim("1", "one").state == "first"
        sender, ended = Sender(case.sender, "c"), ""
        is_held, is_over = threading.Event(), threading.Event()

        def hold() -> None:
            with self.hold(case.channel, case.sender):
                is_held.set()
                is_over.wait(_LONG)  # far longer than the timeout, and not for ever

        holding = threading.Thread(target=hold)
        holding.start()
        try:
            assert is_held.wait(PATIENCE)
            case.store.begin(case.channel, case.message("1"), "one", sender, is_over=False, timeout=0.3)
        except StoreError as error:
            ended = str(error)
        finally:
            is_over.set()
            holding.join()
        assert ended, "it did not end"
        assert case.begin("1", "one", Sender(case.sender, "c"))

    def test_nothing_costs_more_the_more_is_in_line(self) -> None:
        """With 3,000 in line as with 30. Since 0.1.0."""
        case = Case(self.make_store())
        costs: list[int] = []
        for many in (30, 3000):
            self._fill(case, many)
            costs.append(self.cost(case.store, lambda: self._look(case)))
        assert costs[1] <= 2 * costs[0], costs

    @staticmethod
    def _fill(case: Case, many: int) -> None:
        for number in range(many):
            case.accept("1", for_others=True, sender=f"{many} {number}")

    @staticmethod
    def _look(case: Case) -> None:
        assert len(case.taken(most=10)) == 10
        assert case.undelivered(most=10) == []
        assert case.parked(most=10) == []
        assert case.store.counts(case.channel, 20, timeout=PATIENCE).ready == 20
        case.store.beat(case.worker, "conformance", timeout=PATIENCE)
