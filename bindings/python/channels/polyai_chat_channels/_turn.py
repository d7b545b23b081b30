"""One message on its way through a channel, step by step."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from polyai_chat import BusyError, ChatError, DeadlineExceededError

from ._checks import failure
from ._errors import ClaimLostError, StoreError
from ._records import Answer, HandoffRecord, Outcome, Sender, Settled, Standing
from ._steps import Call, Enter, InStore, Pause, Step, Wait
from ._store import LEASE_SECONDS

_Result = TypeVar("_Result")
if TYPE_CHECKING:
    from collections.abc import Generator

    from typing_extensions import TypeAlias

    from polyai_chat import Reply

    from ._answering import Answering
    from ._records import Message
    from ._worker import Watch

    Steps: TypeAlias = Generator[Step, Any, _Result]

_log = logging.getLogger("polyai_chat_channels")

_TO_RECORD = 1.0
"""How many seconds more than the deadline the store may take to record the outcome of a call."""
_SHORTEST = 0.01
"""How many seconds the store has at least."""
_IN_LINE_SECONDS = 5.0
"""After how many seconds a call in line asks again, if it was told nothing."""
_FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 0.05, 1.0
"""After how many seconds a call that waits for another process's answer asks again: twice as long each time."""
_FRESH_SECONDS = 1.0
"""How many seconds after a message was taken its record of the sender is still believed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""How many seconds pass before an outcome that could not be recorded is recorded again."""
_LONGEST_ERROR = 300

_REFUSED = ("invalid_argument", "rejected", "unsupported")
"""Failures that another try does not mend."""


class Deadline:
    """When a call is to be over."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        return max(self._at - time.monotonic(), 0.0)

    def for_a_call(self) -> float:
        """The time for a call of the client."""
        left = self.left()
        if left <= 0:
            raise failure(DeadlineExceededError, "the deadline passed before the message was sent")
        return left


class TurnOfMessage:
    """One message on its way."""

    def __init__(self, answering: Answering, message: Message, deadline: Deadline) -> None:
        self._answering = answering
        self._store = answering.store
        self._channel = answering.name
        self._message = message
        self._deadline = deadline
        self._token = uuid.uuid4().hex
        self._is_claimed = False
        self._may_be_sent = False
        self._goes_on = True
        self._conversation_id: str | None = None
        self._outcome: Outcome | None = None  # once there is one

    def enter(self) -> Steps[None]:
        """Waits for a place, if the channel has only so many."""
        if not (yield Enter(self._deadline.left())):
            raise failure(BusyError, "the deadline passed while too many other messages were under way")
        yield from self._answering.begin_work()

    def take_up(self) -> Steps[Standing]:
        """Goes on with the claim by which the message was taken."""
        turn = self._message.turn
        assert turn is not None
        yield from self.enter()
        self._token, self._is_claimed = turn.token, True
        is_fresh = time.monotonic() - turn.taken_at < _FRESH_SECONDS and turn.taken_at > self._answering.handed_at
        if is_fresh and turn.sender.handoff is None:
            return Standing("first", turn.sender)
        return (yield from self._wait_in_line())

    def first_in_line(self) -> Steps[Standing]:
        """Claims the message, and waits until nothing of its sender comes before it."""
        yield from self.enter()
        self._is_claimed = True  # from now on it may be
        return (yield from self._wait_in_line())

    def _wait_in_line(self) -> Steps[Standing]:
        with self._answering.worker.watch(self._token, self._end_of_message()) as watch:
            return (yield from self._ask_until_first(watch))

    def _ask_until_first(self, watch: Watch) -> Steps[Standing]:
        enters: str | None = self._message.sender
        look_after = _FIRST_LOOK_SECONDS
        is_claimed = False
        while True:

            def claim(is_again: bool = is_claimed) -> Any:
                left = self._deadline.left()
                if left <= 0 and not is_again:
                    raise failure(BusyError, "the deadline passed before the store could be asked")
                lease = left + self._answering.record_for
                worker = self._answering.worker.id
                store, timeout = self._store, max(left, _SHORTEST)
                return store.claim(self._channel, self._message, worker, self._token, lease=lease, timeout=timeout)

            standing: Standing = yield InStore(claim, enters_line_of=enters)
            is_claimed, enters = True, None
            if standing.state in ("first", "done"):
                return standing
            if self._deadline.left() <= 0:
                if standing.state == "under_way":
                    return standing
                raise failure(BusyError, "the deadline passed while earlier messages of the sender were in line")
            if standing.state == "in_line":
                seconds = _IN_LINE_SECONDS
            else:
                seconds, look_after = look_after, min(2 * look_after, _LAST_LOOK_SECONDS)
            yield Wait(watch, min(seconds, self._deadline.left()))

    def _end_of_message(self) -> str:
        """The word by which this process tells itself that a message is done."""
        return f"{self._channel}\0{self._message.sender}\0{self._message.message_id}"

    def say(self, sender: Sender) -> Steps[Answer]:
        """Gives the message to the agent, in the sender's conversation or in a new one."""
        client = self._answering.client
        conversation_id = self._answering.going_on(sender)
        if conversation_id is None:
            is_new = True
            conversation, sender = yield from self.create(sender)
        else:
            is_new = False
            self._conversation_id = conversation_id
            conversation = client.attach(conversation_id)
        while True:
            correlation_id = str(uuid.uuid4())
            yield from self._record_that_it_may_be_sent(conversation.id, correlation_id)
            timeout = self._deadline.for_a_call()
            respond = partial(conversation.respond, self._message.text, timeout=timeout, correlation_id=correlation_id)
            try:
                reply: Reply = yield Call(respond)
                break
            except ChatError as error:
                if not (error.may_resend and conversation.ended):
                    raise
                self._goes_on = False
                if is_new:
                    raise
            # The conversation was over before the message came to it: it was refused, and is said in a new one.
            is_new = True
            yield from self.begin(Sender(sender.sender), is_over=True)
            conversation, sender = yield from self.create(Sender(sender.sender))
        answer = _answer(self._message, reply, sender, conversation.id)
        outcome = Outcome(
            "answered",
            answer,
            goes_on=not reply.end_conversation,
            handoff=answer.handoff,
            conversation_id=conversation.id,
            correlation_id=reply.correlation_id,
        )
        settled = yield from self.record(outcome)
        return replace(answer, is_behind=settled.is_behind)

    def create(self, sender: Sender) -> Steps[tuple[Any, Sender]]:
        """Begins a new conversation for the sender."""
        conversation = yield self._answering.creation(self._message, self._deadline.for_a_call())
        sender = Sender(sender.sender, conversation.id, conversation.greeting.response)
        yield from self.begin(sender)
        return conversation, sender

    def begin(self, sender: Sender, is_over: bool = False) -> Steps[None]:
        """Records the conversation of the sender. From now on the message is no longer one that may have been sent."""

        def begin() -> Any:
            timeout = self._deadline.left() + _TO_RECORD
            return self._store.begin(self._channel, self._message, self._token, sender, is_over, timeout=timeout)

        self._hold((yield InStore(begin)))
        self._conversation_id = sender.conversation_id
        self._goes_on = True
        self._may_be_sent = False

    def _record_that_it_may_be_sent(self, conversation_id: str, correlation_id: str) -> Steps[None]:
        def send() -> Any:
            left = self._deadline.for_a_call()
            return self._store.send(
                self._channel,
                self._message,
                self._token,
                conversation_id=conversation_id,
                correlation_id=correlation_id,
                lease=left + self._answering.record_for,
                timeout=left,
            )

        self._hold((yield InStore(send)))
        self._may_be_sent = True

    def _hold(self, is_held: bool) -> None:
        if not is_held:
            self._is_claimed = False
            text = "the claim of the message was lost before it was sent: this process was held up for too long"
            raise ClaimLostError(text, delivery="not_sent")

    def record(self, outcome: Outcome) -> Steps[Settled]:
        """Records the outcome of the message. Where the agent has answered it is tried as long as the claim holds."""
        self._outcome = outcome
        until = time.monotonic() + self._deadline.left() + self._answering.record_for
        pause = _FIRST_PAUSE
        while True:
            try:
                settled: Settled = yield InStore(self._settle)
                break
            except StoreError as error:
                if outcome.answer is None:
                    raise
                if time.monotonic() + pause > until:
                    text = f"the agent has answered, but that could not be recorded: {error.message}"
                    raise StoreError(text, delivery="unknown", phase="reply", answer=outcome.answer) from error
            yield Pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._is_claimed = False
        if settled.state == "lost" and outcome.answer is not None:
            is_sent = outcome.state == "answered"
            text = "the claim of the message was lost: this process was held up, and somebody else deals with it now"
            raise ClaimLostError(text, delivery="unknown" if is_sent else "not_sent")
        return settled

    def _settle(self, store: Any = None) -> Any:
        assert self._outcome is not None
        worker = self._answering.worker
        worker.tell(self._end_of_message())
        keys = (self._channel, self._message, worker.id, self._token)
        timeout = self._deadline.left() + _TO_RECORD
        return (store or self._store).settle(*keys, self._outcome, lease=LEASE_SECONDS, timeout=timeout)

    def give_up(self, error: BaseException) -> Steps[None]:
        """Records that the message was not answered."""
        if not self._is_claimed:
            return
        if self._outcome is None:
            self._outcome = self._outcome_of(error)
        try:
            yield InStore(self._settle)
        except StoreError as not_recorded:
            # It is when the store is back; else the claim ends by itself, as what is recorded says: free, or unknown.
            until = time.monotonic() + self._deadline.left() + self._answering.record_for
            self._answering.worker.owes(until, self._settle)
            _log.warning("the outcome of a message of %s is not recorded yet: %s", self._channel, not_recorded)

    def _outcome_of(self, error: BaseException) -> Outcome:
        cause = error if isinstance(error, ChatError) else error.__cause__
        of_call = cause if isinstance(cause, ChatError) else None
        is_argument = isinstance(error, (TypeError, ValueError))
        if not self._may_be_sent:
            may_be_heard = False
        elif of_call is not None:
            may_be_heard = not of_call.may_resend
        else:
            may_be_heard = not is_argument
        # What is wrong with the creation of a conversation is wrong with the message only if that says something there.
        is_about_message = self._may_be_sent or self._message.integration_attributes is not None
        is_refused = is_argument or (of_call is not None and of_call.kind in _REFUSED)
        kind = type(error).__name__ if of_call is None else of_call.kind
        words = str(error) if of_call is None else of_call.message
        return Outcome(
            "unknown" if may_be_heard else "refused" if is_refused and is_about_message else "not_sent",
            goes_on=self._goes_on,
            conversation_id=self._conversation_id,
            correlation_id=None if of_call is None else of_call.correlation_id,
            error=f"{kind}: {words}"[:_LONGEST_ERROR],
            wait=(None if of_call is None else of_call.retry_after) or 0.0,
            give_up_after=self._answering.give_up_after,
        )


def _answer(message: Message, reply: Reply, sender: Sender, conversation_id: str) -> Answer:
    handoff = reply.handoff
    return Answer(
        message,
        "handed_off" if handoff is not None else "ended" if reply.end_conversation else "open",
        response=reply.response,
        greeting=None if sender.is_greeted else sender.greeting,
        handoff=None if handoff is None else HandoffRecord(handoff.destination, handoff.reason, handoff.raw),
        conversation_id=conversation_id,
        correlation_id=reply.correlation_id,
    )
