"""What every store of channels must do."""

from __future__ import annotations

import threading

from polyai_chat_channels import Answer, HandoffRecord, Outcome, Sender, Settled, Standing

from ._store_case import PATIENCE as _PATIENCE
from ._store_case import Case as _Case
from ._store_operating_conformance import OperatingConformance
from ._store_process_conformance import ProcessConformance


class StoreConformance(OperatingConformance, ProcessConformance):
    """The tests that every `polyai_chat_channels.Store` must pass: derive a test class from it that makes one.

    Each test uses a channel of its own, so one store may serve all of them. The hooks
    `code_of_store`, `dump`, `hold` and `cost` reach beyond the protocol; a test is skipped without the hook that it
    needs.

    Example:
        >>> class TestMyStore(StoreConformance):
        ...     def make_store(self) -> Store:
        ...         return SQLiteStore(path)

    Since 0.1.0.
    """

    __module__ = "polyai_chat_testing"

    def test_a_message_is_claimed_once(self) -> None:
        """A second call hears that it is under way; the first one, asking again, that it is first. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.claim("1", "token").state == "first"
        assert case.claim("1", "token").state == "first", "the claim's own token asks again"
        assert case.claim("1", "another").state == "under_way"

    def test_messages_of_a_sender_are_in_line(self) -> None:
        """In the order of the claims, whatever becomes of the earlier ones. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.claim("1", "one").state == "first"
        assert case.claim("2", "two").state == "in_line"
        assert case.claim("3", "three").state == "in_line"
        assert case.claim("1", "other", sender="another").state == "first", "another sender does not wait"
        case.answer("1", "one")
        assert case.claim("3", "three").state == "in_line"
        assert case.claim("2", "two").state == "first"
        assert case.is_settled("2", "two", Outcome("not_sent"))
        assert case.claim("3", "three").state == "first"

    def test_an_answer_is_kept_until_it_is_delivered(self) -> None:
        """Its texts are erased then, and its state is not. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "token")
        handoff = HandoffRecord("desk", "asked \u2603", {"raw": [1, None]})
        given = Answer(
            case.message("1"), "handed_off", "Yes \U0001f600", "Hello", handoff, "conversation", "correlation"
        )
        case.answer("1", "token", given)
        kept = case.claim("1", "another").answer
        assert kept is not None
        assert (kept.response, kept.greeting, kept.handoff) == ("Yes \U0001f600", "Hello", handoff)
        assert (kept.state, kept.conversation_id, kept.correlation_id) == ("handed_off", "conversation", "correlation")
        assert not kept.is_delivered
        case.delivered("1")
        kept = case.claim("1", "another").answer
        assert kept is not None
        assert kept.is_delivered
        assert (kept.state, kept.response, kept.greeting) == ("handed_off", None, None)

    def test_an_undelivered_answer_is_taken_by_one(self) -> None:
        """By nobody while its worker may deliver it, by one of those who ask when it is given back. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "token")
        case.answer("1", "token", Answer(case.message("1"), "open", "Yes"))
        assert case.undelivered() == []
        case.not_delivered("1")
        assert [(answer.message.message_id, answer.response) for answer in case.undelivered()] == [("1", "Yes")]
        assert case.undelivered() == [], "it was taken"
        case.delivered("1")
        case.not_delivered("1")
        assert case.undelivered() == [], "it was delivered"

    def test_what_was_not_sent_is_forgotten_or_accepted_again(self) -> None:
        """With its text and its place in the line if it was accepted. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "one")
        assert case.is_settled("1", "one", Outcome("not_sent"))
        assert case.claim("1", "again").state == "first"
        assert case.is_settled("1", "again", Outcome("not_sent"))
        assert case.accept("2", "text of 2")
        assert not case.accept("2", "text of 2")
        assert case.claim("3", "three").state == "in_line", "what was accepted has its place"
        assert case.taken() == [], "its worker is here"
        assert case.claim("2", "two").state == "first"
        assert case.is_settled("2", "two", Outcome("not_sent"))
        assert case.claim("3", "three").state == "in_line", "and keeps it"
        assert case.taken() == [], "it is not to be tried yet"
        case.wait_until(lambda: case.names_of_taken() == ["2"], "it is offered again, after a second")
        assert case.taken() == [], "it was taken"
        assert case.claim("2", "two").state == "first"
        assert case.is_settled("2", "two", Outcome("not_sent", wait=1000.0))
        assert case.taken() == [], "it is not to be tried yet"

    def test_what_was_accepted_for_others_is_nobodys(self) -> None:
        """And is one's who has taken it. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.accept("1", "text of 1", for_others=True)
        assert not case.accept("1", "text of 1")
        assert [message.text for message in case.taken()] == ["text of 1"]
        assert case.taken() == [], "it was taken"
        assert case.claim("1", "one").state == "first"

    def test_a_claim_that_is_over_is_free_or_unknown(self) -> None:
        """It is free where nothing was sent, and its former holder is told. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "lost", seconds=0)
        assert case.claim("1", "token").state == "first"
        assert not case.send("1", "lost")
        assert case.settle("1", "lost", Outcome("not_sent")) == Settled("lost")
        assert case.claim("1", "another").state == "under_way", "the claim that holds was not touched"
        assert case.is_settled("1", "token", Outcome("not_sent"))
        case.claim("2", "slow", seconds=0)
        assert not case.send("2", "slow"), "its time was over"
        assert case.claim("3", "dead").state == "first"
        assert case.send("3", "dead", lease=0.0)
        standing = case.claim("3", "token")
        assert standing.state == "done"
        assert standing.answer is not None
        assert standing.answer.state == "unknown"
        assert case.names_of_parked() == [("3", "unknown")]
        assert case.claim("4", "four").state == "first", "nothing waits for it"
        late = case.settle("3", "dead", Outcome("answered", Answer(case.message("3"), "open", "late")))
        assert late.state == "late", "its worker lived after all, and nobody had been told"
        kept = case.claim("3", "token").answer
        assert kept is not None
        assert (kept.state, kept.response) == ("open", "late")
        assert case.names_of_parked() == []

    def test_what_may_have_been_heard_is_never_claimed_again(self) -> None:
        """It is listed until somebody has dealt with it. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.accept("1", "text of 1")
        case.claim("1", "token")
        assert case.send("1", "token")
        assert case.claim("1", "another").state == "under_way"
        assert case.is_settled("1", "token", Outcome("unknown"))
        assert case.claim("1", "another").state == "done"
        (parked,) = case.parked()
        assert (parked.message.message_id, parked.message.text, parked.why) == ("1", "text of 1", "unknown")
        assert (parked.conversation_id, parked.correlation_id) == ("conversation", "turn")
        assert case.taken() == []
        assert case.resolve("1")
        assert not case.resolve("1")
        assert case.parked() == []
        standing = case.claim("1", "another")
        assert standing.answer is not None
        assert (standing.answer.state, standing.answer.message.text) == ("settled", None)

    def test_the_conversation_of_a_sender(self) -> None:
        """It is recorded by who holds the claim; the one before is left, unless it is over. Since 0.1.0."""
        case = _Case(self.make_store())
        known = case.claim("1", "token").sender
        assert (known.sender, known.conversation_id, known.handoff) == (case.sender, None, None)
        assert not case.begin("1", "another", Sender(case.sender, "orphan", "Hello"))
        assert case.idle(1000) == ["orphan"], "nobody is in it"
        case.store.closed(case.channel, "orphan", timeout=_PATIENCE)
        assert case.begin("1", "token", Sender(case.sender, "first", "Hello"))
        known = case.store.sender(case.channel, case.sender, timeout=_PATIENCE)
        assert (known.conversation_id, known.greeting, known.is_greeted) == ("first", "Hello", False)
        assert case.begin("1", "token", Sender(case.sender), is_over=True)
        assert case.idle(1000) == []
        assert case.begin("1", "token", Sender(case.sender, "second", "Hello"))
        outcome = Outcome("answered", Answer(case.message("1"), "open", "Yes", "Hello"), conversation_id="second")
        assert case.is_settled("1", "token", outcome)
        assert case.store.sender(case.channel, case.sender, timeout=_PATIENCE).is_greeted
        case.claim("2", "token")
        assert case.begin("2", "token", Sender(case.sender, "third", "Hello"))
        assert case.idle(1000) == ["second"]
        case.store.closed(case.channel, "second", timeout=_PATIENCE)
        answer = Answer(case.message("2"), "ended", "Bye")
        outcome = Outcome("answered", answer, goes_on=False, conversation_id="third")
        assert case.is_settled("2", "token", outcome)
        assert case.store.sender(case.channel, case.sender, timeout=_PATIENCE).conversation_id is None
        assert case.idle(0) == [], "it has ended"

    def test_idle_conversations_are_left(self) -> None:
        """Not those with something in line; what could not be closed comes again, after the others. Since 0.1.0."""
        case = _Case(self.make_store())
        for sender in ("a", "b", "c"):
            case.claim("1", "token", sender=sender)
            assert case.begin("1", "token", Sender(sender, f"of {sender}", "Hello"), sender=sender)
        case.settle("1", "token", Outcome("not_sent"), sender="a")
        case.settle("1", "token", Outcome("not_sent"), sender="b")
        assert case.idle(1000) == []
        assert sorted([*case.idle(0, most=1), *case.idle(0, most=1)]) == ["of a", "of b"]
        case.store.closed(case.channel, "of a", timeout=_PATIENCE)
        assert case.idle(1000) == ["of b"]
        assert case.store.sender(case.channel, "a", timeout=_PATIENCE).conversation_id is None
        assert case.store.sender(case.channel, "c", timeout=_PATIENCE).conversation_id == "of c"

    def test_a_handoff_stays_until_it_is_taken_back(self) -> None:
        """Whatever is settled meanwhile. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "token")
        case.store.set_handoff(case.channel, case.sender, HandoffRecord("desk"), timeout=_PATIENCE)
        case.answer("1", "token", Answer(case.message("1"), "open", "Yes"))
        assert case.claim("2", "token").sender.handoff == HandoffRecord("desk")
        case.settle("2", "token", Outcome("not_sent"))
        case.store.set_handoff(case.channel, case.sender, None, timeout=_PATIENCE)
        assert case.store.sender(case.channel, case.sender, timeout=_PATIENCE).handoff is None

    def test_purged_is_what_is_done_with(self) -> None:
        """And not what is in line. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "token")
        case.answer("1", "token", Answer(case.message("1"), "open", "Yes"))
        case.accept("2", "text of 2")
        assert case.store.purge(case.channel, 1000.0, 100, timeout=_PATIENCE) == 0
        assert case.store.purge(case.channel, 0.0, 100, timeout=_PATIENCE) == 1
        assert case.claim("1", "again").state == "in_line", "it is new, and behind what was accepted"

    def test_of_many_who_claim_one_is_first(self) -> None:
        """From many threads at the same time. Since 0.1.0."""
        case = _Case(self.make_store())
        standings: list[Standing] = []

        def claim(token: str) -> None:
            standings.append(case.claim("1", token))

        threads = [threading.Thread(target=claim, args=(f"{number}",)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(standing.state for standing in standings) == ["first"] + ["under_way"] * 15
