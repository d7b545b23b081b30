"""Where e-mails wait for an answer: what the program that takes them in and the worker agree on. No keys here."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

os.umask(0o077)  # the files of the queue, the ledger and the outbox hold what customers wrote

# The default, files in the folder "queue", is for trying it out.
BROKER = os.environ.get("MAIL_BROKER") or "filesystem://"

app = Celery("mail", broker=BROKER)
app.conf.update(
    # An e-mail leaves the queue when it has been dealt with. If its worker dies before, it is delivered again, also
    # when only a process of the worker's pool died: by itself, Celery would count that as dealt with.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)
if BROKER == "filesystem://":
    folder = os.environ.get("MAIL_QUEUE") or "queue"
    app.conf.broker_transport_options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "processed_folder": f"{folder}/taken",
        "control_folder": f"{folder}/control",
        "store_processed": True,
    }
    Path(folder, "taken").mkdir(parents=True, exist_ok=True)
