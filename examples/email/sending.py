"""Hands letters over to the mail server, by SMTP."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.message import EmailMessage

import settings
from composing import as_bytes, is_ascii
from reading import plain


class SendError(Exception):
    """The mail server has not taken a letter."""

    def __init__(self, text: str, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass
        """Whether it may take it later."""


def send(letter: EmailMessage) -> None:
    """Hands a letter over to the mail server, for all who get it or for nobody."""
    # Reports of letters that could not be delivered come back to where customers write.
    sender = letter["From"].addresses[0].addr_spec
    options = [] if is_ascii(letter) else ["SMTPUTF8"]
    try:
        with contextlib.closing(_session()) as session:
            session.ehlo_or_helo_if_needed()
            _accepted(session.mail(sender, options))
            for address in letter["To"].addresses:
                _accepted(session.rcpt(address.addr_spec))
            _accepted(session.data(as_bytes(letter)))
            with contextlib.suppress(OSError, smtplib.SMTPException):  # it has the letter
                session.quit()
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise SendError(plain(str(error), 300), may_pass=False) from error
    except (OSError, smtplib.SMTPException) as error:
        raise SendError(f"no mail server: {plain(str(error), 300)}", may_pass=True) from error


def _session() -> smtplib.SMTP:
    server = settings.SMTP
    context, seconds = ssl.create_default_context(), settings.NETWORK_SECONDS
    session: smtplib.SMTP
    if server.is_tls:
        session = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        if not server.is_tls and not server.is_here:
            session.starttls(context=context)
        if server.user:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


def _accepted(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise _refusal(code, text)


def _refusal(code: int, text: bytes | str) -> SendError:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    # 421 and 4xx pass. So does a login that is refused: somebody changes the password, or has yet to.
    may_pass = not 500 <= code < 600 or code in (530, 535)
    return SendError(f"the mail server said {code} {plain(said, 300)}", may_pass)
