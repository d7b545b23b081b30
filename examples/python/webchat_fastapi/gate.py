"""What a request must pass first: which page it comes from, its size, and how many there were."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from pydantic import AnyHttpUrl, TypeAdapter
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LARGEST_BODY = 64 * 1024  # 4,000 characters, each of which may be twelve bytes of JSON
MOST_NAMES = 10_000

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)


def origin_of(text: str) -> str:
    """An origin as browsers write it. ValueError: it is none, so no browser will ever send it."""
    if not re.fullmatch(r"\w+://[^/?#@*,;\\\s]+", text):
        raise ValueError(f"{text!r} is no origin, such as https://chat.example.com: no path, no wildcard")
    return str(_URL.validate_python(text)).rstrip("/")


def check_page(request: Request, origins: tuple[str, ...]) -> None:
    """Refuses what a page of another site has sent: a script of it says so in Origin, and a form of it is no JSON."""
    origin = request.headers.get("origin")
    if origin is not None and origin not in origins and not _is_own(origin, request.headers.get("host", "")):
        raise HTTPException(403, "This page may not use the chat.")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "JSON, please.")


def _is_own(origin: str, host: str) -> bool:
    """A page of this server, under an IP address or localhost: any other name may lead here (DNS rebinding)."""
    try:
        own = origin_of(f"{urlsplit(origin).scheme}://{host}")
        name = urlsplit(own).hostname or ""
        return origin == own and (name == "localhost" or bool(ipaddress.ip_address(name)))
    except ValueError:
        return False


def address_of(request: Request) -> str:
    """Who sends, for counting: an IPv6 network counts as one, since whoever has one has all of it."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


class Limit:
    """So many in so many seconds for each name, and so many for all of them together."""

    def __init__(self, most: int, all_most: int, seconds: float) -> None:
        """Counts in this process."""
        self._most, self._all_most, self._seconds = most, all_most, seconds
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Counts one more, or refuses it (429)."""
        waits = [self._wait(name, self._most), self._wait("", self._all_most)]
        if max(waits) > 0:
            raise HTTPException(429, "Too many. Please wait a little.", {"Retry-After": str(math.ceil(max(waits)))})
        for one, most in ((name, self._most), ("", self._all_most)):
            self._filled[one] = (self._level(one, most) + 1, time.monotonic())
            self._filled.move_to_end(one)
        while len(self._filled) > MOST_NAMES:
            self._filled.popitem(last=False)

    def _level(self, name: str, most: int) -> float:
        """What of the counted is not yet forgotten: it runs off evenly."""
        level, at = self._filled.get(name, (0.0, 0.0))
        return max(0.0, level - (time.monotonic() - at) * most / self._seconds)

    def _wait(self, name: str, most: int) -> float:
        return max(0.0, (self._level(name, most) + 1 - most) * self._seconds / most)


class SmallBodies:
    """Refuses bodies that are large, or do not say how large they are, before they are read."""

    def __init__(self, app: ASGIApp) -> None:
        """Stands before the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = dict(scope["headers"])
            length = headers.get(b"content-length", b"")
            if (
                b"transfer-encoding" in headers
                or not re.fullmatch(rb"[0-9]{1,6}", length)
                or int(length) > LARGEST_BODY
            ):
                await Response(status_code=413 if length else 411)(scope, receive, send)
                return
        await self._app(scope, receive, send)
