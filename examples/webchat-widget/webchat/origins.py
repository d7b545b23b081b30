"""Which pages may talk to this server: by the origin that a browser names with every POST."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, TypeAdapter

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)


def origin_of(text: str) -> str:
    """An origin as browsers write it: in lower case, in ASCII, without the port that is the scheme's own.

    ValueError: it is none. A path, a list or a wildcard is none, and would never be met.
    """
    if not re.fullmatch(r"\w+://[^/?#@*,;\\\s]+", text):
        raise ValueError(f"{text!r} is no origin")
    return str(_URL.validate_python(text)).rstrip("/")


def is_own(origin: str, host: str) -> bool:
    """Whether a page of this server itself has sent it: one from the address in the header `Host`, which is to be an IP
    address or localhost. Other names have to be listed, since anybody's name may lead here (DNS rebinding).
    """
    try:
        own = origin_of(f"{urlsplit(origin).scheme}://{host}")
        name = urlsplit(own).hostname or ""
    except ValueError:
        return False
    return origin == own and (name == "localhost" or name.endswith(".localhost") or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
