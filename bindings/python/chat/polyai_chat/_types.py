"""The shapes of the dicts that go in and out, for type checkers. Imported only where somebody names one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from os import PathLike
from typing import Any, Literal, Optional, TypedDict, Union

_Duration = Optional[Union[float, timedelta]]
_Path = Optional[Union[str, "PathLike[str]"]]


class Attempt(TypedDict):
    """One try of a call, as `ChatError.attempts`, `Client.recent_attempts` and `on_attempt` have it. Since 0.1.0."""

    serial: int
    number: int
    operation: str
    correlation_id: str
    started_at_unix_ms: int
    elapsed_us: int
    phase: str
    kind: str | None
    delivery: Literal["not_sent", "rejected", "unknown"] | None
    status: int | None
    outcome: str
    is_retried: bool
    address: str | None
    reused_connection: bool
    resolve_us: int | None
    connect_us: int | None
    proxy_us: int | None
    tls_us: int | None
    send_us: int | None
    wait_us: int | None
    read_us: int | None
    bytes_sent: int
    bytes_received: int


class _LatencyBucket(TypedDict):
    up_to_ms: int | None
    calls: int


class OperationMetrics(TypedDict):
    """The counters of one operation, in `Metrics`. Since 0.1.0."""

    calls: int
    failures: dict[str, int]
    latency_sum_us: int
    latency: list[_LatencyBucket]


class Metrics(TypedDict):
    """The counters of a client, as `Client.metrics` gives them. Since 0.1.0."""

    create: OperationMetrics
    respond: OperationMetrics
    close: OperationMetrics
    attempts: int
    retries: int
    reused_connections: int
    opened_connections: int
    bytes_sent: int
    bytes_received: int
    calls_in_flight: int
    idle_connections: int
    retries_left: int
    breaker: Literal["closed", "open", "probing"]


class Setting(TypedDict):
    """What an option was set to and by what, as `Client.settings` lists them. Since 0.1.0."""

    name: str
    value: str | None
    origin: str


class ClientOptions(TypedDict, total=False):
    """The keywords of `Client`: what ``**options: Unpack[ClientOptions]`` takes. Since 0.1.0."""

    api_key: str | None
    token: str | None
    account_id: str | None
    project_id: str | None
    region: str | None
    base_url: str | None
    studio_url: str | None
    api_version: str | None
    dialect: Literal["current", "legacy"] | None
    allow_plain_http: bool | None
    timeout: _Duration
    close_timeout: _Duration
    connect_timeout: _Duration
    conversation_timeout: _Duration
    max_attempts: int | None
    backoff: _Duration
    max_backoff: _Duration
    retry_budget: int | None
    retry_503: bool | None
    max_calls_in_flight: int | None
    breaker_failures: int | None
    breaker_open: _Duration
    recent_attempts: int | None
    idle_timeout: _Duration
    max_idle_connections: int | None
    name_ttl: _Duration
    max_body_bytes: int | None
    max_header_bytes: int | None
    user_agent: str | None
    ca_file: _Path
    ca_pem: str | None
    system_authorities: bool | None
    min_tls_version: Literal["1.2", "1.3"] | None
    client_cert_file: _Path
    client_cert_pem: str | None
    client_key_file: _Path
    client_key_pem: str | None
    proxy: str | None
    no_proxy: str | None
    on_attempt: Callable[[Attempt], object] | None


class CallFields(TypedDict, total=False):
    """The keywords of every call."""

    timeout: _Duration
    correlation_id: str | None
    extra: Mapping[str, Any] | None
    headers: Mapping[str, str] | None


class RespondFields(CallFields, total=False):
    """The keywords of `Client.respond`, `Conversation.respond` and what starts one."""

    integration_attributes: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None
    asr_lang_code: str | None
    tts_lang_code: str | None


class CreateFields(RespondFields, total=False):
    """The keywords of `Client.create` and `Client.start_create`."""

    variant_id: str | None
    channel: str | None
    user_id: str | None
    message: str | None
