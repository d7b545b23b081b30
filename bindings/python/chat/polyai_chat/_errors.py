"""The exceptions: one class for each kind of failure.

Retry libraries often repeat on ``ConnectionError`` or ``TimeoutError``. So that none of them sends a customer's
message twice, no class here is a ``TimeoutError``, and only errors that guarantee that nothing was sent are a
``ConnectionError``.
"""

from __future__ import annotations

from ._headers import Headers

TYPE_CHECKING = False  # but for type checkers: to import typing takes longer than all the rest
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    from ._types import Attempt

    _Delivery = Literal["not_sent", "rejected", "unknown"]


class ChatError(Exception):
    """Why a call failed; every failure of a call is one of its subclasses, and other kinds may come.

    Its text hides key, token, the proxy's password and the message of this call, also where the other side repeats
    them. It can be copied and pickled. `__cause__`, if there is one, says in an OSError what the system below said.

    Example:
        >>> try:
        ...     client.attach("no-such-conversation").respond("Hello")
        ... except ChatError as error:
        ...     print(error.kind, error.status, error.delivery, error.may_resend)
        not_found 404 rejected True

    Any thread may use it. Since 0.1.0.
    """

    kind: ClassVar[str] = "internal"
    """The stable name of the kind of failure, such as 'connect'; the same in every language."""

    def __init__(self, text: str = "", **fields: Any) -> None:
        super().__init__(text)
        self._fields: dict[str, Any] = {**fields, "text": text}
        cause = fields.get("cause")
        if cause:
            self.__cause__ = OSError(cause)

    @property
    def message(self) -> str:
        """What went wrong and what would be right, without kind, delivery and correlation id."""
        message: str = self._fields.get("message", str(self))
        return message

    @property
    def delivery(self) -> _Delivery:
        """Whether the request reached the conversation: 'not_sent', 'rejected' (the service answered, and it did not)
        or 'unknown' (it may have)."""
        delivery: _Delivery = self._fields.get("delivery", "unknown")
        return delivery

    @property
    def may_resend(self) -> bool:
        """Whether the same request may be sent again without the risk of doubling it: the delivery is not 'unknown'."""
        return self.delivery != "unknown"

    @property
    def phase(self) -> str:
        """Where the call was when it failed: 'prepare', 'queue', 'resolve', 'connect', 'proxy', 'tls', 'send',
        'headers', 'body', 'reply' or 'pause'. New phases may come."""
        phase: str = self._fields.get("phase", "prepare")
        return phase

    @property
    def status(self) -> int | None:
        """The HTTP status, if there was an answer."""
        status: int | None = self._fields.get("status")
        return status

    @property
    def error_code(self) -> str | None:
        """The service's own code, such as 'CHAT_TIMEOUT', if it gave one. New codes may appear at any time."""
        code: str | None = self._fields.get("error_code")
        return code

    @property
    def service_message(self) -> str | None:
        """The service's own words about the error, if there were any."""
        message: str | None = self._fields.get("service_message")
        return message

    @property
    def correlation_id(self) -> str | None:
        """The id that the service's support asks for; timeouts have one too. None where no request was made."""
        correlation_id: str | None = self._fields.get("correlation_id")
        return correlation_id

    @property
    def retry_after(self) -> float | None:
        """How many seconds the service asked to wait before trying again, if it did."""
        seconds: float | None = self._fields.get("retry_after")
        return seconds

    @property
    def headers(self) -> Headers:
        """The headers of the answer; empty where there was none."""
        return Headers(self._fields.get("headers", []))

    @property
    def body_excerpt(self) -> str | None:
        """The first bytes of the answer, if there was one. Treat it like the conversation itself."""
        excerpt: str | None = self._fields.get("body_excerpt")
        return excerpt

    @property
    def attempts(self) -> list[Attempt]:
        """The tries that the call made, oldest first.

        Each is a dict of what `Client` gives to `on_attempt` too: `serial` (its number among the client's attempts),
        `number` (which of its call it was), `operation`, `outcome`, `kind`, `delivery`, `is_retried`, `phase`,
        `status`, `address`, `reused_connection`, `bytes_sent`, `bytes_received`, `correlation_id`,
        `started_at_unix_ms`, and times in microseconds: `elapsed_us`, of which `resolve_us`,
        `connect_us`, `proxy_us`, `tls_us`, `send_us`, `wait_us` and `read_us`. None stands for what is not known or
        was not needed.
        """
        import json

        attempts: list[Attempt] = json.loads(self._fields.get("attempts_json", "[]"))
        return attempts

    def to_dict(self) -> dict[str, Any]:
        """Gives the error as a dict, for `json.dumps` and for queues.

        Returns:
            A new dict of what the properties hold, by their names, without `headers`; and `text`, which is what `str`
            gives, and `cause`, the text of `__cause__` or None.

        Does not block. Any thread. Since 0.1.0.
        """
        names = ("message", "delivery", "may_resend", "phase", "status", "error_code", "service_message")
        fields = {name: getattr(self, name) for name in (*names, "correlation_id", "retry_after", "body_excerpt")}
        return {
            "kind": self.kind,
            "text": str(self),
            **fields,
            "cause": self._fields.get("cause"),
            "attempts": self.attempts,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self._fields))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class InvalidArgumentError(ChatError, ValueError):
    """A call was given something it cannot send. Nothing was sent; correct the argument."""

    kind = "invalid_argument"


class ConfigurationError(ChatError, ValueError):
    """The configuration is missing something or holds something wrong. The message names the option, where it came
    from and what would be right."""

    kind = "configuration"


class UnsupportedError(ChatError):
    """The chosen dialect of the service has no such operation or field. Nothing was sent."""

    kind = "unsupported"


class AuthenticationError(ChatError):
    """The service refused the API key or the connector token (401). Check both, and that they belong to this region."""

    kind = "authentication"


class PermissionDeniedError(ChatError):
    """Key and token are known but not allowed to do this (403). Ask the manager of the account."""

    kind = "permission"


class NotFoundError(ChatError):
    """No such conversation, account or project (404). Check the ids and the region."""

    kind = "not_found"


class ConversationEndedError(ChatError):
    """The conversation is over. Create a new one."""

    kind = "conversation_ended"


class RejectedError(ChatError):
    """The service understood the request and refused it (another 4xx). Sending it again changes nothing."""

    kind = "rejected"


class RateLimitedError(ChatError):
    """Too many requests (429). Wait for `retry_after` if it is given."""

    kind = "rate_limited"


class ServerError(ChatError):
    """The service failed (5xx or 408). The turn may have been processed."""

    kind = "server"


class ConnectError(ChatError):
    """No connection, or it was lost: name resolution, TCP, proxy or certificate, as the phase tells. The delivery
    tells whether the service may have heard the turn."""

    kind = "connect"


class NotConnectedError(ConnectError, ConnectionError):
    """No connection came about, so nothing was sent."""


class DeadlineExceededError(ChatError):
    """The deadline passed. The phase tells where, the delivery whether the service may have heard the turn."""

    kind = "timeout"


class CallCancelledError(ChatError):
    """The call was cancelled. The delivery tells whether the service may have heard the turn."""

    kind = "cancelled"


class ProtocolError(ChatError):
    """The answer was not what the service is documented to send. Status, content type and the first bytes are shown."""

    kind = "protocol"


class BusyError(ChatError):
    """The deadline passed while the turn waited for an earlier one, or too many calls are in flight. Nothing was
    sent."""

    kind = "busy"


class UnavailableError(ChatError, ConnectionError):
    """The call was not tried: too many failed lately, or the system grants no thread, descriptor or memory for a
    connection. Nothing was sent."""

    kind = "unavailable"


class InternalError(ChatError):
    """A defect of this library. Please report it with the message."""

    kind = "internal"


_CLASSES: dict[str, type[ChatError]] = {
    of_kind.kind: of_kind
    for of_kind in (
        InvalidArgumentError,
        ConfigurationError,
        UnsupportedError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        ConversationEndedError,
        RejectedError,
        RateLimitedError,
        ServerError,
        ConnectError,
        DeadlineExceededError,
        CallCancelledError,
        ProtocolError,
        BusyError,
        UnavailableError,
        InternalError,
    )
}

for _public in (ChatError, NotConnectedError, *_CLASSES.values()):
    _public.__module__ = "polyai_chat"  # where it is found; tracebacks and pickles name that


def _make(kind: str, fields: dict[str, Any]) -> ChatError:  # pyright: ignore[reportUnusedFunction]
    """The exception for a failure of the native module."""
    of_kind = _CLASSES.get(kind, ChatError)
    if of_kind is ConnectError and fields["delivery"] == "not_sent":
        of_kind = NotConnectedError
    return _restore(of_kind, fields)


def _restore(of_kind: type[ChatError], fields: dict[str, Any]) -> ChatError:
    return of_kind(**fields)
