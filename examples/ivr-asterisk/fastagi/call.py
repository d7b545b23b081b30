"""One call: what the caller writes goes to the agent, what the agent says to the caller."""

from __future__ import annotations

import collections
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, TypeVar

from agi import Channel, HungUp, pieces, plain
from polyai_chat import ChatError, Client, Conversation, Reply, Turn

log = logging.getLogger("fastagi")

_Outcome = TypeVar("_Outcome", Conversation, Reply)
# How long one RECEIVE TEXT lasts. Between two of them Asterisk throws away what comes, so the fewer the better; but
# while the agent thinks, its answer waits for the end of one, and else the server's being stopped does.
_LISTEN_SECONDS = 0.1
_IDLE_SECONDS = 10.0
_CREATE_PATIENCE_SECONDS = 5.0  # for a conversation that is being created while the caller hangs up
_FIELDS = ("variant_id", "channel", "asr_lang_code", "tts_lang_code")


@dataclass(frozen=True)
class Manners:
    """How calls are held."""

    filler: str = "One moment, please."
    filler_after: float = 1.5  # seconds
    silence: float = 120.0  # seconds without a word of the caller
    text_bytes: int = 900  # with quotes escaped; a line of AGI may have 1,000


class Call:
    """A call, for the thread of its connection."""

    def __init__(self, client: Client, channel: Channel, manners: Manners, stopping: threading.Event) -> None:
        self._client = client
        self._channel = channel
        self._manners = manners
        self._stopping = stopping
        self._waiting: collections.deque[str] = collections.deque(maxlen=32)
        self._turn: Turn[Conversation] | Turn[Reply] | None = None
        self._conversation: Conversation | None = None

    def run(self) -> None:
        """Holds the conversation, lets the dialplan go on, and only then takes leave of the agent."""
        variables: dict[str, str] = {}
        try:
            self._converse(variables)
        except HungUp:
            variables["STATUS"] = "HANGUP"
        except ChatError as error:
            variables.update(STATUS="FAILED", ERROR=error.kind, ERROR_TEXT=str(error), DELIVERY=error.delivery)
            if error.correlation_id:
                variables["CORRELATION_ID"] = error.correlation_id
        except ValueError as error:  # an argument in the dialplan
            variables.update(STATUS="FAILED", ERROR="invalid_argument", ERROR_TEXT=str(error))
            log.error("%.100s: %.300s", self._channel.facts.get("agi_channel"), plain(str(error)))
        if self._turn is not None and self._conversation is not None:
            self._turn.cancel()
        try:
            for name, value in variables.items():
                self._channel.set_variable(f"POLYAI_{name}", value)
        except HungUp:
            log.info("%s: gone before its variables were set", self._channel.facts.get("agi_channel"))
        finally:
            self._channel.close()
            self._take_leave()

    def _converse(self, variables: dict[str, str]) -> None:
        conversation = self._conversation = self._outcome(self._client.start_create(**self._fields()), variables)
        variables["CONVERSATION_ID"] = conversation.id
        self._say(conversation.greeting.plain_text)
        while (words := self._listen()) is not None:
            reply = self._outcome(conversation.start(words), variables)
            self._say(reply.plain_text)
            if reply.handoff is not None:
                variables["HANDOFF_DESTINATION"] = reply.handoff.destination or ""
                variables["HANDOFF_REASON"] = reply.handoff.reason or ""
                variables["STATUS"] = "HANDOFF"
                return
            if reply.end_conversation:
                variables["STATUS"] = "ENDED"
                return
        if self._stopping.is_set():
            variables.update(STATUS="FAILED", ERROR="cancelled", ERROR_TEXT="the FastAGI server is being stopped")
        else:
            variables["STATUS"] = "SILENCE"

    def _fields(self) -> dict[str, Any]:
        """What the agent is told: the caller, and the arguments of AGI(), each NAME=VALUE."""
        facts = self._channel.facts
        attributes = {"caller": facts.get("agi_callerid", "unknown")}
        fields: dict[str, Any] = {"integration_attributes": attributes}
        for name, argument in facts.items():
            if not name.startswith("agi_arg_"):
                continue
            field, found, value = argument.partition("=")
            if found and field.startswith("attribute."):
                attributes[field[len("attribute.") :]] = value
            elif found and field in _FIELDS:
                fields[field] = value
            else:
                raise ValueError(f"{field} is none of attribute.NAME=VALUE and {', '.join(_FIELDS)}")
        return fields

    def _outcome(self, turn: Turn[_Outcome], variables: dict[str, str]) -> _Outcome:
        """Serves the call until the agent has answered, with a filler when that takes long."""
        self._turn = turn
        variables["CORRELATION_ID"] = turn.correlation_id
        filler_at = time.monotonic() + self._manners.filler_after if self._manners.filler else float("inf")
        while not turn.done:
            words = self._channel.receive_text(_LISTEN_SECONDS)
            if words:
                self._waiting.append(words)
            if time.monotonic() >= filler_at and not turn.done:
                filler_at = float("inf")
                self._say(self._manners.filler)
        self._turn = None
        return turn.result()

    def _listen(self) -> str | None:
        """What the caller says next; None when that is nothing for long, or the server is being stopped."""
        until = time.monotonic() + self._manners.silence
        while not self._waiting:
            left = until - time.monotonic()
            if left <= 0 or self._stopping.is_set():
                return None
            if words := self._channel.receive_text(min(left, _IDLE_SECONDS)):
                self._waiting.append(words)
        return self._waiting.popleft()

    def _say(self, text: str) -> None:
        for piece in pieces(text, self._manners.text_bytes):
            self._channel.send_text(piece)

    def _take_leave(self) -> None:
        try:
            if self._turn is not None and self._conversation is None:
                if not self._turn.wait(_CREATE_PATIENCE_SECONDS):
                    self._turn.cancel()
                created = self._turn.result()
                self._conversation = created if isinstance(created, Conversation) else None
            if self._conversation is not None:
                self._conversation.close_if_open()
        except ChatError as error:
            log.warning("%s", error)
