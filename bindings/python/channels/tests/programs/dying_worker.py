"""A worker of the channel "sms" that dies at a step of its work, as a process does that is killed.

Started with the code that makes the store, the step, and how many seconds a claim holds beyond its deadline. Steps are
those of the store, or "create": it dies when that has been done; or "stopped": it is stopped before it records an
answer. It reads lines of JSON:
`{"accept": [SENDER, ID, TEXT]}`, or `{"work": SECONDS}`, with the deadline of each answer, and says what it did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from polyai_chat import ChatError, Client
from polyai_chat_channels import Channel

code, step, record_for = sys.argv[1:4]
made: dict[str, Any] = {}
exec(code, made)
store = made["store"]


def dies(*_arguments: Any, **_keywords: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Any) -> Any:
    return lambda *arguments, **keywords: dies(function(*arguments, **keywords))


def stopped(function: Any) -> Any:
    def stops(*arguments: Any, **keywords: Any) -> Any:
        store.settle = function
        os.kill(os.getpid(), signal.SIGSTOP)
        return function(*arguments, **keywords)

    return stops


if step == "stopped":
    store.settle = stopped(store.settle)
elif step == "create":
    store.begin = dies
elif step:
    setattr(store, step, dying(getattr(store, step)))
channel = Channel(Client(**json.loads(os.environ["CLIENT_OPTIONS"])), store, "sms", record_for=float(record_for))


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


say("ready")
for line in sys.stdin:
    told = json.loads(line)
    if "accept" in told:
        sender, message_id, text = told["accept"]
        say(channel.accept(sender=sender, message_id=message_id, text=text, for_others=True))
        continue
    try:
        for message in channel.pending():
            answer = channel.answer(message, timeout=told["work"])
            channel.delivered(answer)
            say({"state": answer.state, "response": answer.response})
    except ChatError as error:
        held = getattr(error, "answer", None)
        say({"error": type(error).__name__, "delivery": error.delivery, "holds": held is not None})
