#!/usr/bin/env python3
"""The runner of the command line: says a whole case in one run of `polyai-chat chat --json`, and shares out its output.

The program is the one argument. What the command line has no words for is not expressible; what its output leaves out
is hidden.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

# Options of which one is a secret come from the environment, the others from flags.
SECRETS = ("api_key", "token", "client_key_pem")
FLAGS = {
    "variant_id": "--variant-id",
    "channel": "--channel",
    "asr_lang_code": "--input-lang",
    "tts_lang_code": "--output-lang",
    "integration_attributes": "--attributes-json",
    "user_id": "--user-id",
    "metadata": "--metadata-json",
}
HIDDEN = [
    *(
        f"greeting.{name}"
        for name in (
            "plain_text",
            "raw",
            "unknown_fields",
            "headers",
            "header",
            "correlation_id",
            "elapsed_us",
            "user_id",
        )
    ),
    *(f"reply.{name}" for name in ("plain_text", "raw", "unknown_fields", "headers", "header")),
    *("reply.handoff.destination", "reply.handoff.reason"),
    *(
        f"closed.{name}"
        for name in ("raw", "unknown_fields", "headers", "header", "correlation_id", "elapsed_us", "was_over")
    ),
    *(
        f"error.{name}"
        for name in ("text", "service_message", "body_excerpt", "cause", "attempts", "headers", "header")
    ),
    *("conversation", "state", "over", "sent", "log"),
]
# Arguments are shorter than that, and a line of the input than this.
LONGEST_ARGUMENT = 100_000
LONGEST_LINE = 1_000_000
CALLS = ("create", "attach", "respond", "close", "close_if_open")
WRONG_ARGUMENTS = 2


class NotExpressible(Exception):
    """The command line has no words for it."""


def check(steps: list[dict[str, Any]]) -> None:
    """Sees that the steps are one conversation: its begin, its turns, its end."""
    for step in steps:
        if step["do"].startswith("service_"):
            raise NotExpressible("Nothing can happen between two turns of one run.")
        if step["do"] not in (*CALLS, "state", "log_lines") or step.get("on_a_thread"):
            raise NotExpressible("It has no calls that are started, cancelled, on threads, or by the id alone.")
    calls = [step for step in steps if step["do"] in CALLS]
    if (
        len({step["conversation"] for step in calls}) > 1
        or sum(step["do"] in ("create", "attach") for step in calls) > 1
    ):
        raise NotExpressible("One run holds one conversation.")
    if any(step["do"].startswith("close") for step in calls[:-1]):
        raise NotExpressible("Nothing is done after the close.")
    if calls and calls[0]["do"] == "attach" and "id" not in calls[0]:
        raise NotExpressible("One run holds one conversation.")


def on_create(fields: dict[str, Any]) -> list[str]:
    """The flags for the fields of a create."""
    words = []
    for name, value in fields.items():
        if name == "timeout_ms":
            continue
        if name not in FLAGS:
            raise NotExpressible(f"It has no flag for {name}.")
        words.append(f"{FLAGS[name]}={value if isinstance(value, str) else json.dumps(value)}")
    return words


def deadlines(calls: list[dict[str, Any]]) -> list[str]:
    """The flag for the deadline of the calls: one run has one for all of them."""
    found = {step["with"]["timeout_ms"] for step in calls if "timeout_ms" in step.get("with", {})}
    if len(found) > 1:
        raise NotExpressible("One run has one deadline for all calls.")
    return [f"--timeout={milliseconds}ms" for milliseconds in found]


def option(name: str, value: str) -> str:
    """An option as a flag: its name with hyphens, a time with its unit in the value."""
    if name.endswith("_ms"):
        return f"--{name[: -len('_ms')].replace('_', '-')}={value}ms"
    return f"--{name.replace('_', '-')}={value}"


def messages(steps: list[dict[str, Any]]) -> tuple[list[str], str]:
    """The flags for the messages, and what comes from the input: what cannot be an argument, or is too long for one."""
    said = []
    for step in steps:
        if step.get("with", {}).keys() - {"timeout_ms"}:
            raise NotExpressible("A turn has no fields beside its message.")
        said.append(step.get("message"))
    if not any(message is not None and ("\0" in message or len(message) > LONGEST_ARGUMENT) for message in said):
        return ["--no-message" if message is None else f"--message={message}" for message in said], ""
    if None in said:
        raise NotExpressible("A line of the input is always a message.")
    if any("\n" in message or not message or len(message.encode()) > LONGEST_LINE for message in said):
        raise NotExpressible("A line of the input is not empty, and shorter than 1 MiB.")
    return ["--input-file=-"], "\n".join(said)


def run(program: str, options: dict[str, str], steps: list[dict[str, Any]]) -> tuple[int, str, str]:
    """Runs the program: its exit status and what it printed."""
    check(steps)
    calls = [step for step in steps if step["do"] in CALLS]
    words = [program, "chat", "--json"]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent"}
    for name, value in options.items():
        if name in SECRETS:
            environment[f"POLYAI_{name.upper()}"] = value
        else:
            words.append(option(name, value))
    if calls and calls[0]["do"] == "attach":
        words.append(f"--conversation-id={calls[0]['id']}")
        if calls[-1]["do"].startswith("close"):
            words.append("--close")
    elif calls:
        words += on_create(calls[0].get("with", {}))
    words += deadlines(calls)
    flags, lines = messages([step for step in calls if step["do"] == "respond"])
    done = subprocess.run([*words, *flags], input=lines.encode(), capture_output=True, env=environment, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def microseconds(turn: dict[str, Any]) -> int:
    """How long a turn took."""
    return round(turn["elapsed_ms"] * 1000)


def reply(conversation_id: str, turn: dict[str, Any]) -> dict[str, Any]:
    """What a turn came to."""
    shown = {name: turn[name] for name in ("response", "end_conversation", "correlation_id")}
    handoff = None if turn["handoff"] is None else {"raw": turn["handoff"]}
    return {
        "reply": {**shown, "conversation_id": conversation_id, "handoff": handoff, "elapsed_us": microseconds(turn)}
    }


class Played:
    """What one run came to, shared out to the steps of its case."""

    def __init__(self, program: str, begin: dict[str, Any]) -> None:
        steps = begin["steps"]
        status, output, complaint = run(program, begin["options"], steps)
        self.complaint = complaint
        self.wrong: str | None = None
        self.has_failed = False
        self.has_close = begin["options"].get("dialect") != "legacy"
        if status == WRONG_ARGUMENTS:
            # Nothing was done, and there is no output but the complaint.
            fields = dict.fromkeys(("http_status", "error_code", "correlation_id", "retry_after_ms"))
            fields.update(kind="invalid_argument", number=1, delivery="not_sent", may_resend=True, phase="prepare")
            self.error: dict[str, Any] | None = {**fields, "message": " ".join(complaint.split())}
            self.report: dict[str, Any] = {"turns": [], "conversation_id": None, "closed": False}
        else:
            self.report = json.loads(output)
            self.error = self.report["error"]
            if self.error is not None:
                self.error["http_status"] = self.error.pop("status")
            expected = 0 if self.error is None else 10 + self.error["number"]
            if status != expected:
                self.wrong = f"the exit status is {status} and not {expected}"
            elif bool(complaint) != bool(self.error):
                self.wrong = f"beside its output it said {complaint!r}"
        self.turns = list(self.report["turns"])
        said = [step.get("message") for step in steps if step["do"] == "respond"]
        if [turn["message"] for turn in self.turns] != said[: len(self.turns)]:
            self.wrong = "the turns are not those that were asked for"
        said_all = self.report["conversation_id"] is not None and len(said) == len(self.turns)
        if self.error is not None and said_all and not any(step["do"].startswith("close") for step in steps):
            raise NotExpressible("It closes what it created, and here that fails.")

    def failure(self) -> dict[str, Any]:
        """The one error, with which everything ends."""
        if self.error is None:
            if not (self.report["turns"] and self.report["turns"][-1]["end_conversation"]):
                return {"wrong": "a turn is missing, and there is no error"}
            raise NotExpressible("It says nothing more once the agent has ended the conversation.")
        error, self.error = self.error, None
        self.has_failed = True
        return {"error": error, "printed": self.complaint}

    def begun(self) -> dict[str, Any]:
        """What making the client came to: without a conversation there is nobody else to have failed."""
        return self.failure() if self.error is not None else {}

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        """What a step came to."""
        action = step["do"]
        if action in ("state", "log_lines"):
            return {}
        if self.has_failed:
            raise NotExpressible("It ends with its first failure.")
        if action == "attach":
            return self.failure() if self.report["conversation_id"] is None else {}
        if action == "create":
            if self.report["conversation_id"] is None:
                return self.failure()
            return {
                "greeting": {"response": self.report["greeting"], "conversation_id": self.report["conversation_id"]}
            }
        if action == "respond":
            return reply(self.report["conversation_id"], self.turns.pop(0)) if self.turns else self.failure()
        if self.error is not None:
            return self.failure()
        if self.report["turns"] and self.report["turns"][-1]["end_conversation"] and action == "close":
            raise NotExpressible("It closes only what is open.")
        if self.has_close and not self.report["closed"]:
            return {"wrong": "it does not say that the conversation is closed"}
        return {"closed": {}} if action == "close" else {}


def answer(program: str, played: Played | None, step: dict[str, Any]) -> tuple[Played | None, dict[str, Any]]:
    """The outcome of a step."""
    try:
        if step["do"] != "begin":
            assert played is not None
            return played, played.step(step)
        played = Played(program, step)
        outcome = played.begun() if not step["steps"] else {}
    except NotExpressible as reason:
        return played, {"not_expressible": str(reason)}
    if played.wrong is not None:
        outcome["wrong"] = played.wrong
    return played, outcome


def main() -> None:
    """Reads steps until there are no more."""
    played: Played | None = None
    for line in sys.stdin:
        step = json.loads(line)
        played, outcome = answer(sys.argv[1], played, step)
        if step["do"] == "begin":
            outcome.update(hidden=HIDDEN, closes=True)
        print(json.dumps({**outcome, "step": step["step"]}), flush=True)


if __name__ == "__main__":
    main()
