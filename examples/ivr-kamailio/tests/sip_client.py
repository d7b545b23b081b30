"""A telephone that writes: a small SIP client over plain sockets, for what SIPp does not look at."""

from __future__ import annotations

import itertools
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
CUSTOMER = "sip:alice@example.com"
SERVICE = "sip:agent@127.0.0.1"
PATIENCE_S = 20.0


@dataclass
class SipMessage:
    """A request or a reply as it came."""

    start_line: str
    headers: list[tuple[str, str]]
    body: bytes
    size: int = 0
    source: Address = ("", 0)

    @classmethod
    def parse(cls, data: bytes, source: Address = ("", 0)) -> SipMessage:
        head, _, body = data.partition(b"\r\n\r\n")
        start_line, *lines = head.decode().split("\r\n")
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return cls(start_line, headers, body, len(data), source)

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name.lower()), "")

    @property
    def status(self) -> int:
        return int(self.start_line.split()[1]) if self.start_line.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return "" if self.status else self.start_line.split()[0]

    @property
    def text(self) -> str:
        return self.body.decode()

    def reply(self, status: int, reason: str) -> bytes:
        copied = [f"{name}: {value}" for name, value in self.headers if name in ("via", "from", "call-id", "cseq")]
        lines = [f"SIP/2.0 {status} {reason}", *copied, f"To: {self.header('to')};tag=customer", "Content-Length: 0"]
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class SipClient:
    """One customer, or one human who takes over. What comes is kept in `inbox` until a test asks for it."""

    server: Address
    uri: str = CUSTOMER
    service: str = SERVICE
    transport: str = "udp"
    answers_messages: bool = True
    inbox: list[SipMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.transport == "tcp":
            self._socket = socket.create_connection(self.server)
        else:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(("127.0.0.1", 0))
        self._buffer = b""
        self._sequence = itertools.count(1)

    def close(self) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def request(
        self,
        text: str | bytes = b"",
        *,
        method: str = "MESSAGE",
        call_id: str = "",
        sequence: int = 0,
        content_type: str = "text/plain;charset=utf-8",
        headers: tuple[str, ...] = (),
    ) -> bytes:
        body = text.encode() if isinstance(text, str) else text
        lines = [
            f"{method} {self.service} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}",
            "Max-Forwards: 70",
            f"From: <{self.uri}>;tag=customer",
            f"To: <{self.service}>",
            f"Call-ID: {call_id or uuid.uuid4().hex}",
            f"CSeq: {sequence or next(self._sequence)} {method}",
            *headers,
            *([f"Content-Type: {content_type}"] if content_type else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        if self.transport == "tcp":
            self._socket.sendall(data)
        else:
            self._socket.sendto(data, self.server)

    def write(self, text: str | bytes, **options: Any) -> SipMessage:
        """Sends a MESSAGE and returns what it is answered with."""
        request = self.request(text, **options)
        self.send(request)
        return self.reply_to(request)

    def ask(self, text: str | bytes, **options: Any) -> str:
        """Sends a MESSAGE that is accepted, and returns what the agent says."""
        reply = self.write(text, **options)
        assert reply.status == 202, reply.start_line
        return self.next_message().text

    def reply_to(self, request: bytes, patience_s: float = PATIENCE_S) -> SipMessage:
        asked = SipMessage.parse(request)
        names = ("call-id", "cseq", "from")

        def is_reply(message: SipMessage) -> bool:
            return message.status > 0 and all(message.header(name) == asked.header(name) for name in names)

        return self.wait_for(is_reply, patience_s)

    def next_message(self, patience_s: float = PATIENCE_S) -> SipMessage:
        return self.wait_for(lambda message: message.method == "MESSAGE", patience_s)

    def wait_for(self, fits: Callable[[SipMessage], bool], patience_s: float = PATIENCE_S) -> SipMessage:
        """The first thing that fits, in the order of arrival."""
        deadline = time.monotonic() + patience_s
        while True:
            for message in self.inbox:
                if fits(message):
                    self.inbox.remove(message)
                    return message
            self.receive(deadline)

    def receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing that fits came; there is {[message.start_line for message in self.inbox]}")
        self._socket.settimeout(left)
        try:
            message = self._receive_stream() if self.transport == "tcp" else self._receive_datagram()
        except (TimeoutError, socket.timeout):
            return self.receive(deadline)
        if message.method == "MESSAGE" and self.answers_messages:
            self.answer(message)
        self.inbox.append(message)

    def answer(self, message: SipMessage, status: int = 200, reason: str = "OK") -> None:
        data = message.reply(status, reason)
        if self.transport == "tcp":
            self._socket.sendall(data)
        else:
            self._socket.sendto(data, message.source)

    def _receive_datagram(self) -> SipMessage:
        data, source = self._socket.recvfrom(65535)
        return SipMessage.parse(data, source)

    def _receive_stream(self) -> SipMessage:
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head = self._buffer.index(b"\r\n\r\n") + 4
        length = head + int(SipMessage.parse(self._buffer[:head]).header("content-length") or 0)
        while len(self._buffer) < length:
            self._read()
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return SipMessage.parse(data)

    def _read(self) -> None:
        data = self._socket.recv(65535)
        if not data:
            raise ConnectionError("Kamailio closed the connection")
        self._buffer += data
