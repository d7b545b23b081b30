"""Asterisk in its root, from a private configuration, in the foreground."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from ports import free_port

EXAMPLE = Path(__file__).resolve().parents[1]
MODULES = Path("usr/lib/asterisk/modules")
# What a call by SIP with text needs, and no more: Asterisk starts in a second.
NEEDED = """
    res_sorcery_config res_sorcery_memory res_sorcery_astdb res_sorcery_realtime res_timing_timerfd
    res_rtp_asterisk res_pjproject res_http_websocket res_stasis res_pjsip_authenticator_digest res_pjsip
    res_pjsip_session res_pjsip_sdp_rtp res_pjsip_messaging res_pjsip_endpoint_identifier_anonymous
    res_pjsip_caller_id chan_pjsip chan_sip codec_ulaw bridge_simple bridge_builtin_features pbx_config
    app_dial app_verbose app_sendtext app_stack func_strings func_logic func_callerid func_cdr func_channel
    cdr_custom res_agi res_speech res_pjsip_pubsub res_pjsip_diversion
"""


class Asterisk:
    """One Asterisk. Its directory is inside the root, and is gone afterwards."""

    def __init__(self, root: Path, module: Path, library: Path, human_port: int, fastagi_port: int = 4573) -> None:
        self.root = root
        (root / "srv").mkdir(exist_ok=True)
        # For each call Asterisk asks what address this machine's name has; no test is to wait for a name server.
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        self.directory = Path(tempfile.mkdtemp(prefix="asterisk-", dir=root / "srv"))
        self._inside = Path("/") / self.directory.relative_to(root)
        passwd = (line.split(":") for line in (root / "etc/passwd").read_text().splitlines())
        self._user = next((int(field[2]), int(field[3])) for field in passwd if field[0] == "asterisk")
        self.pjsip = ("127.0.0.1", free_port())
        self.chan_sip = ("127.0.0.1", free_port())
        for name in ("etc", "modules", "lib", "run", "log", "spool", "library"):
            (self.directory / name).mkdir()
        shutil.copy(library, self.directory / "library/libpolyai_chat.so.1")
        self._link_modules(module)
        self._configure(human_port, fastagi_port)
        self._process: subprocess.Popen[bytes] | None = None
        self.changed = False  # whether a test has changed polyai_chat.conf

    def _link_modules(self, module: Path) -> None:
        directory = self.directory / "modules"
        for name in NEEDED.split():
            assert (self.root / MODULES / f"{name}.so").exists(), f"this Asterisk has no {name}"
            (directory / f"{name}.so").symlink_to(Path("/") / MODULES / f"{name}.so")
        shutil.copy(module, directory)

    def _configure(self, human_port: int, fastagi_port: int) -> None:
        inside = self._inside
        rtp = 20000 + os.getpid() % 100 * 400
        files = {
            "asterisk.conf": f"""
                [directories]
                astetcdir => {inside}/etc
                astmoddir => {inside}/modules
                astvarlibdir => {inside}/lib
                astdbdir => {inside}/lib
                astkeydir => {inside}/lib
                astdatadir => /usr/share/asterisk
                astagidir => {inside}/lib
                astspooldir => {inside}/spool
                astrundir => {inside}/run
                astlogdir => {inside}/log
                [options]
                verbose = 5
                debug = 1
                """,
            "modules.conf": "[modules]\nautoload = yes\nnoload = app_polyai_chat.so\n",
            "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error,verbose,debug\n",
            "pjsip.conf": f"""
                [udp]
                type = transport
                protocol = udp
                bind = {self.pjsip[0]}:{self.pjsip[1]}
                [anonymous]
                type = endpoint
                context = polyai
                disallow = all
                allow = ulaw
                direct_media = no
                media_address = 127.0.0.1
                [human]
                type = aor
                contact = sip:human@127.0.0.1:{human_port}
                [human]
                type = endpoint
                context = polyai
                aors = human
                disallow = all
                allow = ulaw
                direct_media = no
                media_address = 127.0.0.1
                """,
            "sip.conf": f"""
                [general]
                udpbindaddr = {self.chan_sip[0]}:{self.chan_sip[1]}
                context = polyai
                allowguest = yes
                disallow = all
                allow = ulaw
                directmedia = no
                """,
            "rtp.conf": f"[general]\nrtpstart = {rtp}\nrtpend = {rtp + 399}\n",
            "cdr.conf": "[general]\nenable = yes\n",
            "cdr_custom.conf": "[mappings]\nMaster.csv => ${CSV_QUOTE(${CDR(channel)})},"
            "${CSV_QUOTE(${CDR(polyai_status)})},${CSV_QUOTE(${CDR(polyai_conversation)})},${CSV_QUOTE(${CDR(polyai_correlation)})}\n",
            "extensions.conf": f"""
                [globals]
                POLYAI_HUMAN = PJSIP/human
                POLYAI_FASTAGI = agi://127.0.0.1:{fastagi_port}
                #include "polyai.conf"
                #include "test.conf"
                """,
            "test.conf": "",
            "polyai.conf": (EXAMPLE / "extensions.conf").read_text(),
        }
        for name, text in files.items():
            lines = (line.strip() if name != "polyai.conf" else line for line in text.splitlines())
            (self.directory / "etc" / name).write_text("\n".join(lines) + "\n")
        (self.directory / "log/cdr-custom").mkdir()

    def write(self, name: str, text: str, mode: int = 0o640) -> None:
        """Writes a file of the configuration, which asterisk may read."""
        path = self.directory / "etc" / name
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, *self._user)

    def configure(self, text: str) -> str:
        """Changes polyai_chat.conf, and has the module read it; what the console says."""
        self.changed = True
        self.write("polyai_chat.conf", text)
        return self.cli("module reload app_polyai_chat.so")

    def variables(self) -> dict[str, str]:
        """The variables of the one call that goes on in the dialplan, as the console shows them."""
        channel = next(
            line.split("!")[0] for line in self.cli("core show channels concise").splitlines() if "!Dial!" in line
        )
        lines = self.cli(f"core show channel {channel}").splitlines()
        return dict(line.partition("=")[::2] for line in lines if line.startswith("POLYAI_"))

    def _chroot(self, *command: str, environment: dict[str, str] | None = None) -> list[str]:
        settings = {
            "LD_LIBRARY_PATH": f"{self._inside}/library",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
        }
        settings.update(environment or {})
        user = f"--userspec={self._user[0]}:{self._user[1]}"
        assignments = [f"{name}={value}" for name, value in settings.items()]
        return ["chroot", user, str(self.root), "/usr/bin/env", "-i", *assignments, *command]

    def start(self, environment: dict[str, str] | None = None) -> None:
        """Starts it, and returns when it is ready."""
        for path in [self.directory, *self.directory.rglob("*")]:
            os.chown(path, *self._user, follow_symlinks=False)
        command = self._chroot("asterisk", "-f", "-C", f"{self._inside}/etc/asterisk.conf", environment=environment)
        output = (self.directory / "log/output").open("wb")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        output.close()
        until = time.monotonic() + 60
        while "System uptime" not in self._command("core show uptime")[1]:
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.1)
        self.cli("core waitfullybooted")

    def _command(self, line: str) -> tuple[int, str]:
        command = self._chroot("asterisk", "-C", f"{self._inside}/etc/asterisk.conf", "-rx", line)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        return done.returncode, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")

    def cli(self, line: str) -> str:
        """What its console says to a command."""
        status, text = self._command(line)
        assert status == 0 or "shut" in text, (line, status, text, self.log())
        return text

    def wait_until(self, line: str, wanted: str) -> str:
        """Asks the console until its answer holds this."""
        until = time.monotonic() + 30
        while wanted not in (text := self.cli(line)):
            assert time.monotonic() < until, f"{line}: {text}"
            time.sleep(0.1)
        return text

    def log(self) -> str:
        """All that it has logged."""
        paths = [self.directory / "log" / name for name in ("output", "full", "full.log")]
        return "\n".join(path.read_text(errors="replace") for path in paths if path.exists())

    def wait_for_log(self, wanted: str) -> None:
        """Waits until it has logged this; its logger writes behind."""
        until = time.monotonic() + 30
        while wanted not in self.log():
            assert time.monotonic() < until, f"nothing like {wanted} was logged"
            time.sleep(0.05)

    def records(self) -> list[list[str]]:
        """The records of calls."""
        path = self.directory / "log/cdr-custom/Master.csv"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.strip('"').split('","') for line in lines]

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def user(self) -> tuple[int, int]:
        """Whom it runs as."""
        return self._user

    def wait(self, seconds: float) -> int:
        """Waits for its end."""
        assert self._process is not None
        return self._process.wait(seconds)

    def stop(self) -> None:
        """Ends it, and takes its directory away."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, 9)
                self._process.wait()
        shutil.rmtree(self.directory)
