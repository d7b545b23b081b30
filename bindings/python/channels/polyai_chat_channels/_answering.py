"""How a message is answered, step by step; who takes the steps, blocks or does not."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from polyai_chat import (
    BusyError,
    ChatError,
    Client,
    DeadlineExceededError,
    InvalidArgumentError,
    UnsupportedError,
)

from ._errors import StoreError
from ._records import Answer, HandoffRecord, Message, Outcome, Sender, Standing
from ._steps import Call, InStore, Pause, Step

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from polyai_chat import Reply

    from ._store import Store

_Result = TypeVar("_Result")
if TYPE_CHECKING:
    from typing_extensions import TypeAlias

    Steps: TypeAlias = Generator[Step, Any, _Result]

_log = logging.getLogger("polyai_chat_channels")

_OUTSIDE_A_CALL = 5.0
"""How many seconds the store may take where there is no deadline."""
_TO_RECORD = 1.0
"""How many seconds more than the deadline the store may take to record the outcome of a call."""
_AFTER_THE_DEADLINE = 60.0
"""How many seconds after the deadline of its call a claim is given up, if its process still lives."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1
"""How many seconds pass before the store is asked again whose turn it is."""
_LONGEST_WAIT = 300.0
"""After how many seconds an accepted message is offered again at the latest."""
_AT_ONCE = 100
"""How many idle conversations are taken at a time."""

_GIVEN_BY_CALL = {"timeout", "correlation_id"}


class _Deadline:
    """When a call is to be over."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        return max(self._at - time.monotonic(), 0.0)

    def for_a_call(self) -> float:
        """What a call of the client may take."""
        left = self.left()
        if left <= 0:
            raise _failure(DeadlineExceededError, "the deadline passed before the message was sent")
        return left


class Answering:
    """What a channel does, in steps."""

    def __init__(
        self,
        client: Any,  # a Client or an AsyncClient: the steps are the same
        store: Store,
        name: str,
        timeout: float | timedelta,
        idle_after: float | timedelta | None,
        create_options: Mapping[str, Any] | None,
    ) -> None:
        self.name = _text("name", name)
        self.client = client
        self.store = store
        self._timeout = _time_limit(timeout)
        self._idle_after = None if idle_after is None else _seconds("idle_after", idle_after)
        self._create_options = dict(create_options or {})
        known = set(inspect.signature(Client.create).parameters) - _GIVEN_BY_CALL - {"self"}
        for option in self._create_options:
            if option not in known:
                raise ValueError(f"create_options holds {option!r}; known are {', '.join(sorted(known))}")
        (milliseconds,) = (row["value"] for row in client.settings() if row["name"] == "close_timeout_ms")
        self._close_timeout = float(milliseconds) / 1000

    # What a message goes through.

    def receive(
        self,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None,
        timeout: float | timedelta | None,
    ) -> Steps[Answer]:
        message = _message(sender, message_id, text, integration_attributes)
        deadline = self._deadline(timeout)
        turn = _Turn(self, message, deadline)
        try:
            standing = yield from turn.first_in_line()
            if standing.answer is not None:
                return replace(standing.answer, is_repeated=True)
            if standing.state == "under_way":
                return Answer(message, "under_way", is_repeated=True)
            if standing.sender.handoff is not None:
                answer = Answer(message, "handed_off", handoff=standing.sender.handoff)
                yield from turn.record(Outcome("handed_off", answer))
                return answer
            return (yield from turn.say(standing.sender))
        except GeneratorExit:
            raise  # nobody takes any more steps
        except BaseException as error:
            yield from turn.give_up(error)
            raise

    def greet(
        self,
        sender: str,
        integration_attributes: Mapping[str, Any] | None,
        timeout: float | timedelta | None,
    ) -> Steps[Answer]:
        message = _message(sender, f"greet {uuid.uuid4().hex}", None, integration_attributes)
        turn = _Turn(self, message, self._deadline(timeout))
        try:
            known = (yield from turn.first_in_line()).sender
            message = replace(message, message_id="")
            if known.handoff is not None:
                answer = Answer(message, "handed_off", handoff=known.handoff)
            else:
                conversation_id, is_repeated = self.going_on(known), True
                if conversation_id is None:
                    known, is_repeated = (yield from turn.create(known))[1], False
                if not known.is_greeted:
                    yield from turn.begin(replace(known, is_greeted=True))
                answer = Answer(
                    message,
                    "open",
                    greeting=known.greeting,
                    conversation_id=known.conversation_id,
                    is_repeated=is_repeated,
                )
            yield from turn.record(Outcome("not_sent"))
            return answer
        except GeneratorExit:
            raise
        except BaseException as error:
            yield from turn.give_up(error)
            raise

    def close(self, sender: str, timeout: float | timedelta | None) -> Steps[bool]:
        deadline = self._deadline(timeout)
        turn = _Turn(self, _message(sender, f"close {uuid.uuid4().hex}", None, None), deadline)
        try:
            known = (yield from turn.first_in_line()).sender
            if known.conversation_id is not None:
                yield from turn.begin(Sender(known.sender))
            yield from turn.record(Outcome("not_sent"))
        except GeneratorExit:
            raise
        except BaseException as error:
            yield from turn.give_up(error)
            raise
        if known.conversation_id is None:
            return False
        yield from self._close(known.conversation_id, deadline)
        return True

    def accept(
        self,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None,
        for_others: bool,
    ) -> Steps[bool]:
        message = _message(sender, message_id, text, integration_attributes)
        try:
            json.dumps(message.integration_attributes)
        except (TypeError, ValueError) as error:
            raise _failure(
                InvalidArgumentError, f"integration_attributes cannot be written as JSON: {error}"
            ) from error
        accept = partial(self.store.accept, self.name, message, for_others, timeout=_OUTSIDE_A_CALL)
        is_new: bool = yield InStore(accept, enters_line_of=message.sender)
        return is_new

    # What a host asks in between.

    def pending(self, most: int) -> Steps[list[Message]]:
        messages: list[Message] = yield self._ask("take_accepted", most)
        return messages

    def undelivered(self, most: int) -> Steps[list[Answer]]:
        answers: list[Answer] = yield self._ask("take_undelivered", most)
        return [replace(answer, is_repeated=True) for answer in answers]

    def unknown(self, most: int) -> Steps[list[Message]]:
        messages: list[Message] = yield self._ask("unknown", most)
        return messages

    def delivered(self, answer: Answer, is_delivered: bool) -> Steps[None]:
        message = answer.message
        if message.message_id:  # a greeting has none, and nothing of it is kept
            yield self._ask("delivered", message.sender, message.message_id, is_delivered)

    def settle(self, sender: str, message_id: str) -> Steps[bool]:
        was_open: bool = yield self._ask("dismiss", _text("sender", sender), _text("message_id", message_id))
        return was_open

    def hand_off(self, sender: str, destination: str | None, reason: str | None) -> Steps[None]:
        yield self._ask("set_handoff", _text("sender", sender), HandoffRecord(destination, reason))

    def release(self, sender: str) -> Steps[None]:
        yield self._ask("set_handoff", _text("sender", sender), None)

    def look_up(self, sender: str) -> Steps[Sender]:
        known: Sender = yield self._ask("sender", _text("sender", sender))
        return known

    def purge(self, older_than: float | timedelta) -> Steps[int]:
        count: int = yield self._ask("purge", time.time() - _seconds("older_than", older_than))
        return count

    def close_idle(self, older_than: float | timedelta, timeout: float | timedelta | None) -> Steps[int]:
        before = time.time() - _seconds("older_than", older_than)
        deadline = self._deadline(timeout)
        tried: set[str] = set()
        closed = 0
        failed: ChatError | None = None
        while True:
            taken: list[str] = yield self._ask("take_idle", before, _AT_ONCE)
            # What could not be closed is handed out again when all others have been.
            new = [conversation_id for conversation_id in taken if conversation_id not in tried]
            for conversation_id in new:
                if deadline.left() <= 0:
                    break
                tried.add(conversation_id)
                try:
                    yield from self._close(conversation_id, deadline)
                    closed += 1
                except StoreError:
                    raise
                except ChatError as error:
                    failed = failed or error
            if not new or deadline.left() <= 0:
                break
        if failed is not None:
            raise failed
        return closed

    def _close(self, conversation_id: str, deadline: _Deadline) -> Steps[None]:
        """Closes a conversation that was left."""
        timeout = min(deadline.for_a_call(), self._close_timeout)
        with contextlib.suppress(UnsupportedError):  # in the legacy dialect nothing closes it
            yield Call(partial(self.client.close_conversation, conversation_id, timeout=timeout))
        yield self._ask("closed", conversation_id)

    def _ask(self, method: str, *arguments: Any) -> InStore:
        return InStore(partial(getattr(self.store, method), self.name, *arguments, timeout=_OUTSIDE_A_CALL))

    def _deadline(self, timeout: float | timedelta | None) -> _Deadline:
        return _Deadline(self._timeout if timeout is None else _time_limit(timeout))

    def going_on(self, sender: Sender) -> str | None:
        """The conversation in which a sender goes on, if there is one that is not too old."""
        is_idle = self._idle_after is not None and time.time() - sender.last_message_at > self._idle_after
        return None if is_idle else sender.conversation_id

    def creation(self, message: Message, timeout: float) -> Call:
        options = dict(self._create_options)
        # What the agent may know has another name in the legacy dialect.
        name = "metadata" if self.client.dialect == "legacy" else "integration_attributes"
        if message.integration_attributes is not None:
            options[name] = {**(options.get(name) or {}), **message.integration_attributes}
        return Call(partial(self.client.create, timeout=timeout, **options))


class _Turn:
    """One message on its way."""

    def __init__(self, answering: Answering, message: Message, deadline: _Deadline) -> None:
        self._answering = answering
        self._store = answering.store
        self._channel = answering.name
        self._message = message
        self._deadline = deadline
        self._token = uuid.uuid4().hex
        self._tries = 0
        self._is_claimed = False
        self._may_be_sent = False
        self._goes_on = True

    def first_in_line(self) -> Steps[Standing]:
        """Claims the message, and waits until nothing of its sender comes before it."""
        pause = _SHORTEST_PAUSE
        self._is_claimed = True  # from now on it may be
        enters: str | None = self._message.sender
        while True:
            left = self._deadline.left()
            seconds = left + _AFTER_THE_DEADLINE
            claim = partial(self._store.claim, self._channel, self._message, self._token, seconds)
            standing: Standing = yield InStore(
                partial(claim, timeout=max(left, _SHORTEST_PAUSE)), enters_line_of=enters
            )
            enters = None
            self._tries = standing.tries
            if standing.state in ("first", "done"):
                return standing
            if self._deadline.left() <= 0:
                if standing.state == "under_way":
                    return standing
                raise _failure(BusyError, "the deadline passed while earlier messages of the sender were in line")
            yield Pause(min(pause, self._deadline.left()))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def say(self, sender: Sender) -> Steps[Answer]:
        """Gives the message to the agent, in the sender's conversation or in a new one."""
        client = self._answering.client
        conversation_id = self._answering.going_on(sender)
        if conversation_id is None:
            is_new = True
            conversation, sender = yield from self.create(sender)
        else:
            is_new = False
            conversation = client.attach(conversation_id)
        while True:
            yield from self._record_that_it_may_be_sent()
            respond = partial(conversation.respond, self._message.text, timeout=self._deadline.for_a_call())
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
        yield from self.record(Outcome("answered", answer, goes_on=not reply.end_conversation, handoff=answer.handoff))
        return answer

    def create(self, sender: Sender) -> Steps[tuple[Any, Sender]]:
        """Begins a new conversation for the sender."""
        conversation = yield self._answering.creation(self._message, self._deadline.for_a_call())
        sender = Sender(sender.sender, conversation.id, conversation.greeting.response)
        yield from self.begin(sender)
        return conversation, sender

    def begin(self, sender: Sender, is_over: bool = False) -> Steps[None]:
        """Records the conversation of the sender. From now on the message is no longer one that may have been sent."""
        begin = partial(self._store.begin, self._channel, self._message, self._token, sender, is_over)
        self._hold((yield InStore(partial(begin, timeout=self._deadline.left() + _TO_RECORD))))
        self._goes_on = True
        self._may_be_sent = False

    def _record_that_it_may_be_sent(self) -> Steps[None]:
        self._deadline.for_a_call()
        send = partial(self._store.send, self._channel, self._message, self._token)
        self._hold((yield InStore(partial(send, timeout=self._deadline.left()))))
        self._may_be_sent = True

    def _hold(self, is_held: bool) -> None:
        if not is_held:
            self._is_claimed = False
            raise _failure(
                DeadlineExceededError,
                "the claim of the message was lost before it was sent: this process was held up for too long",
            )

    def record(self, outcome: Outcome) -> Steps[None]:
        """Records the outcome of the message."""
        settle = partial(self._store.settle, self._channel, self._message, self._token, outcome)
        try:
            yield InStore(partial(settle, timeout=self._deadline.left() + _TO_RECORD))
        except StoreError as error:
            if outcome.answer is None:
                raise
            text = f"the agent has answered, but that could not be recorded: {error.message}"
            raise StoreError(text, delivery="unknown", phase="reply", answer=outcome.answer) from error
        self._is_claimed = False

    def give_up(self, error: BaseException) -> Steps[None]:
        """Records that the message was not answered."""
        if not self._is_claimed:
            return
        failure = error if isinstance(error, ChatError) else error.__cause__
        if not self._may_be_sent:
            may_be_heard = False
        elif isinstance(failure, ChatError):
            may_be_heard = not failure.may_resend
        else:
            may_be_heard = not isinstance(error, (TypeError, ValueError))
        asked_for = (failure.retry_after if isinstance(failure, ChatError) else None) or 0.0
        wait = max(min(2.0 ** min(self._tries, 16), _LONGEST_WAIT), asked_for)
        state = "unknown" if may_be_heard else "not_sent"
        outcome = Outcome(state, goes_on=self._goes_on, not_before=time.time() + wait)  # type: ignore[arg-type]
        settle = partial(self._store.settle, self._channel, self._message, self._token, outcome)
        try:
            yield InStore(partial(settle, timeout=self._deadline.left() + _TO_RECORD))
        except StoreError as not_recorded:
            # The claim ends by itself, as what is recorded says: free, or unknown.
            _log.warning("the outcome of a message of %s could not be recorded: %s", self._channel, not_recorded)


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


def _message(
    sender: str, message_id: str, text: str | None, integration_attributes: Mapping[str, Any] | None
) -> Message:
    if text is not None:
        _checked("text", text)
    attributes = None if integration_attributes is None else dict(integration_attributes)
    return Message(_text("sender", sender), _text("message_id", message_id), text, attributes, time.time())


def _text(name: str, value: str) -> str:
    if _checked(name, value) == "":
        raise _failure(InvalidArgumentError, f"{name} is empty")
    return value


def _checked(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        text = f"{name} holds half a surrogate pair, which is no character"
        raise _failure(InvalidArgumentError, text) from error
    return value


def _time_limit(value: float | timedelta) -> float:
    seconds = _seconds("timeout", value)
    if seconds == 0:
        raise ValueError("timeout must be a time above 0 seconds")
    return seconds


def _seconds(name: str, value: Any) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds or a timedelta, not {type(value).__name__}")
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{name} must be a time of 0 seconds or more, not {seconds}")
    return float(seconds)


def _failure(of_kind: type[ChatError], text: str) -> ChatError:
    phase = "queue" if of_kind is BusyError else "prepare"
    return of_kind(f"{of_kind.kind}: {text}", message=text, delivery="not_sent", phase=phase)
