"""Tasks for a Celery worker. The client is made when the module is imported, before the worker forks its processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from celery import Celery
from start import client_of_the_test, tell_value

client = client_of_the_test(timeout=30)
first = client.create()
made_in = os.getpid()

app = Celery("tasks")
app.conf.update(json.loads(os.environ["CELERY_SETTINGS"]))


@app.task(acks_late=True)
def answer(message: str) -> list[Any]:
    """One turn of a conversation of its own: where the client was made, where it is used, and what was said."""
    return [made_in, os.getpid(), client.create().respond(message).response]


@app.task(
    acks_late=True, autoretry_for=(ConnectionError, TimeoutError, OSError), retry_backoff=False, default_retry_delay=0
)
def answer_and_retry(conversation_id: str, message: str) -> str:
    """Repeated by Celery on the errors that people usually name there."""
    return client.attach(conversation_id).respond(message).response


@app.task(bind=True, acks_late=True, reject_on_worker_lost=True)
def answer_once(self: Any, conversation_id: str, message: str) -> str:
    """Delivered again when the worker's process is lost; it then leaves the turn alone, which the agent may have heard.

    It notes that it begins, where others have a database: what Celery says of a second delivery depends on the broker.
    """
    try:
        (Path(os.environ["TASKS_BEGUN"]) / self.request.id).touch(exist_ok=False)
    except FileExistsError:
        return "in doubt"
    tell_value(os.getpid())
    return client.attach(conversation_id).respond(message).response
