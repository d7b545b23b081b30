"""The native module. What is public of it is documented in its classes, and imported from ``polyai_chat``."""

from collections.abc import Mapping
from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, final

from typing_extensions import Self, Unpack

from ._headers import Headers
from ._types import Attempt, ClientOptions, Metrics, Setting

__all__ = [
    "ERROR_KINDS",
    "OPTIONS",
    "VERSION",
    "Client",
    "Closed",
    "Conversation",
    "DoneCalls",
    "Greeting",
    "Handoff",
    "Reply",
    "Turn",
    "shut_down_at_exit",
]

_Outcome = TypeVar("_Outcome", Conversation, Reply, Closed, None)

VERSION: str
OPTIONS: list[dict[str, Any]]
ERROR_KINDS: list[tuple[int, str, str]]

@final
class Client:
    def __new__(cls, **options: Unpack[ClientOptions]) -> Self: ...
    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Client: ...
    @classmethod
    def from_profile(
        cls, profile: str | None = None, *, file: str | PathLike[str] | None = None, **options: Unpack[ClientOptions]
    ) -> Client: ...
    def create(
        self,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        variant_id: str | None = None,
        channel: str | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        user_id: str | None = None,
        message: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Conversation: ...
    def start_create(
        self,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        variant_id: str | None = None,
        channel: str | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        user_id: str | None = None,
        message: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Turn[Conversation]: ...
    def attach(self, conversation_id: str) -> Conversation: ...
    def respond(
        self,
        conversation_id: str,
        message: str | None = None,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply: ...
    def close_conversation(
        self,
        conversation_id: str,
        *,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Closed: ...
    def start_respond(
        self,
        conversation_id: str,
        message: str | None = None,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Turn[Reply]: ...
    def start_close_conversation(
        self,
        conversation_id: str,
        *,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Turn[Closed]: ...
    def warm_up(self, timeout: float | timedelta) -> None: ...
    def start_warm_up(self, timeout: float | timedelta) -> Turn[None]: ...
    def close(self) -> None: ...
    def replace_credentials(self, api_key: str, token: str) -> None: ...
    @property
    def base_url(self) -> str: ...
    @property
    def proxy(self) -> str | None: ...
    @property
    def dialect(self) -> Literal["current", "legacy"]: ...
    def settings(self) -> list[Setting]: ...
    def metrics(self) -> Metrics: ...
    def recent_attempts(self) -> list[Attempt]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Conversation:
    @property
    def id(self) -> str: ...
    @property
    def greeting(self) -> Greeting: ...
    @property
    def state(self) -> Literal["open", "in_doubt", "ended", "closed"]: ...
    @property
    def ended(self) -> bool: ...
    def close_if_open(self) -> Closed | None: ...
    @property
    def closes_at_end_of_scope(self) -> bool: ...
    def respond(
        self,
        message: str | None = None,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply: ...
    def start(
        self,
        message: str | None = None,
        *,
        integration_attributes: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        asr_lang_code: str | None = None,
        tts_lang_code: str | None = None,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Turn[Reply]: ...
    def close(
        self,
        *,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Closed: ...
    def start_close(
        self,
        *,
        timeout: float | timedelta | None = None,
        correlation_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Turn[Closed]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Literal[False]: ...

@final
class Turn(Generic[_Outcome]):
    @classmethod
    def __class_getitem__(cls, item: Any) -> Any: ...
    def wait(self, seconds: float | timedelta | None = None) -> bool: ...
    @property
    def done(self) -> bool: ...
    def result(self) -> _Outcome: ...
    def cancel(self) -> None: ...
    def fileno(self) -> int: ...
    @property
    def correlation_id(self) -> str: ...

@final
class DoneCalls:
    def __new__(cls) -> Self: ...
    def fileno(self) -> int: ...
    def expect(self, turn: Turn[Any], number: int) -> None: ...
    def take(self) -> list[int]: ...

@final
class Greeting:
    __match_args__ = ("response", "conversation_id")
    @property
    def response(self) -> str: ...
    @property
    def conversation_id(self) -> str: ...
    @property
    def user_id(self) -> str | None: ...
    @property
    def raw(self) -> dict[str, Any]: ...
    @property
    def raw_json(self) -> str: ...
    @property
    def unknown_fields(self) -> dict[str, Any]: ...
    def to_dict(self) -> dict[str, Any]: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def elapsed(self) -> float: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Reply:
    __match_args__ = ("response", "end_conversation", "handoff")
    @property
    def response(self) -> str: ...
    @property
    def end_conversation(self) -> bool: ...
    @property
    def conversation_id(self) -> str: ...
    @property
    def handoff(self) -> Handoff | None: ...
    @property
    def raw(self) -> dict[str, Any]: ...
    @property
    def raw_json(self) -> str: ...
    @property
    def unknown_fields(self) -> dict[str, Any]: ...
    def to_dict(self) -> dict[str, Any]: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def elapsed(self) -> float: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Closed:
    __match_args__ = ("was_over",)
    @property
    def was_over(self) -> bool: ...
    @property
    def raw(self) -> dict[str, Any]: ...
    @property
    def raw_json(self) -> str: ...
    @property
    def unknown_fields(self) -> dict[str, Any]: ...
    def to_dict(self) -> dict[str, Any]: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def elapsed(self) -> float: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Handoff:
    __match_args__ = ("destination", "reason")
    @property
    def destination(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def raw(self) -> Any: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def shut_down_at_exit() -> None: ...
