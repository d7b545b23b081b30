"""The work of a channel, step by step. The caller of the steps blocks or does not."""

from __future__ import annotations

import contextlib
import inspect
import json
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from polyai_chat import ChatError, Client, InvalidArgumentError, UnsupportedError

from ._checks import a_duration, a_name, a_time_limit, an_id, failure, message_of
from ._errors import StoreError
from ._records import Answer, Counts, HandoffRecord, Outcome, Sender
from ._steps import Call, InStore, Wait
from ._store import LEASE_SECONDS
from ._turn import Deadline, TurnOfMessage
from ._worker import worker_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import Literal

    from ._records import Message, Parked, Standing
    from ._turn import Steps
    from ._worker import Watch, Worker

_OUTSIDE_A_CALL = 5.0
"""How many seconds the store may take where there is no deadline."""
_AT_ONCE = 100
"""How many idle conversations are taken at a time."""
_PURGED_AT_ONCE = 1000

_GIVEN_BY_CALL = {"timeout", "correlation_id"}


class Answering:
    """The work of a channel, in steps."""

    def __init__(
        self,
        client: Any,  # a Client or an AsyncClient: the steps are the same
        store: Any,  # a Store or an AsyncStore
        name: str,
        timeout: float | timedelta,
        idle_after: float | timedelta | None,
        create_options: Mapping[str, Any] | None,
        give_up_after: float | timedelta | None,
        record_for: float | timedelta,
    ) -> None:
        self.name = a_name(name)
        self.client = client
        self.store = store
        self.give_up_after = None if give_up_after is None else a_duration("give_up_after", give_up_after)
        self.record_for = a_duration("record_for", record_for)
        self._timeout = a_time_limit(timeout)
        self._idle_after = None if idle_after is None else a_duration("idle_after", idle_after)
        self._create_options = dict(create_options or {})
        known = set(inspect.signature(Client.create).parameters) - _GIVEN_BY_CALL - {"self"}
        for option in self._create_options:
            if option not in known:
                raise ValueError(f"create_options holds {option!r}; known are {', '.join(sorted(known))}")
        (milliseconds,) = (row["value"] for row in client.settings() if row["name"] == "close_timeout_ms")
        self._close_timeout = float(milliseconds) / 1000
        self.handed_at = float("-inf")  # when this channel last changed who a sender is with
        self._news_of: tuple[Worker, Watch] | None = None
        self._beginning = 0  # calls that wait until the store knows of this process

    @property
    def worker(self) -> Worker:
        """This process, as the store knows it."""
        return worker_of(self.store)

    def begin_work(self) -> Steps[None]:
        """Has the store know that this process lives, before it keeps anything to itself."""
        # Behind those that have begun already, so that no later call overtakes them.
        if self.worker.is_at_work and not self._beginning:
            return
        self._beginning += 1
        try:
            yield InStore(self.worker.begin, blocks=True)
        finally:
            self._beginning -= 1

    # What a message goes through.

    def receive(
        self,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None,
        timeout: float | timedelta | None,
    ) -> Steps[Answer]:
        message = message_of(sender, message_id, text, integration_attributes)
        turn = TurnOfMessage(self, message, self._deadline(timeout))
        return (yield from self._answered(turn, message, turn.first_in_line()))

    def answer(self, message: Message, timeout: float | timedelta | None) -> Steps[Answer]:
        turn = TurnOfMessage(self, message, self._deadline(timeout))
        taken = message.turn is not None
        return (yield from self._answered(turn, message, turn.take_up() if taken else turn.first_in_line()))

    def _answered(self, turn: TurnOfMessage, message: Message, first: Steps[Standing]) -> Steps[Answer]:
        try:
            standing = yield from first
            if standing.answer is not None:
                return replace(standing.answer, is_repeated=True)
            if standing.state == "under_way":
                return Answer(message, "under_way", is_repeated=True)
            known = standing.sender
            if known.handoff is not None:
                answer = Answer(message, "handed_off", handoff=known.handoff)
                settled = yield from turn.record(Outcome("handed_off", answer, conversation_id=known.conversation_id))
                return replace(answer, is_behind=settled.is_behind)
            return (yield from turn.say(known))
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
        message = message_of(sender, f"greet {uuid.uuid4().hex}", None, integration_attributes)
        turn = TurnOfMessage(self, message, self._deadline(timeout))
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
        turn = TurnOfMessage(self, message_of(sender, f"close {uuid.uuid4().hex}", None, None), deadline)
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
        message = message_of(sender, message_id, text, integration_attributes)
        try:
            json.dumps(message.integration_attributes)
        except (TypeError, ValueError) as error:
            raise failure(InvalidArgumentError, f"integration_attributes cannot be written as JSON: {error}") from error
        if not for_others:
            yield from self.begin_work()
        accept = partial(
            self.store.accept,
            self.name,
            message,
            uuid.uuid4().hex,
            worker=None if for_others else self.worker.id,
            lease=LEASE_SECONDS,
            timeout=_OUTSIDE_A_CALL,
        )
        is_new: bool = yield InStore(accept, enters_line_of=message.sender)
        return is_new

    # What a host asks in between.

    def pending(self, most: int) -> Steps[list[Message]]:
        messages: list[Message] = yield from self._take("take", most)
        return messages

    def undelivered(self, most: int) -> Steps[list[Answer]]:
        answers: list[Answer] = yield from self._take("take_answers", most)
        return answers

    def take_parked(self, most: int) -> Steps[list[Parked]]:
        taken: list[Parked] = yield from self._take("take_parked", most)
        return taken

    def _take(self, method: str, most: int) -> Steps[Any]:
        yield from self.begin_work()
        self._news().forget()  # it is looked at now
        return (yield self._ask(method, self.worker.id, most, lease=LEASE_SECONDS))

    def wait(self, seconds: float | timedelta) -> Steps[bool]:
        limit = a_duration("seconds", seconds)
        yield from self.begin_work()
        was_told: bool = yield Wait(self._news(), limit)
        return was_told

    def _news(self) -> Watch:
        """Is told when there may be something to take."""
        worker = self.worker
        if self._news_of is None or self._news_of[0] is not worker:
            self._news_of = (worker, worker.keep_watch(self.name))
        return self._news_of[1]

    def parked(self, most: int) -> Steps[list[Parked]]:
        parked: list[Parked] = yield self._ask("parked", most)
        return parked

    def resolve(
        self,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"],
        note: str | None,
        may_be_said_twice: bool,
    ) -> Steps[bool]:
        sender, message_id = an_id("sender", sender), an_id("message_id", message_id)
        if how not in ("dismissed", "answered", "again"):
            raise failure(InvalidArgumentError, f"how is {how!r}, and 'dismissed', 'answered' and 'again' are known")
        if how == "again" and not may_be_said_twice:
            exported: dict[str, Any] = yield self._ask("export", sender)
            for kept in exported.get("messages", ()):
                if kept["message_id"] == message_id and kept["why"] == "unknown":
                    text = "the agent may have heard the message; say may_be_said_twice=True to have it said again"
                    raise failure(InvalidArgumentError, text)
        was_open: bool = yield self._ask("resolve", sender, message_id, how, note=note)
        return was_open

    def delivered(self, answer: Answer) -> Steps[None]:
        message = answer.message
        if message.message_id:  # a greeting has none, and nothing of it is kept
            yield self._ask("delivered", message.sender, message.message_id)

    def not_delivered(self, answer: Answer, after: float | timedelta) -> Steps[None]:
        message, seconds = answer.message, a_duration("after", after)
        if message.message_id:
            yield self._ask("not_delivered", message.sender, message.message_id, seconds)

    def hand_off(self, sender: str, destination: str | None, reason: str | None) -> Steps[None]:
        yield from self._set_handoff(sender, HandoffRecord(destination, reason))

    def release(self, sender: str) -> Steps[None]:
        yield from self._set_handoff(sender, None)

    def _set_handoff(self, sender: str, handoff: HandoffRecord | None) -> Steps[None]:
        yield self._ask("set_handoff", an_id("sender", sender), handoff)
        self.handed_at = time.monotonic()

    def look_up(self, sender: str) -> Steps[Sender]:
        known: Sender = yield self._ask("sender", an_id("sender", sender))
        return known

    def counts(self, up_to: int) -> Steps[Counts]:
        counts: Counts = yield self._ask("counts", up_to)
        return counts

    def export(self, sender: str) -> Steps[dict[str, Any]]:
        exported: dict[str, Any] = yield self._ask("export", an_id("sender", sender))
        return exported

    def forget(self, sender: str) -> Steps[bool]:
        was_known: bool = yield self._ask("forget", an_id("sender", sender))
        return was_known

    def purge(self, older_than: float | timedelta) -> Steps[int]:
        seconds, count = a_duration("older_than", older_than), 0
        while True:
            some: int = yield self._ask("purge", seconds, _PURGED_AT_ONCE)
            count += some
            if some < _PURGED_AT_ONCE:
                return count

    def close_idle(self, older_than: float | timedelta, timeout: float | timedelta | None) -> Steps[int]:
        idle_for = a_duration("older_than", older_than)
        deadline = self._deadline(timeout)
        tried: set[str] = set()
        closed = 0
        failed: ChatError | None = None
        while True:
            taken: list[str] = yield self._ask("take_idle", idle_for, _AT_ONCE)
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

    def _close(self, conversation_id: str, deadline: Deadline) -> Steps[None]:
        """Closes a conversation that was left."""
        timeout = min(deadline.for_a_call(), self._close_timeout)
        with contextlib.suppress(UnsupportedError):  # in the legacy dialect nothing closes it
            yield Call(partial(self.client.close_conversation, conversation_id, timeout=timeout))
        yield self._ask("closed", conversation_id)

    def _ask(self, method: str, *arguments: Any, **keywords: Any) -> InStore:
        verb = getattr(self.store, method)
        return InStore(partial(verb, self.name, *arguments, **keywords, timeout=_OUTSIDE_A_CALL))

    def _deadline(self, timeout: float | timedelta | None) -> Deadline:
        return Deadline(self._timeout if timeout is None else a_time_limit(timeout))

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
