"""Receives messages of a channel, as it is told by lines of JSON: `{"sender": …, "message_id": …, "text": …}`.

Started with the store's path, and "blocking" or "asyncio". With "accept" in a line the message is accepted only.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from typing import Any

from polyai_chat import AsyncClient, ChatError, Client
from polyai_chat_channels import AsyncChannel, Channel, SQLiteStore

path, kind = sys.argv[1:3]
client = Client(**json.loads(os.environ["CLIENT_OPTIONS"]))
store = SQLiteStore(path)
channel = Channel(client, store, "sms")
async_channel = AsyncChannel(AsyncClient(client), store, "sms")
printing = threading.Lock()


def receive(arguments: dict[str, Any]) -> None:
    try:
        blocking = kind == "blocking"
        answer = channel.receive(**arguments) if blocking else asyncio.run(async_channel.receive(**arguments))
    except ChatError as error:
        tell({"error": error.kind, "delivery": error.delivery})
    else:
        tell({"state": answer.state, "response": answer.response, "is_repeated": answer.is_repeated})


def tell(outcome: dict[str, object]) -> None:
    with printing:
        print(json.dumps(outcome), flush=True)


tell({"ready": True})
for line in sys.stdin:
    told = json.loads(line)
    if told.pop("accept", False):
        tell({"is_new": channel.accept(**told)})
    else:
        threading.Thread(target=receive, args=(told,)).start()
