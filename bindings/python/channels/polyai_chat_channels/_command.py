"""The program `polyai-chat-store`, for operators of channels."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from polyai_chat import ChatError

from ._opening import open_store
from ._shown import metrics_text, on_one_line, table
from ._store import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._records import Parked
    from ._store import Store

_PATIENCE = 30.0
_STORE_VARIABLE = "POLYAI_CHAT_STORE"
_WHYS = ("unknown", "refused", "exhausted", "killed_its_worker")
_AT_ONCE = 1000


class _Refused(Exception):
    """The reason why a command did nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program. Returns its exit status: 1 where the store fails, or the request was not carried out."""
    given = _parser().parse_args(arguments)
    try:
        store = _opened(given.store, given.schema)
        try:
            answer = given.run(store, given)
        finally:
            store.close()
    except (ChatError, _Refused) as error:
        print(f"polyai-chat-store: {on_one_line(str(error), 1000)}", file=sys.stderr)
        return 1
    try:
        print(json.dumps(answer.as_json, indent=2) if given.json else answer.as_text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Said:
    """The output of a command, for programs and for people."""

    def __init__(self, as_json: Any, as_text: str) -> None:
        self.as_json = as_json
        self.as_text = as_text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="polyai-chat-store",
        description="Shows and changes what the channels of polyai_chat_channels keep, in SQLite or in PostgreSQL.",
        epilog="Exit status: 0 done, 1 not done (what has failed is on stderr), 2 wrong arguments.",
    )
    parser.add_argument(
        "--store",
        default=os.environ.get(_STORE_VARIABLE),
        metavar="PATH|postgresql://…",
        help=f"the file, or the database; else it is in the variable {_STORE_VARIABLE}",
    )
    parser.add_argument("--schema", default="polyai_chat", help="the schema in PostgreSQL (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="say it in JSON")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Store, Any], _Said], says: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        made.set_defaults(run=run)
        return made

    command("migrate", _migrate, "make the tables, or bring them to the version of this program")
    command("sql", _sql, "print what `migrate` does in PostgreSQL, for those who run it otherwise")
    counts = command("counts", _counts, "count what is in line, under way, to be delivered and parked")
    counts.add_argument("channel", nargs="?", help="one channel (default: all)")
    counts.add_argument("--up-to", type=int, default=1_000_000, metavar="N", help="count no further")
    command("metrics", _metrics, "print the counts for Prometheus")
    command("workers", _workers, "list the processes that use the store")
    listing = command("list", _list, "list the messages that wait for a human, the oldest first")
    taking = command("take", _take, "take messages that wait for a human: nobody else is given them for 5 minutes")
    for made in (listing, taking):
        made.add_argument("channel")
        made.add_argument("--most", type=int, default=100, metavar="N", help="at most so many (default: %(default)s)")
    listing.add_argument("--why", choices=_WHYS, help="only those that are parked for this")
    for name, run, says in (
        ("show", _show, "show what is kept of a sender, without texts"),
        ("export", _export, "print all that is kept of a sender in JSON, texts too"),
        ("forget", _forget, "erase all that is kept of a sender"),
    ):
        made = command(name, run, says)
        made.add_argument("channel")
        made.add_argument("sender")
        if name == "forget":
            _may_be_asked(made)
    resolve = command("resolve", _resolve, "record that somebody has dealt with a message")
    redrive = command("redrive", _redrive, "put messages that wait for a human back into the line, to be tried again")
    for made in (resolve, redrive):
        made.add_argument("channel")
        made.add_argument("sender", nargs="?" if made is redrive else None)
        made.add_argument("message_id", nargs="?" if made is redrive else None)
        made.add_argument("--note", help="what to remember of it, such as a ticket of yours")
    resolve.add_argument("--answered", action="store_true", help="a human has answered; else it is dismissed")
    redrive.add_argument("--why", choices=_WHYS, help="instead of one message: all that are parked for this")
    redrive.add_argument(
        "--i-know-it-may-be-said-twice",
        dest="may_be_said_twice",
        action="store_true",
        help="also what the agent may have heard; else it is asked for, or refused where nobody can be asked",
    )
    fence = command(
        "fence",
        _fence,
        "park what may have been sent without a record: after the loss of a server whose standby was behind. Stop all"
        " workers before",
    )
    fence.add_argument("channel")
    fence.add_argument(
        "--since", type=float, metavar="SECONDS", help="only what was received so long ago or later (default: all)"
    )
    _may_be_asked(fence)
    return parser


def _may_be_asked(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _opened(store: str | None, schema: str) -> Store:
    if not store:
        raise _Refused(f"which store? Give --store PATH or postgresql://…, or set {_STORE_VARIABLE}")
    return open_store(store, listen=None, schema=schema, most_connections=2)


def _migrate(store: Store, given: Any) -> _Said:
    version = store.migrate(timeout=600.0)
    return _Said({"version": version}, f"The tables have version {version}.")


def _sql(_store: Store, given: Any) -> _Said:
    from ._postgres_calls import migrations

    texts = [{"number": number, "name": name, "sql": text} for number, name, text in migrations()]
    return _Said(texts, "\n".join(f"-- {one['number']:04} {one['name']}\n{one['sql']}" for one in texts))


def _counts(store: Store, given: Any) -> _Said:
    names = [given.channel] if given.channel else store.channels(timeout=_PATIENCE)
    counts = {name: store.counts(name, given.up_to, timeout=_PATIENCE) for name in names}
    rows: list[dict[str, Any]] = [{"channel": name, **asdict(one)} for name, one in counts.items()]
    shown = [{**row, "parked": sum(row["parked"].values())} for row in rows]
    return _Said(rows, table(shown) or "There is no channel.")


def _metrics(store: Store, given: Any) -> _Said:
    names = store.channels(timeout=_PATIENCE)
    counts = {name: store.counts(name, 1_000_000, timeout=_PATIENCE) for name in names}
    return _Said({name: asdict(one) for name, one in counts.items()}, metrics_text(counts).rstrip("\n"))


def _workers(store: Store, given: Any) -> _Said:
    now = time.time()
    rows = [
        {
            "worker": one.worker,
            "about": one.about,
            "started_seconds_ago": round(now - one.started_at),
            "seen_seconds_ago": round(now - one.seen_at),
        }
        for one in store.workers(timeout=_PATIENCE)
    ]
    return _Said(rows, table(rows) or "There is no worker.")


def _list(store: Store, given: Any) -> _Said:
    parked = store.parked(given.channel, given.most, timeout=_PATIENCE)
    return _of_parked([one for one in parked if given.why in (None, one.why)])


def _take(store: Store, given: Any) -> _Said:
    worker = f"polyai-chat-store {uuid.uuid4().hex}"
    return _of_parked(store.take_parked(given.channel, worker, given.most, lease=LEASE_SECONDS, timeout=_PATIENCE))


def _of_parked(parked: Sequence[Parked]) -> _Said:
    rows = [
        {
            "sender": one.message.sender,
            "message_id": one.message.message_id,
            "why": one.why,
            "seconds": round(time.time() - one.since),
            "tries": one.message.tries,
            "conversation_id": one.conversation_id,
            "correlation_id": one.correlation_id,
            "error": one.error,
        }
        for one in parked
    ]
    with_texts = [{**row, "text": one.message.text} for row, one in zip(rows, parked)]
    return _Said(with_texts, table(rows) or "Nothing waits for a human.")


def _show(store: Store, given: Any) -> _Said:
    kept = _kept_of(store, given)
    shown = (
        "message_id",
        "state",
        "why",
        "tries",
        "is_delivered",
        "conversation_id",
        "correlation_id",
        "error",
        "note",
    )
    messages = [{name: one[name] for name in shown} for one in kept.pop("messages")]
    kept.pop("greeting")
    about = {name: value for name, value in kept.items() if name != "handoff"}
    about["with_a_human"] = kept["handoff"] is not None
    return _Said({**about, "messages": messages}, table([about]) + "\n\n" + (table(messages) or "No message is kept."))


def _export(store: Store, given: Any) -> _Said:
    kept = _kept_of(store, given)
    return _Said(kept, json.dumps(kept, indent=2))


def _forget(store: Store, given: Any) -> _Said:
    _kept_of(store, given)
    _ask(given.yes, f"All that is kept of {on_one_line(given.sender)} is erased, and cannot be had again.")
    store.forget(given.channel, given.sender, timeout=_PATIENCE)
    return _Said({"forgotten": True}, "It is forgotten. The next `close_idle` closes the conversation.")


def _kept_of(store: Store, given: Any) -> dict[str, Any]:
    kept = store.export(given.channel, given.sender, timeout=_PATIENCE)
    if not kept:
        raise _Refused(f"nothing is kept of {given.sender!r} in the channel {given.channel!r}")
    return kept


def _resolve(store: Store, given: Any) -> _Said:
    how: Any = "answered" if given.answered else "dismissed"
    arguments = (given.channel, given.sender, given.message_id, how)
    if not store.resolve(*arguments, note=given.note, timeout=_PATIENCE):
        raise _Refused("no such message waits, for a human or in line")
    return _Said({"resolved": how}, f"It is {how}.")


def _redrive(store: Store, given: Any) -> _Said:
    if (given.why is None) == (given.message_id is None):
        raise _Refused("which message? Give its sender and its id, or --why for all that are parked for that")
    if given.why is None:
        kept = _kept_of(store, given)
        found = [one for one in kept["messages"] if one["message_id"] == given.message_id and one["state"] == "parked"]
        chosen = [(given.sender, given.message_id, one["why"]) for one in found]
    else:
        parked = store.parked(given.channel, _AT_ONCE, timeout=_PATIENCE)
        chosen = [(one.message.sender, one.message.message_id, one.why) for one in parked if one.why == given.why]
    if not chosen:
        raise _Refused("no such message waits for a human")
    heard = sum(why == "unknown" for _, _, why in chosen)
    if heard:
        text = f"The agent may have heard {heard} of these messages. The customer may be answered twice."
        _ask(given.may_be_said_twice, text)
    done = sum(
        store.resolve(given.channel, sender, message_id, "again", note=given.note, timeout=_PATIENCE)
        for sender, message_id, _ in chosen
    )
    return _Said({"redriven": done}, f"{done} put back into the line.")


def _fence(store: Store, given: Any) -> _Said:
    workers = store.workers(timeout=_PATIENCE)
    if workers:
        raise _Refused(f"{len(workers)} workers use the store: stop them first, and wait half a minute")
    _ask(given.yes, "What may be under way is parked as 'unknown', and has to be looked at by a human.")
    fenced = some = store.fence(given.channel, given.since, _AT_ONCE, timeout=_PATIENCE)
    while some == _AT_ONCE and given.since is not None:
        some = store.fence(given.channel, given.since, _AT_ONCE, timeout=_PATIENCE)
        fenced += some
    return _Said({"fenced": fenced}, f"{fenced} parked.")


def _ask(is_known: bool, text: str) -> None:
    """Asks a human, if there is one, before what cannot be undone."""
    if is_known:
        return
    if not sys.stdin.isatty():
        raise _Refused(f"{text} Say that you know by the option that --help shows.")
    print(text, end=" Go on? [y/N] ", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise _Refused("not done")
