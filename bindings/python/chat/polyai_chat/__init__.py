"""Hold a conversation with a PolyAI agent over the Chat API: create, respond, close.

    from polyai_chat import Client

    client = Client.from_env()
    with client.create() as conversation:
        print(conversation.respond("Where is my order?").response)

Begin with ``help(polyai_chat.Client)``. Every failure of a call is a ``ChatError``, and says whether the agent may
have heard the turn.
"""

from __future__ import annotations

import atexit as _atexit

from . import _main_interpreter as _main_interpreter
from ._errors import (
    AuthenticationError,
    BusyError,
    CallCancelledError,
    ChatError,
    ConfigurationError,
    ConnectError,
    ConversationEndedError,
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    NotConnectedError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnavailableError,
    UnsupportedError,
)
from ._headers import Headers
from ._native import OPTIONS, Client, Closed, Conversation, Greeting, Handoff, Reply, Turn, plain_text
from ._native import VERSION as __version__
from ._native import shut_down_at_exit as _shut_down_at_exit

TYPE_CHECKING = False  # but for type checkers: to import typing takes longer than all the rest
if TYPE_CHECKING:
    from ._asyncio import AsyncClient, AsyncConversation, AsyncTurn
    from ._types import Attempt, ClientOptions, Metrics, OperationMetrics, Setting

__all__ = [
    "OPTIONS",
    "AsyncClient",
    "AsyncConversation",
    "AsyncTurn",
    "Attempt",
    "AuthenticationError",
    "BusyError",
    "CallCancelledError",
    "ChatError",
    "Client",
    "ClientOptions",
    "Closed",
    "ConfigurationError",
    "ConnectError",
    "Conversation",
    "ConversationEndedError",
    "DeadlineExceededError",
    "Greeting",
    "Handoff",
    "Headers",
    "InternalError",
    "InvalidArgumentError",
    "Metrics",
    "NotConnectedError",
    "NotFoundError",
    "OperationMetrics",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitedError",
    "RejectedError",
    "Reply",
    "ServerError",
    "Setting",
    "Turn",
    "UnavailableError",
    "UnsupportedError",
    "__version__",
    "plain_text",
]

# No listener is called any more when the interpreter is going away.
_atexit.register(_shut_down_at_exit)


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # who would take any name for one that is here

    def __getattr__(name: str) -> object:
        # asyncio and typing take longer to import than all the rest: only a program that uses them waits for them.
        if name in ("AsyncClient", "AsyncConversation", "AsyncTurn"):
            from . import _asyncio

            return getattr(_asyncio, name)
        if name in ("Attempt", "ClientOptions", "Metrics", "OperationMetrics", "Setting"):
            from . import _types

            return getattr(_types, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
