"""What every store of channels must do."""

from __future__ import annotations

import threading
import time
import uuid

from polyai_chat_channels import Answer, HandoffRecord, Message, Outcome, Sender, Standing, Store

_PATIENCE = 10.0


class StoreConformance:
    """The tests that every `polyai_chat_channels.Store` must pass: derive a test class from it that makes one.

    Each test uses a channel of its own, so one store may serve all of them.

    Example:
        >>> class TestMyStore(StoreConformance):
        ...     def make_store(self) -> Store:
        ...         return SQLiteStore(path)

    Since 0.1.0.
    """

    __module__ = "polyai_chat_testing"

    def make_store(self) -> Store:
        """The store to be tested. Since 0.1.0."""
        raise NotImplementedError("make_store of the tests of a store has to return one")

    def test_a_message_is_claimed_once(self) -> None:
        """Whoever comes second hears that it is under way, whoever asks again that it is first. Since 0.1.0."""
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
        assert case.settle("2", "two", Outcome("not_sent"))
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
        case.store.delivered(case.channel, case.sender, "1", True, timeout=_PATIENCE)
        kept = case.claim("1", "another").answer
        assert kept is not None
        assert kept.is_delivered
        assert (kept.state, kept.response, kept.greeting) == ("handed_off", None, None)

    def test_an_undelivered_answer_is_taken_by_one(self) -> None:
        """By nobody while its owner may deliver it, by one of those who ask when it is given back. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "token")
        case.answer("1", "token", Answer(case.message("1"), "open", "Yes"))
        assert case.undelivered() == []
        case.store.delivered(case.channel, case.sender, "1", False, timeout=_PATIENCE)
        assert [(answer.message.message_id, answer.response) for answer in case.undelivered()] == [("1", "Yes")]
        assert case.undelivered() == [], "it was taken"
        case.store.delivered(case.channel, case.sender, "1", True, timeout=_PATIENCE)
        case.store.delivered(case.channel, case.sender, "1", False, timeout=_PATIENCE)
        assert case.undelivered() == [], "it was delivered"

    def test_what_was_not_sent_is_forgotten_or_accepted_again(self) -> None:
        """With its text and its place in the line if it was accepted. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "one")
        assert case.settle("1", "one", Outcome("not_sent"))
        assert case.claim("1", "again").state == "first"
        assert case.settle("1", "again", Outcome("not_sent"))
        assert case.accept("2", "text of 2")
        assert not case.accept("2", "text of 2")
        assert case.claim("3", "three").state == "in_line", "what was accepted has its place"
        assert case.accepted() == [], "its owner is here"
        assert case.claim("2", "two").state == "first"
        assert case.settle("2", "two", Outcome("not_sent"))
        assert case.claim("3", "three").state == "in_line", "and keeps it"
        (again,) = case.accepted()
        assert (again.message_id, again.text, again.tries) == ("2", "text of 2", 1)
        assert again.integration_attributes == {"tier": "gold"}
        assert case.accepted() == [], "it was taken"
        assert case.claim("2", "two").state == "first"
        assert case.settle("2", "two", Outcome("not_sent", not_before=time.time() + 1000))
        assert case.accepted() == [], "it is not to be tried yet"

    def test_what_was_accepted_for_others_is_nobodys(self) -> None:
        """And is one's who has taken it. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.accept("1", "text of 1", for_others=True)
        assert not case.accept("1", "text of 1")
        assert [message.text for message in case.accepted()] == ["text of 1"]
        assert case.accepted() == [], "it was taken"
        assert case.claim("1", "one").state == "first"

    def test_a_claim_that_is_over_is_free_or_unknown(self) -> None:
        """It is free where nothing was sent, and whoever lost it is told so. Since 0.1.0."""
        case = _Case(self.make_store())
        case.claim("1", "lost", seconds=0)
        assert case.claim("1", "token").state == "first"
        assert not case.store.send(case.channel, case.message("1"), "lost", timeout=_PATIENCE)
        assert not case.settle("1", "lost", Outcome("not_sent"))
        assert case.claim("1", "another").state == "under_way", "the claim that holds was not touched"
        assert case.settle("1", "token", Outcome("not_sent"))
        case.claim("2", "dead", seconds=0)
        if case.store.send(case.channel, case.message("2"), "dead", timeout=_PATIENCE):
            standing = case.claim("2", "token")
            assert standing.state == "done"
            assert standing.answer is not None
            assert standing.answer.state == "unknown"
            assert [message.message_id for message in case.unknown()] == ["2"]
            assert case.claim("3", "three").state == "first", "nothing waits for it"
            case.answer("2", "dead", Answer(case.message("2"), "open", "late"))
            late = case.claim("2", "token").answer
            assert late is not None
            assert (late.state, late.response) == ("open", "late"), "its owner lived after all"

    def test_what_may_have_been_heard_is_never_claimed_again(self) -> None:
        """It is listed until somebody has dealt with it. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.accept("1", "text of 1")
        case.claim("1", "token")
        assert case.store.send(case.channel, case.message("1"), "token", timeout=_PATIENCE)
        assert case.claim("1", "another").state == "under_way"
        assert case.settle("1", "token", Outcome("unknown"))
        assert case.claim("1", "another").state == "done"
        assert [(message.message_id, message.text) for message in case.unknown()] == [("1", "text of 1")]
        assert case.accepted() == []
        assert case.store.dismiss(case.channel, case.sender, "1", timeout=_PATIENCE)
        assert not case.store.dismiss(case.channel, case.sender, "1", timeout=_PATIENCE)
        assert case.unknown() == []
        standing = case.claim("1", "another")
        assert standing.answer is not None
        assert (standing.answer.state, standing.answer.message.text) == ("settled", None)

    def test_the_conversation_of_a_sender(self) -> None:
        """It is recorded by who holds the claim; the one before is left, unless it is over. Since 0.1.0."""
        case = _Case(self.make_store())
        assert case.claim("1", "token").sender == Sender(case.sender)
        assert not case.begin("1", "another", Sender(case.sender, "orphan", "Hello"))
        assert case.idle(0) == ["orphan"], "nobody is in it"
        case.store.closed(case.channel, "orphan", timeout=_PATIENCE)
        assert case.begin("1", "token", Sender(case.sender, "first", "Hello"))
        known = case.store.sender(case.channel, case.sender, timeout=_PATIENCE)
        assert (known.conversation_id, known.greeting, known.is_greeted) == ("first", "Hello", False)
        assert case.begin("1", "token", Sender(case.sender), is_over=True)
        assert case.idle(0) == []
        assert case.begin("1", "token", Sender(case.sender, "second", "Hello"))
        case.answer("1", "token", Answer(case.message("1"), "open", "Yes", "Hello"))
        assert case.store.sender(case.channel, case.sender, timeout=_PATIENCE).is_greeted
        case.claim("2", "token")
        assert case.begin("2", "token", Sender(case.sender, "third", "Hello"))
        assert case.idle(0) == ["second"]
        case.store.closed(case.channel, "second", timeout=_PATIENCE)
        outcome = Outcome("answered", Answer(case.message("2"), "ended", "Bye"), goes_on=False)
        assert case.settle("2", "token", outcome)
        assert case.store.sender(case.channel, case.sender, timeout=_PATIENCE).conversation_id is None
        assert case.idle(time.time() + 1) == [], "it has ended"

    def test_idle_conversations_are_left(self) -> None:
        """Not those with something in line; what could not be closed comes again, after the others. Since 0.1.0."""
        case = _Case(self.make_store())
        for sender in ("a", "b", "c"):
            case.claim("1", "token", sender=sender)
            assert case.begin("1", "token", Sender(sender, f"of {sender}", "Hello"), sender=sender)
        case.settle("1", "token", Outcome("not_sent"), sender="a")
        case.settle("1", "token", Outcome("not_sent"), sender="b")
        assert case.idle(time.time() - 1000) == []
        assert sorted([*case.idle(time.time() + 1, most=1), *case.idle(time.time() + 1, most=1)]) == ["of a", "of b"]
        case.store.closed(case.channel, "of a", timeout=_PATIENCE)
        assert case.idle(time.time() - 1000) == ["of b"]
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
        assert case.store.purge(case.channel, time.time() - 1000, timeout=_PATIENCE) == 0
        assert case.store.purge(case.channel, time.time() + 1, timeout=_PATIENCE) == 1
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


class _Case:
    """A channel of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.channel = f"conformance {uuid.uuid4().hex}"
        self.sender = "sender \U0001f600"

    def message(self, message_id: str, text: str | None = None, sender: str | None = None) -> Message:
        attributes = None if text is None else {"tier": "gold"}
        return Message(sender or self.sender, message_id, text, attributes, time.time())

    def accept(self, message_id: str, text: str, for_others: bool = False) -> bool:
        return self.store.accept(self.channel, self.message(message_id, text), for_others, timeout=_PATIENCE)

    def claim(self, message_id: str, token: str, sender: str | None = None, seconds: float = 1000.0) -> Standing:
        message = self.message(message_id, sender=sender)
        return self.store.claim(self.channel, message, token, seconds, timeout=_PATIENCE)

    def begin(
        self, message_id: str, token: str, known: Sender, is_over: bool = False, sender: str | None = None
    ) -> bool:
        message = self.message(message_id, sender=sender)
        return self.store.begin(self.channel, message, token, known, is_over, timeout=_PATIENCE)

    def settle(self, message_id: str, token: str, outcome: Outcome, sender: str | None = None) -> bool:
        message = self.message(message_id, sender=sender)
        return self.store.settle(self.channel, message, token, outcome, timeout=_PATIENCE)

    def answer(self, message_id: str, token: str, answer: Answer | None = None) -> None:
        answer = answer or Answer(self.message(message_id), "open", "Yes")
        assert self.settle(message_id, token, Outcome("answered", answer, handoff=answer.handoff))

    def accepted(self) -> list[Message]:
        return self.store.take_accepted(self.channel, 100, timeout=_PATIENCE)

    def undelivered(self) -> list[Answer]:
        return self.store.take_undelivered(self.channel, 100, timeout=_PATIENCE)

    def unknown(self) -> list[Message]:
        return self.store.unknown(self.channel, 100, timeout=_PATIENCE)

    def idle(self, before: float, most: int = 100) -> list[str]:
        return self.store.take_idle(self.channel, before, most, timeout=_PATIENCE)
