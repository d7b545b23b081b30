"""A Postfix of its own for a test: configuration, queue and mailboxes in a folder that goes away with it, a free port.

Postfix starts as root, and gives its parts to the users `postfix` and `nobody`. What it hands letters to is `nobody`'s.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ports import free_port

PATIENCE = 180.0
USER = "nobody"
DAEMONS = "/usr/lib/postfix/sbin"
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.desk.example
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
# As for letters that come from elsewhere.
local_header_rewrite_clients =
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
transport_maps = inline:{{ {transports} }}
# Nothing goes away from this machine: it comes back, as a report.
default_transport = nowhere:
message_size_limit = 40000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
# A letter that could not be handed on is tried again after a second.
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_retry_time = 1s
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"""

REFUSING = "smtpd_client_restrictions = defer\n"

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
nowhere unix - n n - - pipe user={user} argv=/bin/false
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """What is missing here to run it; empty where nothing is."""
    if os.geteuid() != 0:
        return "missing: root, as whom Postfix starts"
    return "" if shutil.which("postfix", path=SEARCH_PATH) else "missing: postfix"


class Postfix:
    """A mail server that runs. Letters to `mailboxes` stay there; those to `pipes` go into a program, by pipe(8)."""

    def __init__(self, mailboxes: tuple[str, ...], pipes: Mapping[str, tuple[str, ...]] | None = None) -> None:
        # Not below the folder of the test, which is its user's only.
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.folder.chmod(0o755)
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start(mailboxes, dict(pipes or {}))
        except BaseException:
            self.stop()
            raise

    def _start(self, mailboxes: tuple[str, ...], pipes: dict[str, tuple[str, ...]]) -> None:
        user = pwd.getpwnam(USER)
        for name in ("queue", "data", "mail", "etc"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.folder / "mail", USER)
        self.port = free_port()
        addresses = (*mailboxes, *pipes)
        settings = MAIN.format(
            folder=self.folder,
            daemons=DAEMONS,
            domains=" ".join(sorted({address.partition("@")[2] for address in addresses})),
            mailboxes=", ".join(f"{{ {address} = {address}/ }}" for address in addresses),
            transports=", ".join(f"{{ {address} = pipe{number}: }}" for number, address in enumerate(pipes))
            or "{ none = none: }",
            uid=user.pw_uid,
            gid=user.pw_gid,
        )
        services = MASTER.format(port=self.port, user=USER)
        for number, program in enumerate(pipes.values()):
            services += f"pipe{number} unix - n n - 4 pipe flags=DORX user={USER} argv={' '.join(program)}\n"
            settings += f"pipe{number}_destination_recipient_limit = 1\n"
        (self.folder / "etc/main.cf").write_text(settings)
        (self.folder / "etc/master.cf").write_text(services)
        settings_of = ["-c", str(self.folder / "etc")]
        subprocess.run(["postfix", *settings_of, "check"], env={"PATH": SEARCH_PATH}, check=True)  # makes its folders
        # Not by `postfix start`, which would leave it to itself. Of its own group, with which it ends its parts.
        command = [f"{DAEMONS}/master", *settings_of, "-d"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={}, start_new_session=True)
        self.wait_for(self._listens, "it listens")

    def _listens(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.said()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits until it is so, and gives what it gave."""
        until = time.monotonic() + PATIENCE
        while not (result := condition()):
            assert time.monotonic() < until, f"not so after {PATIENCE} s: {what}\n{self.said()}"
            time.sleep(0.02)
        return result

    def send(self, letter: bytes, to: str, sender: str) -> str:
        """Hands a letter over by SMTP, byte for byte, and gives its number. An empty sender is that of a report."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as session:
            session.ehlo()
            options = ["BODY=8BITMIME", *([] if letter.isascii() else ["SMTPUTF8"])]
            assert session.mail(sender, options)[0] == 250
            assert session.rcpt(to)[0] == 250
            code, answer = session.data(letter)
            assert code == 250, answer
            return answer.decode().rpartition(" ")[2]

    def refuse(self, is_refused: bool) -> None:
        """Has it refuse all letters for now, or take them again."""
        settings = (self.folder / "etc/main.cf").read_text().replace(REFUSING, "")
        (self.folder / "etc/main.cf").write_text(settings + (REFUSING if is_refused else ""))
        assert self._process
        self._process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self._refuses() is is_refused, "it has read its settings")

    def _refuses(self) -> bool:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as session:
            session.ehlo()
            session.mail("probe@nowhere.example")
            return session.rcpt("probe@nowhere.example")[0] // 100 == 4

    def is_done_with(self, number: str) -> bool:
        """Whether it has handed on this letter, or given it back."""
        return f"{number}: removed\n" in self.said()

    def letters(self, address: str) -> list[Path]:
        """The letters in a mailbox, in no order."""
        return [*(self.folder / "mail" / address / "new").glob("*")]

    def stop(self) -> None:
        """Stops it, and takes away its folder."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            finally:
                self._process.kill()
                self._process.wait()
        print(f"--- Postfix\n{self.said() if self.log.exists() else ''}")
        shutil.rmtree(self.folder)
