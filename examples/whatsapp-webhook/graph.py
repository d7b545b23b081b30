"""Sends messages by Meta's Graph API."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import httpx

LONGEST_TEXT = 4096
# Error codes of the Cloud API that pass: too many requests in one way or another, or the service is not there.
PASSING_CODES = {1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004}


class SendError(Exception):
    """A message was not accepted."""

    def __init__(self, text: str, *, may_pass: bool, may_be_sent: bool = False) -> None:
        super().__init__(text)
        self.may_pass = may_pass  # else it will be refused again, as one to a customer who wrote more than a day ago
        self.may_be_sent = may_be_sent  # the customer may have got it all the same


class Graph:
    """The numbers that the access token may send from."""

    def __init__(self, url: str, version: str, read_access_token: Callable[[], str]) -> None:
        self._client = httpx.AsyncClient(base_url=f"{url}/{version}", timeout=httpx.Timeout(15, connect=5))
        self._read_access_token = read_access_token

    async def __aenter__(self) -> Graph:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, sender: str, text: str) -> None:
        """Sends a text to the customer: one of `parts_of`.

        Raises SendError.
        """
        number, _, customer = sender.partition("/")
        message = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            # Who has a username may have no number for us, but an id such as US.13491208655302741918.
            "to" if customer.isdecimal() else "recipient": customer,
            "type": "text",
            "text": {"preview_url": False, "body": text},
        }
        try:
            headers = {"Authorization": f"Bearer {self._read_access_token()}"}
        except (OSError, ValueError) as error:  # it is being replaced, say
            raise SendError(f"the access token cannot be read: {error}", may_pass=True) from error
        try:
            answer = await self._client.post(f"/{number}/messages", json=message, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendError(f"no connection to Graph: {error}", may_pass=True) from error
        except httpx.HTTPError as error:
            raise SendError(f"no answer of Graph: {error!r}", may_pass=True, may_be_sent=True) from error
        if answer.is_success:
            return
        code, said = error_of(answer)
        text = f"Graph answered {answer.status_code}, code {str(code)[:20]!r}: {str(said)[:200]!r}"
        if answer.status_code >= 500:
            raise SendError(text, may_pass=True, may_be_sent=True)
        # 401 and code 190: the access token has expired. It can be replaced, so messages wait for that.
        raise SendError(text, may_pass=answer.status_code in (401, 429) or code == 190 or code in PASSING_CODES)


def parts_of(text: str) -> list[str]:
    """The text in messages that are not too long."""
    return [text[start : start + LONGEST_TEXT] for start in range(0, len(text), LONGEST_TEXT)]


def error_of(answer: httpx.Response) -> tuple[object, object]:
    """Graph's own code and words, which hold nothing of the message."""
    try:
        error = answer.json()["error"]
        return error.get("code"), error.get("message")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None
