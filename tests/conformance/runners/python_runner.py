"""The runner of Python: does what steps say with `polyai_chat.Client`, and writes the outcome of each."""

from __future__ import annotations

import functools
import json
import logging
import sys
import threading
import traceback
from typing import Any, Callable

import polyai_chat
from polyai_chat import ChatError, Client, Closed, Conversation, Greeting, Handoff, Headers, Reply, Turn

KEYWORDS = {row["name"]: row["keyword"] for row in polyai_chat.OPTIONS}
ANSWER_FIELDS = ("unknown_fields", "correlation_id")
HIDDEN = ["error.number"]
LOOKED_UP = "X-POLYAI-Correlation-ID"
ERROR_FIELDS = {
    "kind": "kind",
    "delivery": "delivery",
    "may_resend": "may_resend",
    "phase": "phase",
    "message": "message",
    "http_status": "status",
    "error_code": "error_code",
    "service_message": "service_message",
    "correlation_id": "correlation_id",
    "body_excerpt": "body_excerpt",
    "attempts": "attempts",
}
CLASSES = {
    "invalid_argument": polyai_chat.InvalidArgumentError,
    "configuration": polyai_chat.ConfigurationError,
    "unsupported": polyai_chat.UnsupportedError,
    "authentication": polyai_chat.AuthenticationError,
    "permission": polyai_chat.PermissionDeniedError,
    "not_found": polyai_chat.NotFoundError,
    "conversation_ended": polyai_chat.ConversationEndedError,
    "rejected": polyai_chat.RejectedError,
    "rate_limited": polyai_chat.RateLimitedError,
    "server": polyai_chat.ServerError,
    "connect": polyai_chat.ConnectError,
    "timeout": polyai_chat.DeadlineExceededError,
    "cancelled": polyai_chat.CallCancelledError,
    "protocol": polyai_chat.ProtocolError,
    "busy": polyai_chat.BusyError,
    "unavailable": polyai_chat.UnavailableError,
    "internal": polyai_chat.InternalError,
}


def seconds(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request as keywords: times are seconds."""
    return {
        name[: -len("_ms")] if name.endswith("_ms") else name: value / 1000 if name.endswith("_ms") else value
        for name, value in fields.items()
    }


def option(value: str) -> object:
    """A value as Python has it."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdecimal() else value


def options(given: dict[str, str]) -> dict[str, Any]:
    """The options of a client as keywords: times are seconds."""
    keywords: dict[str, Any] = {}
    for name, value in given.items():
        keyword = KEYWORDS.get(name, name)
        keywords[keyword] = int(value) / 1000 if keyword != name else option(value)
    return keywords


def of_headers(headers: Headers) -> list[list[str]]:
    """All lines, found by a spelling that is not theirs."""
    return [[name, value] for name in headers for value in headers.all(name.upper())]


def class_of(error: ChatError) -> type[ChatError]:
    """The class that an error of this kind has."""
    if error.kind == "connect" and error.delivery == "not_sent":
        return polyai_chat.NotConnectedError
    return CLASSES.get(error.kind, ChatError)


def of_answer(answer: Greeting | Reply | Closed, *names: str) -> dict[str, Any]:
    """The fields of an answer, those of all answers included."""
    shown = {name: getattr(answer, name) for name in (*names, *ANSWER_FIELDS)}
    shown["raw"] = answer.raw_json
    shown["headers"] = of_headers(answer.headers)
    shown["header"] = answer.headers.get(LOOKED_UP)
    shown["elapsed_us"] = round(answer.elapsed * 1_000_000)
    return shown


def of_handoff(handoff: Handoff | None) -> dict[str, Any] | None:
    """The fields of a handoff."""
    if handoff is None:
        return None
    return {"destination": handoff.destination, "reason": handoff.reason, "raw": handoff.raw}


def of_outcome(outcome: object) -> dict[str, Any]:
    """The outcome of a call, by its kind."""
    if isinstance(outcome, Greeting):
        return {"greeting": of_answer(outcome, "response", "plain_text", "conversation_id", "user_id")}
    if isinstance(outcome, Reply):
        shown = of_answer(outcome, "response", "plain_text", "conversation_id", "end_conversation")
        return {"reply": {**shown, "handoff": of_handoff(outcome.handoff)}}
    if isinstance(outcome, Closed):
        return {"closed": of_answer(outcome, "was_over")}
    return {}


def of_error(error: BaseException) -> dict[str, Any]:
    """The fields of an exception; Python's own are errors in the arguments."""
    if isinstance(error, ChatError):
        shown = {name: getattr(error, attribute) for name, attribute in ERROR_FIELDS.items()}
        shown["text"] = str(error)
        shown["retry_after_ms"] = None if error.retry_after is None else round(error.retry_after * 1000)
        shown["cause"] = None if error.__cause__ is None else str(error.__cause__)
        shown["headers"] = of_headers(error.headers)
        shown["header"] = error.headers.get(LOOKED_UP)
        return shown
    if not isinstance(error, (TypeError, ValueError)):
        raise error
    shown = dict.fromkeys([*ERROR_FIELDS, "retry_after_ms", "cause", "header"])
    shown.update(
        kind="invalid_argument", delivery="not_sent", may_resend=True, phase="prepare", attempts=[], headers=[]
    )
    return {**shown, "message": str(error), "text": str(error)}


class Log(logging.Handler):
    """The lines of one case, as a file would get them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        logger = logging.getLogger("polyai_chat")
        logger.setLevel(logging.DEBUG)
        logger.handlers[:] = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Caller:
    """The state of one case."""

    def __init__(self, given: dict[str, str]) -> None:
        self.log = Log()
        self.client = Client(**options(given))
        self.conversations: dict[str, Conversation] = {}
        self.turns: dict[str, Turn[Any]] = {}

    def act(self, step: dict[str, Any]) -> dict[str, Any]:
        """Does one step."""
        action: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, step["do"])
        return action(step)

    def _of(self, step: dict[str, Any]) -> Conversation:
        return self.conversations[step["conversation"]]

    def _keep(self, step: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
        self.conversations[step["conversation"]] = conversation
        greeting = {} if step["do"] == "attach" else of_outcome(conversation.greeting)
        return {**greeting, "conversation": {"id": conversation.id, "greeting": conversation.greeting.response}}

    def _keep_turn(self, step: dict[str, Any], turn: Turn[Any]) -> dict[str, Any]:
        self.turns[step["turn"]] = turn
        return {"correlation_id": turn.correlation_id}

    def create(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep(step, self.client.create(**fields_of(step)))

    def attach(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep(step, self.client.attach(step["id"]))

    def respond(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(self._of(step).respond(step.get("message"), **fields_of(step)))

    def close(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(self._of(step).close(**fields_of(step)))

    def respond_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(self.client.respond(step["id"], step.get("message"), **fields_of(step)))

    def close_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return of_outcome(self.client.close_conversation(step["id"], **fields_of(step)))

    def close_if_open(self, step: dict[str, Any]) -> dict[str, Any]:
        with self._of(step):
            return {}

    def start_create(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self.client.start_create(**fields_of(step)))

    def start_respond(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self._of(step).start(step.get("message"), **fields_of(step)))

    def start_close(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self._of(step).start_close(**fields_of(step)))

    def start_respond_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        turn = self.client.start_respond(step["id"], step.get("message"), **fields_of(step))
        return self._keep_turn(step, turn)

    def start_close_by_id(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self.client.start_close_conversation(step["id"], **fields_of(step)))

    def start_close_if_open(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self._of(step).start_close_if_open())

    def warm_up(self, step: dict[str, Any]) -> dict[str, Any]:
        self.client.warm_up(**fields_of(step))
        return {}

    def start_warm_up(self, step: dict[str, Any]) -> dict[str, Any]:
        return self._keep_turn(step, self.client.start_warm_up(**fields_of(step)))

    def next_done(self, step: dict[str, Any]) -> dict[str, Any]:
        raise NotExpressible("Many started calls are waited for by their descriptors, with `selectors`, or by asyncio.")

    def wait(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"done": self.turns[step["turn"]].wait(step["wait_ms"] / 1000)}

    def cancel(self, step: dict[str, Any]) -> dict[str, Any]:
        self.turns[step["turn"]].cancel()
        return {}

    def take(self, step: dict[str, Any]) -> dict[str, Any]:
        outcome = self.turns.pop(step["turn"]).result()
        if isinstance(outcome, Conversation):
            return self._keep(step, outcome)
        return of_outcome(outcome)

    def state(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"state": self._of(step).state, "over": self._of(step).ended}

    def shut_down(self, step: dict[str, Any]) -> dict[str, Any]:
        self.client.close()
        return {}

    def log_lines(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"log": self.log.lines}

    def replace_credentials(self, step: dict[str, Any]) -> dict[str, Any]:
        self.client.replace_credentials(**step["with"])
        return {}


class NotExpressible(Exception):
    """Python has no words for what a step asks."""


def fields_of(step: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a step's request."""
    if not {"cancel_after_ms", "cancelled_before"}.isdisjoint(step.get("with", {})):
        raise NotExpressible("A blocking call has no token to cancel it with: what is to be cancelled is started.")
    return seconds(step.get("with", {}))


def of_failure(error: BaseException) -> dict[str, Any]:
    """What a failure is written as."""
    printed = [repr(error), *traceback.format_exception(type(error), error, error.__traceback__)]
    failure: dict[str, Any] = {"error": of_error(error), "printed": "".join(printed)}
    if isinstance(error, ChatError) and type(error) is not class_of(error):
        failure["wrong"] = f"a {type(error).__name__} is of the kind {error.kind}"
    return failure


def answer(step: dict[str, Any], act: Callable[[], dict[str, Any]]) -> None:
    """Does a step and writes its outcome, as one line."""
    try:
        outcome = act()
    except NotExpressible as reason:
        outcome = {"not_expressible": str(reason)}
    except Exception as error:
        outcome = of_failure(error)
    if step["do"] == "begin":
        outcome["hidden"] = HIDDEN
    line = json.dumps({**outcome, "step": step["step"]}, ensure_ascii=True) + "\n"
    with writing:
        sys.stdout.write(line)
        sys.stdout.flush()


writing = threading.Lock()


def main() -> None:
    """Reads steps until there are no more."""
    caller: Caller | None = None
    for line in sys.stdin:
        step = json.loads(line)
        if step["do"] == "begin":

            def begin(given: dict[str, str] = step["options"]) -> dict[str, Any]:
                nonlocal caller
                caller = Caller(given)
                return {}

            answer(step, begin)
            continue
        assert caller is not None
        act = functools.partial(caller.act, step)
        if step.get("on_a_thread"):
            threading.Thread(target=answer, args=(step, act), daemon=True).start()
        else:
            answer(step, act)


if __name__ == "__main__":
    main()
