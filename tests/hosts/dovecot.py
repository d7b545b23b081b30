"""A Dovecot of its own for a test: it serves the mailboxes of a Postfix by IMAP, and goes away with its folder."""

from __future__ import annotations

import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imapclient import IMAPClient  # type: ignore[import-untyped]
from ports import free_port
from postfix import PATIENCE, SEARCH_PATH, USER, Postfix

PASSWORD = "open sesame"

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
info_log_path = /dev/null
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{mail}/%u:INDEX={folder}/index/%u
mailbox_list_index = no
first_valid_uid = {uid}
first_valid_gid = {gid}
mail_uid = {uid}
mail_gid = {gid}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


def why_not() -> str:
    """What is missing here to run it; empty where nothing is."""
    return "" if shutil.which("dovecot", path=SEARCH_PATH) else "missing: dovecot"


class Dovecot:
    """An IMAP server that runs. Each mailbox of the Postfix is a user, with the password above."""

    def __init__(self, postfix: Postfix, users: tuple[str, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        self.log = self.folder / "log"
        self._postfix = postfix
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start(users)
        except BaseException:
            self.stop()
            raise

    def _start(self, users: tuple[str, ...]) -> None:
        user = pwd.getpwnam(USER)
        for name in ("index", "home"):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, USER)
        (self.folder / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in users))
        self._make_certificate()
        self.port, self.tls_port = free_port(), free_port()
        settings = SETTINGS.format(
            folder=self.folder,
            mail=self._postfix.folder / "mail",
            port=self.port,
            tls_port=self.tls_port,
            uid=user.pw_uid,
            gid=user.pw_gid,
        )
        (self.folder / "dovecot.conf").write_text(settings)
        command = ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]
        environment = {"PATH": SEARCH_PATH}
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self._postfix.wait_for(self._listens, "Dovecot listens")

    def _make_certificate(self) -> None:
        """One for `localhost`, which nobody trusts who is not told to."""
        self.certificate = self.folder / "certificate.pem"
        options = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        options += ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:TRUE"]
        files = ["-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate)]
        subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True)

    def _listens(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.said()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @contextmanager
    def session(self, user: str) -> Iterator[IMAPClient]:
        """A connection of this user."""
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=PATIENCE) as client:
            client.login(user, PASSWORD)
            yield client

    def letters(self, user: str, folder: str) -> list[bytes]:
        """The letters in a folder of a user, in the order in which they came; none where there is no such folder."""
        with self.session(user) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
            # Without those that have been moved meanwhile.
            return [found[uid][b"BODY[]"] for uid in sorted(found) if found[uid].get(b"BODY[]") is not None]

    def move(self, user: str, message_id: str, folder: str, to: str) -> None:
        """What a user does who moves a letter by hand."""
        with self.session(user) as client:
            client.select_folder(folder)
            uids = client.search(["HEADER", "Message-ID", message_id])
            assert uids, f"{message_id} is not in {folder}"
            client.move(uids, to)

    def empty(self, user: str) -> None:
        """Takes away all letters of a user."""
        with self.session(user) as client:
            for _, _, folder in client.list_folders():
                client.select_folder(folder)
                client.delete_messages(client.search("ALL"))
                client.expunge()

    def stop(self) -> None:
        """Stops it, and takes away its folder."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            finally:
                self._process.kill()
                self._process.wait()
        print(f"--- Dovecot\n{self.said()}")
        shutil.rmtree(self.folder)
