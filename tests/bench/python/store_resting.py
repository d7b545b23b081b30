"""A worker of a channel that mostly rests.

    store_resting.py STORE WHERE

The environment says where the agent is. It ends at a line on stdin.
"""

from __future__ import annotations

import sys
import threading

from polyai_chat import Client
from polyai_chat_channels import Channel, PostgresStore, SQLiteStore

kind, where = sys.argv[1:]
store = SQLiteStore(where) if kind == "sqlite" else PostgresStore(where)
channel = Channel(Client.from_env(), store, "rested")
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), ended.set())).start()
channel.pending()
print("ready", flush=True)
while not ended.is_set():
    for message in channel.pending():
        channel.delivered(channel.answer(message))
    channel.wait(1.0)
