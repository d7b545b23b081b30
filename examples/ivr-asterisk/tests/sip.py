"""A SIP telephone for tests: it calls and is called, and sends and gets text inside the call, over UDP on loopback."""

from __future__ import annotations

import queue
import socket
import threading
import time
import uuid
from typing import NamedTuple

PATIENCE = 30.0  # seconds; a test waits for events, and this bounds how long


class Packet(NamedTuple):
    """A SIP message."""

    start: str
    headers: dict[str, list[str]]  # by names in lower case
    body: str

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        head, _, body = data.partition(b"\r\n\r\n")
        start, *lines = head.decode(errors="replace").split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        return cls(start, headers, body.decode(errors="replace"))

    def first(self, name: str) -> str:
        return self.headers[name][0]

    @property
    def method(self) -> str:
        return self.first("cseq").split()[1]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0


class Phone:
    """One telephone with one call. A thread of its own answers what comes."""

    def __init__(self, server: tuple[str, int], user: str = "customer") -> None:
        self.server = server
        self.user = user
        self.texts: queue.Queue[str] = queue.Queue()  # what the other side wrote
        self.answered = threading.Event()  # of a call that came in
        self.incoming: Packet | None = None
        self.hung_up = threading.Event()  # by the other side
        self.repeated = 0  # packets of the other side that came again
        self.deaf = False  # then nothing is answered
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._responses: dict[str, queue.Queue[Packet]] = {}
        self._seen: dict[tuple[str, str], bytes] = {}
        self._call_id = uuid.uuid4().hex
        self._own_tag = uuid.uuid4().hex[:8]
        self._own = f"<sip:{user}@127.0.0.1:{self.port}>"
        self._peer = ""
        self._target = ""
        self._sequence = 0
        self._invite = b""
        self._closed = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    # What a person does.

    def call(self, extension: str) -> None:
        """Calls, and returns when the call was answered."""
        self._target = f"sip:{extension}@{self.server[0]}:{self.server[1]}"
        self._peer = f"<{self._target}>"
        response = self._ask("INVITE", self._sdp(), "application/sdp")
        if response.status != 200:
            raise AssertionError(f"the call was answered with {response.start}")
        self._establish(response.first("to"), response.first("contact"))
        self._acknowledge(response)

    def say(self, text: str | bytes, times: int = 1) -> int:
        """Sends a text inside the call, as the same packet so many times; the status that came back."""
        body = text if isinstance(text, bytes) else text.encode()
        return self._ask("MESSAGE", body, "text/plain;charset=UTF-8", times).status

    def hear(self, seconds: float = PATIENCE) -> str:
        """The next text of the other side."""
        try:
            return self.texts.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no text came within {seconds} s") from None

    def forget(self) -> None:
        """As if nothing had come yet."""
        self.texts = queue.Queue()
        self.answered.clear()
        self.hung_up.clear()
        self.incoming = None
        self.repeated = 0

    def hang_up(self) -> None:
        """Ends the call."""
        self._ask("BYE", b"", None)

    def close(self) -> None:
        """Lets go of the socket."""
        self._closed = True
        self._socket.sendto(b"\0", ("127.0.0.1", self.port))  # wakes the thread
        self._thread.join(PATIENCE)
        self._socket.close()

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The protocol.

    def _sdp(self) -> bytes:
        return (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/AVP 0\r\n"
            "a=rtpmap:0 PCMU/8000\r\n"
        ).encode()

    def _establish(self, peer: str, contact: str) -> None:
        self._peer = peer
        self._target = contact[contact.index("<") + 1 : contact.index(">")] if "<" in contact else contact

    def _request(self, method: str, sequence: int, body: bytes, content_type: str | None) -> tuple[str, bytes]:
        branch = f"z9hG4bK{uuid.uuid4().hex}"
        lines = [
            f"{method} {self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch};rport",
            f"From: {self._own};tag={self._own_tag}",
            f"To: {self._peer}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {sequence} {method}",
            f"Contact: {self._own}",
            "Max-Forwards: 70",
            "Allow: INVITE, ACK, BYE, MESSAGE, CANCEL, OPTIONS",
            f"Content-Length: {len(body)}",
        ]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        return branch, "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def _ask(self, method: str, body: bytes, content_type: str | None, times: int = 1) -> Packet:
        self._sequence += 1
        branch, data = self._request(method, self._sequence, body, content_type)
        responses = self._responses[branch] = queue.Queue()
        until = time.monotonic() + PATIENCE
        pause = 0.5
        provisional = False
        for _ in range(times):
            self._socket.sendto(data, self.server)
        while (left := until - time.monotonic()) > 0:
            try:
                response = responses.get(timeout=min(pause, left))
            except queue.Empty:
                if not provisional:
                    self._socket.sendto(data, self.server)
                    pause = min(pause * 2, 4)
                continue
            if response.status >= 200:
                return response
            provisional = True
        raise AssertionError(f"nobody answered the {method}")

    def _acknowledge(self, response: Packet) -> None:
        number = int(response.first("cseq").split()[0])
        _, data = self._request("ACK", number, b"", None)
        self._socket.sendto(data, self.server)

    def _receive(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65536)
            if self._closed:
                return
            if self.deaf or not data.startswith(
                (b"SIP/2.0", b"INVITE", b"ACK", b"BYE", b"MESSAGE", b"CANCEL", b"OPTIONS")
            ):
                continue
            packet = Packet.parse(data)
            if packet.status:
                branch = packet.first("via").partition("branch=")[2].partition(";")[0]
                if branch in self._responses:
                    self._responses[branch].put(packet)
            elif packet.method != "ACK":
                self._serve(packet, source)

    def _serve(self, packet: Packet, source: tuple[str, int]) -> None:
        key = (packet.first("call-id"), packet.first("cseq"))
        if key in self._seen:
            self.repeated += 1
            self._socket.sendto(self._seen[key], source)
            return
        body = b""
        if packet.method == "MESSAGE":
            self.texts.put(packet.body)
        elif packet.method == "BYE":
            self.hung_up.set()
        elif packet.method == "INVITE":
            self.incoming = packet
            self._call_id = packet.first("call-id")
            self._establish(packet.first("from"), packet.first("contact"))
            self.server = source
            self._own = packet.first("to")
            body = self._sdp()
            self.answered.set()
        lines = ["SIP/2.0 200 OK"]
        lines += [f"Via: {via}" for via in packet.headers["via"]]
        to = packet.first("to")
        lines += [
            f"From: {packet.first('from')}",
            f"To: {to if 'tag=' in to else f'{to};tag={self._own_tag}'}",
            f"Call-ID: {packet.first('call-id')}",
            f"CSeq: {packet.first('cseq')}",
            f"Contact: <sip:{self.user}@127.0.0.1:{self.port}>",
            f"Content-Length: {len(body)}",
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        answer = self._seen[key] = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._socket.sendto(answer, source)
