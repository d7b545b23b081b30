"""The command line with one defect, which changes what the program has printed, or the status that it ends with.

`command_line.py DEFECT PROGRAM ARGUMENT...`; each function below is a defect, and its first line says what it is.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Report = dict[str, Any]


def response(report: Report) -> None:
    """A turn says again what was said."""
    for turn in report["turns"]:
        turn["response"] = turn["message"]


def message(report: Report) -> None:
    """A turn does not have the message that was said."""
    for turn in report["turns"]:
        turn["message"] = turn["message"].strip()


def end(report: Report) -> None:
    """The end of a conversation is swallowed."""
    for turn in report["turns"]:
        turn["end_conversation"] = False


def handoff(report: Report) -> None:
    """A handoff is one only with a destination."""
    for turn in report["turns"]:
        shape = turn["handoff"]
        turn["handoff"] = shape if isinstance(shape, dict) and "destination" in shape else None


def turn_id(report: Report) -> None:
    """A turn has the id of another."""
    for turn in report["turns"]:
        turn["correlation_id"] = turn["correlation_id"][::-1]


def elapsed(report: Report) -> None:
    """A time is in seconds."""
    for turn in report["turns"]:
        turn["elapsed_ms"] /= 1000


def last_turn(report: Report) -> None:
    """The last turn is dropped."""
    del report["turns"][-1:]


def greeting(report: Report) -> None:
    """The greeting is dropped."""
    report["greeting"] = None


def conversation_id(report: Report) -> None:
    """The id of the conversation is dropped."""
    report["conversation_id"] = None


def closed(report: Report) -> None:
    """What is closed is not said to be."""
    report["closed"] = False


def error(report: Report) -> None:
    """A failure is kept."""
    report["error"] = None


def of_error(name: str, change: Callable[[Any], Any]) -> Callable[[Report], None]:
    """A defect of one field of the error."""

    def defect(report: Report) -> None:
        if report["error"] is not None:
            report["error"][name] = change(report["error"][name])

    return defect


def words(change: Callable[[Report], None]) -> str:
    """What a defect is, as it stands in the lists of the other languages."""
    sentence = inspect.getdoc(change) or ""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


CHANGES: dict[str, Callable[[Report], None]] = {
    words(change): change
    for change in (
        *(response, message, end, handoff, turn_id, elapsed, last_turn),
        *(greeting, conversation_id, closed, error),
    )
}
CHANGES.update(
    {
        "what may be sent again is inverted": of_error("may_resend", lambda may: not may),
        "the status of the answer is dropped": of_error("status", lambda _: None),
        "the service gave no code": of_error("error_code", lambda _: None),
        "the phase is always the first": of_error("phase", lambda _: "prepare"),
        "a pause is in seconds": of_error("retry_after_ms", lambda pause: pause and pause // 1000),
        "what was rejected was not sent": of_error("delivery", lambda how: how.replace("rejected", "not_sent")),
        "the number of an error is the next one": of_error("number", lambda number: number + 1),
        "a kind is another, in its name alone": of_error("kind", lambda kind: kind.replace("protocol", "internal")),
        "the id of an error is dropped": of_error("correlation_id", lambda _: None),
        "the message of an error is dropped": of_error("message", lambda _: ""),
    }
)
STATUSES: dict[str, Callable[[int], int]] = {
    "every failure ends with 1": lambda status: min(status, 1),
    "a failure ends with 0": lambda status: 0 if status > 2 else status,
}
DEFECTS = (*CHANGES, *STATUSES)


def main() -> int:
    """Runs the program, and spoils its outcome."""
    what, *command = sys.argv[1:]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    output = done.stdout
    if what in CHANGES and output:
        report = json.loads(output)
        CHANGES[what](report)
        output = json.dumps(report).encode()
    sys.stdout.buffer.write(output)
    return STATUSES[what](done.returncode) if what in STATUSES else done.returncode


if __name__ == "__main__":
    sys.exit(main())
