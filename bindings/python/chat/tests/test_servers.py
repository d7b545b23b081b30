"""Servers that import the application, its client included, and then fork their workers: gunicorn, Celery, uWSGI."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from children import PATIENCE, Child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyai_chat_testing import Simulator

REQUESTS = 40


class ConnectionToSocket(http.client.HTTPConnection):
    """HTTP over a socket of the file system, so that no port is needed."""

    def __init__(self, path: Path) -> None:
        """Will connect to this socket."""
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Connects."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


def said(path: Path, message: str) -> tuple[str, str, str]:
    """Has the web application say something: where its client was made, which process has used it, and the answer."""
    connection = ConnectionToSocket(path)
    connection.request("GET", f"/?message={quote(message)}")
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, text
    made_in, process, _thread, answer = text.split(" ", 3)
    return made_in, process, answer


def messages_of_connections(simulator: Simulator) -> dict[int, set[str]]:
    """The messages that each connection carried."""
    of_messages: dict[int, set[str]] = defaultdict(set)
    for request in simulator.received():
        if request["operation"] == "respond":
            of_messages[request["connection"]].add(json.loads(request["body"])["message"])
    return of_messages


def workers_answer(simulator: Simulator, path: Path, workers: int) -> None:
    """All requests are answered with what was said in them, by workers that have not made the client themselves."""
    # Two at once, both slow: one worker that takes one at a time cannot have both.
    simulator.fail({"delay": {"before": "headers", "ms": 1_500}}, {"operation": "respond", "times": 2})
    with ThreadPoolExecutor(8) as pool:
        both = [pool.submit(said, path, f"slow {number}") for number in range(2)]
        assert simulator.wait_for("respond", 2)
        assert not any(one.done() for one in both)
        outcomes = {f"slow {number}": one.result() for number, one in enumerate(both)}
        assert len({process for _, process, _ in outcomes.values()}) == workers
        messages = [f"message {number}" for number in range(REQUESTS)]
        outcomes.update(zip(messages, pool.map(lambda message: said(path, message), messages)))
    assert {message: answer for message, (_, _, answer) in outcomes.items()} == {
        message: f"You said: {message}" for message in outcomes
    }
    assert all(made_in != process for made_in, process, _ in outcomes.values())
    assert simulator.requests_to("respond") == REQUESTS + 2
    for messages_of_connection in messages_of_connections(simulator).values():
        assert len({outcomes[message][1] for message in messages_of_connection}) == 1


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short name: the name of a socket has little room."""
    return tmp_path_factory.mktemp("s")


def gunicorn(simulator: Simulator, path: Path, *arguments: str) -> Child:
    """gunicorn with the web application, imported before it forks."""
    command = [sys.executable, "-m", "gunicorn", "--preload", "--bind", f"unix:{path}", "--config", "web.py"]
    environment = {"WORKERS": arguments[1]}
    return Child.of_command([*command, *arguments, "web:application"], simulator.options, environment)


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [
        (("--worker-class", "sync", "--workers", "2"), 2),
        (("--worker-class", "gthread", "--workers", "1", "--threads", "8"), 1),
        (("--worker-class", "gevent", "--workers", "1"), 1),
    ],
    ids=["sync", "gthread", "gevent"],
)
def test_gunicorn_that_preloads(simulator: Simulator, folder: Path, arguments: tuple[str, ...], workers: int) -> None:
    path = folder / "web"
    with gunicorn(simulator, path, *arguments) as server:
        server.expect("ready")
        workers_answer(simulator, path, workers)
        server.send(signal.SIGTERM)
        assert server.ended() == 0
        assert "Traceback" not in server.errors()
        assert "SIGKILL" not in server.errors()


def test_a_gevent_worker_has_many_turns_under_way_at_once(simulator: Simulator, folder: Path) -> None:
    path = folder / "web"
    simulator.fail({"delay": {"before": "headers", "ms": 3_000}}, {"operation": "respond"})
    arguments = ("--worker-class", "gevent", "--workers", "1")
    with gunicorn(simulator, path, *arguments) as server, ThreadPoolExecutor(16) as pool:
        server.expect("ready")
        answers = [pool.submit(said, path, f"message {number}") for number in range(16)]
        assert simulator.wait_for("respond", 16)
        assert not any(answer.done() for answer in answers)
        assert [answer.result()[2] for answer in answers] == [f"You said: message {number}" for number in range(16)]
        server.send(signal.SIGTERM)
        assert server.ended() == 0


@pytest.mark.parametrize("threads", [False, True], ids=["without threads", "with threads"])
def test_uwsgi_that_forks_after_the_import(simulator: Simulator, folder: Path, threads: bool) -> None:
    program = Path(sys.executable).parent / "uwsgi"
    found = str(program) if program.exists() else shutil.which("uwsgi")
    if not found:
        pytest.skip("there is no uwsgi, which takes minutes to compile: pip install uwsgi==2.0.31")
    path = folder / "web"
    command = [found, "--master", "--http-socket", str(path), "--wsgi-file", "web.py", "--need-app", "--die-on-term"]
    command += ["--virtualenv", sys.prefix, "--disable-logging"]
    command += ["--processes", "1", "--threads", "4"] if threads else ["--processes", "2"]
    with Child.of_command(command, simulator.options) as server:
        # It listens before it imports, and the import creates a conversation.
        assert simulator.wait_for("create", 1), server.errors()
        workers_answer(simulator, path, workers=1 if threads else 2)
        server.send(signal.SIGTERM)
        assert server.ended() == 0
        assert "segmentation" not in server.errors().lower()
        assert "Traceback" not in server.errors()


class Celery:
    """A Celery worker with two processes, its broker and its results in a folder, and a way to give it tasks."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        """Starts the worker, and waits until it takes tasks."""
        import celery

        for name in ("queue", "processed", "control", "results", "begun"):
            (folder / name).mkdir()
        settings = {
            "broker_url": "filesystem://",
            "broker_transport_options": {
                "data_folder_in": str(folder / "queue"),
                "data_folder_out": str(folder / "queue"),
                "processed_folder": str(folder / "processed"),
                "control_folder": str(folder / "control"),
                "store_processed": False,
                "polling_interval": 0.02,
            },
            "result_backend": f"file://{folder / 'results'}",
            "broker_connection_retry_on_startup": True,
            "worker_lost_wait": 0.1,
        }
        self._tasks = celery.Celery("tasks")
        self._tasks.conf.update(settings)
        command = [sys.executable, "-m", "celery", "--quiet", "--app", "tasks", "worker", "--loglevel", "info"]
        command += ["--pool", "prefork", "--concurrency", "2"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        environment = {"CELERY_SETTINGS": json.dumps(settings), "TASKS_BEGUN": str(folder / "begun")}
        self.worker = Child.of_command(command, simulator.options, environment)

    def send(self, task: str, *arguments: str) -> Any:
        """Asks for a task."""
        return self._tasks.send_task(f"tasks.{task}", arguments)

    def __enter__(self) -> Celery:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.worker.__exit__()


@pytest.fixture
def celery(simulator: Simulator, folder: Path) -> Iterator[Celery]:
    """A worker for this test."""
    with Celery(simulator, folder) as running:
        yield running


def result(task: Any) -> Any:
    """The outcome of a task."""
    return task.get(timeout=PATIENCE, interval=0.02)


def test_celery_with_a_client_made_at_import(celery: Celery, simulator: Simulator) -> None:
    messages = [f"message {number}" for number in range(REQUESTS)]
    tasks = [celery.send("answer", message) for message in messages]
    outcomes = dict(zip(messages, [result(task) for task in tasks]))
    assert {message: answer for message, (_, _, answer) in outcomes.items()} == {
        message: f"You said: {message}" for message in messages
    }
    assert all(made_in != process for made_in, process, _ in outcomes.values())
    assert simulator.requests_to("respond") == REQUESTS
    for messages_of_connection in messages_of_connections(simulator).values():
        assert len({outcomes[message][1] for message in messages_of_connection}) == 1
    celery.worker.send(signal.SIGTERM)
    assert celery.worker.ended() == 0


def test_celery_s_own_retries_do_not_double_a_turn(celery: Celery, simulator: Simulator) -> None:
    from polyai_chat import Client, ConnectError

    conversation = Client(**simulator.options).create()
    simulator.fail({"reset": {"at": "after_turn"}}, {"operation": "respond", "nth": 1})
    task = celery.send("answer_and_retry", conversation.id, "said once")
    with pytest.raises(ConnectError) as lost:
        result(task)
    assert lost.value.delivery == "unknown"
    assert simulator.requests_to("respond") == 1
    assert [seen["turns"] for seen in simulator.conversations() if seen["id"] == conversation.id] == [1]


def test_a_task_that_is_delivered_again_can_leave_the_turn_alone(celery: Celery, simulator: Simulator) -> None:
    from polyai_chat import Client

    conversation = Client(**simulator.options).create()
    simulator.fail({"delay": {"before": "headers", "ms": 120_000}}, {"operation": "respond"})
    task = celery.send("answer_once", conversation.id, "said once")
    assert simulator.wait_for("respond", 1)
    # The process that has the task is lost in the middle of the call.
    os.kill(celery.worker.value(), signal.SIGKILL)
    assert result(task) == "in doubt"
    assert simulator.requests_to("respond") == 1
