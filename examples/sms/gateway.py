"""Sends messages by Kannel's smsbox."""

from __future__ import annotations

from types import TracebackType
from urllib.parse import quote

import httpx

import settings
from fitting import Fitted

_FINAL_REPORTS = 1 + 2 + 16  # delivered, not delivered, rejected by the centre


class SendError(Exception):
    """A message was not accepted."""

    def __init__(self, text: str, *, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass


class Gateway:
    """Kannel, which keeps what it has accepted until the SMS centre has it."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(base_url=settings.KANNEL_URL, timeout=httpx.Timeout(15, connect=5))

    async def __aenter__(self) -> Gateway:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, sender: str, message_id: str, text: Fitted) -> None:
        """Sends the answer to a message. Raises SendError."""
        own, _, customer = sender.partition("/")
        about = f"&sender={quote(sender, safe='')}&id={quote(message_id, safe='')}".replace("%", "%%")
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": settings.KANNEL_USER,
            "X-Kannel-Password": settings.KANNEL_PASSWORD,
            "X-Kannel-From": own,
            "X-Kannel-To": customer,
            "X-Kannel-Coding": str(text.coding),
            "X-Kannel-DLR-Mask": str(_FINAL_REPORTS),
            # Kannel fills in what stands behind a percent sign.
            "X-Kannel-DLR-URL": settings.REPORT_URL.replace("%", "%%") + about + "&status=%d&centre=%F",
        }
        try:
            answer = await self._client.post("/cgi-bin/sendsms", content=text.text.encode(), headers=headers)
        except httpx.HTTPError as error:
            raise SendError(f"no answer of Kannel: {error!r}", may_pass=True) from error
        if answer.status_code != 202:
            # 403: a wrong password or a forbidden address, which somebody can put right. 503: Kannel cannot now.
            may_pass = answer.status_code in (403, 429) or answer.status_code >= 500
            raise SendError(f"Kannel answered {answer.status_code}: {answer.text[:200]!r}", may_pass=may_pass)
