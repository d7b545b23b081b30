"""What the tests share: the agent (a simulator), the widget's server, a browser, and a wire that can be cut.

`test_postgresql.py` runs tests again with the server of PostgreSQL that TESTED_DATABASE names.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from polyai_chat_testing import Simulator
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from page import Page
from wire import Wire

EXAMPLE = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or EXAMPLE.parents[1] / "target")
HOSTS = Path(os.environ.get("POLYAI_HOSTS_DIRECTORY") or TARGET / "hosts")

sys.path.insert(0, str(EXAMPLE))

PATIENCE = 180.0
READY = "Application startup complete"
"""How many seconds something may take that should be quick."""
KEY, TOKEN = "key-that-stays-6f1d0c", "token-that-stays-93ab7e"

SCRIPT = r"""
greeting = "Hello, this is Acme. How can I help?"
default_reply = "You said: {message}"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request", secret_queue = "sip:7001@desk.internal" }

[[rules]]
pattern = '^somebody$'
reply = "I am putting you through to somebody."
handoff = { destination = "sip:7002@desk.internal", reason = "policy-17" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true

[[rules]]
pattern = '^markup$'
reply = "<img src=x onerror=\"document.title='run'\"><b>bold</b><script>document.title='run'</script>"

[[rules]]
pattern = '^arabic$'
reply = "مرحبا، طلبك رقم 4711 في الطريق 🚚"
"""


def database_of_its_own() -> str | None:
    """A new database in the server of PostgreSQL that TESTED_DATABASE names; None: a file is to be used."""
    server = os.environ.get("TESTED_DATABASE")
    if server is None:
        return None
    import psycopg

    name = f"webchat_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.rpartition("/")[0] + "/" + name


class Server:
    """The widget's server, as its users start it, on a port that stays open while it is restarted."""

    def __init__(
        self,
        folder: Path,
        app: str = "demo:make_app",
        workers: int = 1,
        dialect: Literal["current", "legacy"] = "current",
        script: str = SCRIPT,
        **variables: str,
    ) -> None:
        """Takes a free port, and starts nothing."""
        self.simulator = Simulator(script=script, api_key=KEY, token=TOKEN, dialect=dialect)
        self.agent = Wire()
        """The way to the agent."""
        self.agent.lead_to(self.simulator.url)
        self.log = folder / "uvicorn.log"
        self.data = folder / "data"
        self._app = app
        self._workers = workers
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("POLYAI_", "WEBCHAT_"))},
            **self.simulator.environment,
            "POLYAI_BASE_URL": self.agent.url,
            "PYTHONPATH": os.pathsep.join([str(EXAMPLE), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE": database_of_its_own() or str(self.data / "chat.sqlite"),
            "WEBCHAT_COOKIE_NEEDS_TLS": "no",
            **variables,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self._heard_before = 0

    def start(self) -> None:
        """Starts the workers, which share the port and the files, and waits until all of them take requests."""
        began = self.log.read_text().count(READY) if self.log.exists() else 0
        command = [sys.executable, "-m", "uvicorn", "--factory", self._app, "--timeout-graceful-shutdown", "30"]
        for _ in range(self._workers):
            with self.log.open("a") as log:
                process = subprocess.Popen(
                    [*command, "--fd", str(self._listening.fileno())],
                    env=self.variables,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[self._listening.fileno()],
                )
            self.processes.append(process)
        wait_until(
            lambda: (
                self.log.read_text().count(READY) == began + self._workers
                or any(process.poll() is not None for process in self.processes)
            ),
            self.log.read_text,
        )

    def stop(self, with_signal: int = signal.SIGKILL) -> list[int]:
        """Ends the workers, waits, and returns how they have ended."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, with_signal)
        codes = [process.wait(PATIENCE) for process in self.processes]
        self.processes.clear()
        return codes

    def close(self) -> None:
        """Ends it, and the agent."""
        self.stop()
        self._listening.close()
        self.agent.release()
        self.agent.cut()
        self.simulator.stop()

    def customer(self) -> Customer:
        """A new customer's browser, without the widget."""
        return Customer(self)

    def fresh(self) -> None:
        """For the next test: an agent that does what its script says and has heard nothing."""
        self.simulator.clear_faults()
        self.simulator.clear()
        self._heard_before = len(self.simulator.conversations())

    def heard(self) -> list[list[str]]:
        """What the agent has heard since, by conversation."""
        return [conversation["messages"] for conversation in self.simulator.conversations()[self._heard_before :]]

    def conversation_id(self) -> str:
        """The first conversation since then, as the agent calls it."""
        found: str = self.simulator.conversations()[self._heard_before]["id"]
        return found


class Customer:
    """A browser with its own cookies, which speaks as the widget does."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False)
        self.http.headers["Origin"] = server.url
        self.number = 0

    def post(self, operation: str, **body: Any) -> httpx.Response:
        """One request."""
        return self.http.post(f"/chat/{operation}", json=body)

    def begin(self) -> dict[str, Any]:
        """Opens the widget."""
        opened = self.post("open")
        assert opened.status_code == 200, opened.text
        view: dict[str, Any] = opened.json()
        if view["conversation"] != "open":
            begun = self.post("begin", after=view["number"])
            assert begun.status_code == 200, begun.text
            view = begun.json()
        self.number = view["number"]
        return view

    def say(self, text: str, message_id: str) -> httpx.Response:
        """Says something."""
        return self.post("say", number=self.number, id=message_id, text=text)


def wait_until(is_so: Callable[[], object], why: Callable[[], str] = lambda: "") -> None:
    """Waits for what another process does, of which no event tells."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, why()
        time.sleep(0.03)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Starts, once for each application, the servers of tests that need nothing of their own: two processes each."""
    servers: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:

        def start(app: str) -> Server:
            if app not in servers:
                folder = tmp_path_factory.mktemp("server")
                made = Server(
                    folder,
                    app=app,
                    workers=2,
                    DESK_DIRECTORY=str(folder),
                    WEBCHAT_MESSAGES_A_MINUTE="9999",
                    WEBCHAT_CONVERSATIONS_AN_HOUR="9999",
                )
                servers[app] = stack.enter_context(contextlib.closing(made))
                made.start()
            return servers[app]

        yield start


@contextlib.contextmanager
def afresh(server: Server, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server whose agent has heard nothing. Its log is shown when the test fails, and holds no key."""
    server.fresh()
    begin = server.log.stat().st_size
    yield server
    with server.log.open() as log:
        log.seek(begin)
        said = log.read()
    request.node.add_report_section("teardown", "the server's log", said)
    assert KEY not in said
    assert TOKEN not in said
    assert "Exception in ASGI application" not in said, said


@pytest.fixture
def server(started: Callable[[str], Server], request: pytest.FixtureRequest) -> Iterator[Server]:
    """The demonstration's server."""
    with afresh(started("demo:make_app"), request) as server:
        yield server


@pytest.fixture
def desk_server(started: Callable[[str], Server], request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with the desk of `recording_desk.py`."""
    with afresh(started("recording_desk:make_app"), request) as server:
        for name in ("told", "closed"):
            (server.log.parent / name).unlink(missing_ok=True)
        yield server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers with settings of their own."""
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> Server:
            made = stack.enter_context(contextlib.closing(Server(tmp_path, **options)))
            stack.callback(lambda: print(made.log.read_text()))
            made.start()
            return made

        yield make


def new_chromium(*more: str) -> webdriver.Chrome:
    """Starts a browser."""
    program = shutil.which("chromedriver")
    if program is None:
        pytest.fail("chromedriver is missing: run tests/install")
    options = webdriver.ChromeOptions()
    # No sandbox: tests are often run by root, whom chromium refuses one.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", *more):
        options.add_argument(argument)
    options.add_argument("--window-size=1280,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(program))


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """The browser, started once."""
    driver = new_chromium()
    yield driver
    driver.quit()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire that leads nowhere yet."""
    made = Wire()
    yield made
    made.cut()


@pytest.fixture
def page(server: Server, chromium: webdriver.Chrome) -> Iterator[Page]:
    """A customer at the shop, with the widget closed. The browser has nothing to complain about."""
    page = Page(chromium, server.url)
    page.complaints()
    yield page
    page.offline(False)
    for name in ("clearDeviceMetricsOverride", "setEmulatedMedia"):
        page.command(f"Emulation.{name}")
    # A refusal is noted by the browser itself.
    left = [text for text in page.complaints() if "Failed to load resource" not in text and "net::ERR_" not in text]
    assert left == []


@pytest.fixture
def customer(server: Server) -> Customer:
    """Another customer."""
    return server.customer()
