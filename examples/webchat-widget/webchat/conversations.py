"""What happens when a customer opens the chat, says something, or leaves; and when a human goes on."""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from polyai_chat import ChatError
from polyai_chat_channels import StoreError

from . import notices
from .database import DatabaseAway
from .desk import Case
from .transcripts import Line, reference

if TYPE_CHECKING:
    from polyai_chat_channels import Answer, AsyncChannel

    from .desk import Desk
    from .limits import Limits
    from .settings import Settings
    from .transcripts import Session, Transcripts

_Result = TypeVar("_Result")

DESK_SECONDS = 10.0
CLOSE_SECONDS = 5.0
UPKEEP_SECONDS = 60.0

# What sending again does not mend.
REFUSED = ("invalid_argument", "rejected", "unsupported")

log = logging.getLogger("webchat")


class Over(Exception):
    """The conversation in which something was to be said is not the present one, or has ended."""


class Conversations:
    """All browsers' conversations. It keeps nothing in memory, so any number of processes may have one."""

    def __init__(
        self, channel: AsyncChannel, transcripts: Transcripts, limits: Limits, desk: Desk, settings: Settings
    ) -> None:
        self._channel = channel
        self._transcripts = transcripts
        self._limits = limits
        self._desk = desk
        self._settings = settings

    async def begin(self, session: Session, after: int) -> None:
        """Begins the browser's next conversation after that number, once, however often it is asked for."""
        if session.state == "open" or session.number != after:
            return
        answer = await self._channel.greet(sender=reference(session.id, after + 1))
        greeting = Line("greeting", "agent", answer.greeting or "")
        await _in_thread(self._transcripts.begin, session.id, after, greeting)

    async def say(self, session: Session, number: int, message_id: str, text: str) -> bool:
        """Says it to the agent, or to the human who goes on, once per message id. Its outcome is in the transcript;
        False where it is still being answered, elsewhere.
        """
        line = Line(message_id, "customer", text, "under_way")
        standing = await _in_thread(self._transcripts.customer_says, session.id, number, line)
        if standing == "done":
            return True
        if standing == "over":
            raise Over
        sender = reference(session.id, number)
        try:
            answer = await self._channel.receive(sender=sender, message_id=message_id, text=text)
        except StoreError as error:
            if error.answer is None:
                await self._failed(session, number, message_id, error)
                return True
            log.error("%s", error)
            answer = error.answer
        except ChatError as error:
            await self._failed(session, number, message_id, error)
            return True
        if answer.state == "under_way":
            return False
        if answer.state in ("unknown", "parked"):
            log.warning("message %s of %s: whoever had it has died; the agent may have heard it", message_id, sender)
            await _in_thread(self._transcripts.failed, session.id, number, message_id, "unknown", None, None)
            return True
        await self._answered(session, number, message_id, text, answer)
        return True

    async def end(self, session: Session, number: int) -> None:
        """The customer leaves. To them that always succeeds."""
        if not await _in_thread(self._transcripts.end, session.id, number, "you"):
            return
        sender = reference(session.id, number)
        if session.is_with_human:
            try:
                await asyncio.wait_for(self._desk.customer_leaves(sender), DESK_SECONDS)
            except Exception:
                log.exception("the desk was not told that the customer of %s has left", sender)
        try:
            await self._channel.close(sender=sender, timeout=CLOSE_SECONDS)
        except ChatError as error:  # `close_idle` tries again
            log.warning("close: %s", error)

    async def human_says(self, sender: str, text: str) -> bool:
        """What a human of your desk answers; False where the customer has left. Open pages show it in seconds."""
        session_id, _, number = sender.rpartition(".")
        line = Line(f"human:{uuid.uuid4()}", "agent", text)
        return await _in_thread(self._transcripts.add_line, session_id, int(number), line)

    async def human_is_done(self, sender: str) -> None:
        """Gives the customer back to the agent."""
        session_id, _, number = sender.rpartition(".")
        await self._channel.release(sender=sender)
        await _in_thread(self._transcripts.set_with_human, session_id, int(number), False)
        line = Line(f"back:{uuid.uuid4()}", "notice", notices.back_with_the_agent())
        await _in_thread(self._transcripts.add_line, session_id, int(number), line)

    async def keep_up(self) -> None:
        """For ever: ends and closes what is idle, and forgets what is old. Every process may do so."""
        settings = self._settings
        while True:
            try:
                await _in_thread(self._transcripts.end_idle, settings.idle_seconds)
                await self._channel.close_idle(settings.idle_seconds)
                await _in_thread(self._transcripts.forget, settings.keep_seconds)
                await _in_thread(self._limits.forget, settings.keep_seconds)
                await self._channel.purge(settings.keep_seconds)
            except (ChatError, DatabaseAway) as error:
                log.warning("upkeep: %s", error)
            except Exception:
                log.exception("upkeep")
            await asyncio.sleep(min(UPKEEP_SECONDS, settings.idle_seconds / 4))

    async def _answered(self, session: Session, number: int, message_id: str, text: str, answer: Answer) -> None:
        """Puts the answer into the transcript, then has the channel forget its texts: none is lost in between."""
        lines = []
        if answer.greeting is not None:
            lines.append(Line(f"{message_id}:renewed", "notice", notices.RENEWED))
            lines.append(Line(f"{message_id}:greeting", "agent", answer.greeting))
        if answer.response is not None:
            lines.append(Line(f"{message_id}:response", "agent", answer.response))
        is_for_human = answer.state == "handed_off" and answer.response is None and not answer.is_delivered
        if is_for_human and not await self._tell_human(session, number, message_id, text):
            return
        is_handoff = answer.state == "handed_off" and answer.response is not None
        await _in_thread(
            partial(
                self._transcripts.answered,
                session.id,
                number,
                message_id,
                lines,
                is_over=answer.state == "ended",
            )
        )
        if is_handoff:
            await self._hand_over(session, number, message_id, answer)
        if not answer.is_delivered:
            await self._channel.delivered(answer)

    async def _hand_over(self, session: Session, number: int, message_id: str, answer: Answer) -> None:
        """To the desk; where that fails, the customer stays with the agent and is told."""
        sender = reference(session.id, number)
        handoff = answer.handoff
        destination, reason, raw = (handoff.destination, handoff.reason, handoff.raw) if handoff else (None, None, None)
        transcript = await _in_thread(self._transcripts.lines, session.id, number)
        try:
            case = Case(sender, destination, reason, raw, answer.conversation_id, transcript)
            await asyncio.wait_for(self._desk.take_over(case), DESK_SECONDS)
        except Exception:
            log.exception("the desk did not take over %s for %s", sender, destination)
            await self._channel.release(sender=sender)
            told = notices.not_handed_over(destination)
        else:
            told = notices.handed_over(destination, reason)
            await _in_thread(self._transcripts.set_with_human, session.id, number, True)
        await _in_thread(self._transcripts.add_line, session.id, number, Line(f"{message_id}:handoff", "notice", told))

    async def _tell_human(self, session: Session, number: int, message_id: str, text: str) -> bool:
        sender = reference(session.id, number)
        try:
            await asyncio.wait_for(self._desk.customer_says(sender, message_id, text), DESK_SECONDS)
        except Exception:
            log.exception("the desk was not told message %s of %s", message_id, sender)
            await _in_thread(self._transcripts.failed, session.id, number, message_id, "not_sent", "unavailable", None)
            return False
        return True

    async def _failed(self, session: Session, number: int, message_id: str, error: ChatError) -> None:
        """The customer sees what it means for them; the log has the rest, and the id for the service's support."""
        log.warning("message %s of %s: %s", message_id, reference(session.id, number), error)
        state, because, wait_s = "not_sent", "unavailable", None
        if not error.may_resend:
            state, because = "unknown", "unanswered"
        elif error.kind in REFUSED:
            because = "refused"
        elif error.retry_after is not None:
            # Nobody waits for longer than the conversation is kept open.
            because, wait_s = "busy", math.ceil(min(error.retry_after, self._settings.idle_seconds))
        await _in_thread(self._transcripts.failed, session.id, number, message_id, state, because, wait_s)


async def _in_thread(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Off the event loop, which another process's writing must not hold up."""
    return await asyncio.to_thread(function, *arguments)
