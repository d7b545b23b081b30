"""What a request must pass before anything is done for it: its origin, its size, and how many there were."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders

from .origins import is_own

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# The longest sentence, in characters, and the body that holds it, where each may be twelve bytes of JSON.
LONGEST_TEXT = 4000
LARGEST_BODY = 64 * 1024


def is_from_our_pages(request: Request, origins: tuple[str, ...]) -> bool:
    """Whether a page that may hold the widget has sent it. Browsers say which page it was with every POST."""
    origin = request.headers.get("origin", "")
    return origin in origins or is_own(origin, request.headers.get("host", ""))


def address_of(request: Request) -> str:
    """Who sends, for counting: an IPv6 network counts as one, since whoever has one has all of it.

    Behind a proxy uvicorn takes it from X-Forwarded-For, if `--forwarded-allow-ips` names the proxy.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


class SmallBodies:
    """Refuses larger bodies before they are read, and those that do not say how large they are when they grow."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 9 or int(declared) > LARGEST_BODY:
            await JSONResponse({"problem": "too_long"}, 413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


class AnswerHeaders:
    """Adds headers to every answer whose path begins so. It is no `@app.middleware`: those get in the way of turns
    whose browser has left.
    """

    def __init__(self, app: Application, path: str, headers: Mapping[str, str]) -> None:
        self._app = app
        self._path = path
        self._headers = headers

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        is_meant = scope["type"] == "http" and scope["path"].startswith(self._path)
        await self._app(scope, receive, with_headers if is_meant else send)
