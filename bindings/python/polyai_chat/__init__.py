"""Hold a conversation with a PolyAI agent over the Chat API: create, respond, close.

    from polyai_chat import Client

    client = Client.from_env()
    with client.create() as conversation:
        print(conversation.respond("Where is my order?").response)
"""

from __future__ import annotations

import atexit as _atexit
from typing import TYPE_CHECKING as _TYPE_CHECKING

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
from ._native import OPTIONS, Client, Closed, Conversation, Greeting, Handoff, Reply, Turn
from ._native import VERSION as __version__
from ._native import shut_down_at_exit as _shut_down_at_exit

if _TYPE_CHECKING:
    from ._asyncio import AsyncClient, AsyncConversation

__all__ = [
    "OPTIONS",
    "AsyncClient",
    "AsyncConversation",
    "AuthenticationError",
    "BusyError",
    "CallCancelledError",
    "ChatError",
    "Client",
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
    "NotConnectedError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitedError",
    "RejectedError",
    "Reply",
    "ServerError",
    "Turn",
    "UnavailableError",
    "UnsupportedError",
    "__version__",
]

# A thread that comes back from a call after the interpreter is gone would be ended inside the native module.
_atexit.register(_shut_down_at_exit)


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than all the rest; who does not use it does not wait for it.
    if name in ("AsyncClient", "AsyncConversation"):
        from . import _asyncio

        return getattr(_asyncio, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
