"""One database, three machines that share nothing else, and one of them dies under load."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from polyai_chat_channels import PostgresStore
from postgresql import Server

import network
from conftest import PATIENCE, SCRIPT, Webhook, notification, text_message, until
from graph_double import GraphDouble

MACHINES = 3
CUSTOMERS = [f"4477009{number:05}" for number in range(30)]
MESSAGES = 10
AT_ONCE = 8
"""How many customers a worker serves at a time: so much may be under way when it dies."""
GIVEN_UP = "Sorry, I cannot answer right now. A colleague will get back to you."


class Agent:
    """The simulator, on a machine of its own."""

    def __init__(self, folder: Path, address: str) -> None:
        script = folder / "script.toml"
        # It thinks for a moment, so that there are turns under way when a worker dies.
        script.write_text(SCRIPT + "\n[[rules]]\npattern = '.'\nreply = 'You said: {message}'\ndelay_ms = 500\n")
        command = [os.environ["POLYAI_PROGRAM"], "simulator", "--listen", f"{address}:0", "--script", str(script)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._url = self._process.stdout.readline().strip()
        said = dict(re.findall(r"^export POLYAI_(\w+)=(\S+)$", "".join(self._lines()), re.MULTILINE))
        self.options: Mapping[str, object] = {**said, "allow_plain_http": "true"}

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line
            if line.startswith("export POLYAI_DIALECT"):
                return

    def heard(self) -> list[str]:
        """What it was told, in order."""
        received = httpx.get(f"{self._url}/_simulator/received", timeout=PATIENCE).json()
        return [json.loads(one["body"])["message"] for one in received if one["operation"] == "respond"]

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


class Delivered(NamedTuple):
    """A message that a customer got, and from which machine."""

    at: float
    machine: int
    customer: str
    text: str


class Machines:
    """The three, each with the webhook and its own way to Graph; and what they share."""

    def __init__(self, folder: Path, net: network.Network, resources: ExitStack) -> None:
        self._net = net
        with net.on_machine(0) as address:
            self.database = resources.enter_context(Server(is_durable=False, host=address))
            self.agent = Agent(folder, address)
            resources.callback(self.agent.close)
        self.graphs: list[GraphDouble] = []
        self.webhooks: list[Webhook] = []
        for number in range(1, MACHINES + 1):
            own = folder / f"machine{number}"
            own.mkdir()
            with net.on_machine(number) as address:
                graph = resources.enter_context(GraphDouble())
                webhook = Webhook(own, self.agent, graph, address)
                resources.callback(webhook.close)
                webhook.start(
                    DATABASE=self.database.address,
                    WHATSAPP_MOST_AT_ONCE=str(AT_ONCE),
                    WHATSAPP_TICK_SECONDS="1",
                    WHATSAPP_TURN_SECONDS="60",
                )
            self.graphs.append(graph)
            self.webhooks.append(webhook)

    def delivered(self) -> list[Delivered]:
        """What customers got, in order."""
        found: list[Delivered] = []
        for number, graph in enumerate(self.graphs):
            with graph.changed:
                found += [Delivered(at, number, one.to, one.text) for at, one in zip(graph.sent_at, graph.sent)]
        return sorted(found)

    def told_to_humans(self) -> dict[str, str]:
        """Which messages are with the humans of any machine, and why."""
        lines = [
            line
            for webhook in self.webhooks
            if webhook.humans.exists()
            for line in webhook.humans.read_text(encoding="utf-8").splitlines()
        ]
        return {one["text"]: one["why"] for one in map(json.loads, lines)}

    def write(self, customer: str) -> None:
        """A customer writes; Meta delivers to one machine after the other, again where it is not confirmed."""
        machines = cycle(self.webhooks)
        for number in range(MESSAGES):
            content = notification(text_message(f"wamid.{customer}.{number}", f"{customer} {number}", customer))
            for webhook in machines:
                try:
                    if webhook.post(content).status_code == 200:
                        break
                except httpx.TransportError:  # it is dead
                    continue

    def is_at_rest(self, store: PostgresStore) -> bool:
        """Whether nothing waits: for the agent, for the customer or for a human."""
        counts = store.counts("whatsapp", 1000, timeout=PATIENCE)
        waits = counts.ready + counts.in_flight + counts.waiting + counts.undelivered
        return waits + sum(counts.parked.values()) == 0


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    reason = network.why_not()
    if reason is None and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        reason = "PostgreSQL (on Debian: apt-get install postgresql)"
    if reason is not None:
        if "POLYAI_NOT_RUN" in os.environ:
            with Path(os.environ["POLYAI_NOT_RUN"]).open("a", encoding="utf-8") as notes:
                notes.write(f"three machines of the WhatsApp webhook: {reason}\n")
        pytest.skip(f"missing: {reason}")
    with ExitStack() as resources:
        net = network.Network(MACHINES)
        resources.callback(net.close)
        made = Machines(tmp_path, net, resources)
        resources.enter_context(net.on_machine(0))
        yield made
        for webhook in made.webhooks:
            webhook.show_log()


def test_a_machine_that_dies_under_load_loses_nothing_and_repeats_no_turn(machines: Machines) -> None:
    everything = {f"{customer} {number}" for customer in CUSTOMERS for number in range(MESSAGES)}
    victim = 1
    with ThreadPoolExecutor(12) as customers:
        writing = [customers.submit(machines.write, customer) for customer in CUSTOMERS]
        until(lambda: len(machines.delivered()) > len(everything) // 3 and machines.graphs[victim].sent_at != [])
        machines.webhooks[victim].close()  # SIGKILL
        assert not all(one.done() for one in writing), "it was not under load any more"
        for one in writing:
            one.result()
    with PostgresStore(machines.database.conninfo, listen=None) as store:
        deadline = time.monotonic() + 120
        while not machines.is_at_rest(store):
            assert time.monotonic() < deadline, store.counts("whatsapp", 1000, timeout=PATIENCE)
            time.sleep(0.2)

    heard, told, delivered = machines.agent.heard(), machines.told_to_humans(), machines.delivered()
    answers = [one for one in delivered if one.text != GIVEN_UP]
    said = [(one, one.text.rpartition("You said: ")[2]) for one in answers]

    # The agent: each message once, but for what was on its way when the worker died, which humans have.
    assert [text for text, times in Counter(heard).items() if times > 1] == []
    assert set(heard) | set(told) == everything
    assert all("may have heard it" in why for why in told.values())
    assert len(told) <= AT_ONCE
    assert len(delivered) - len(answers) == len(told), "those customers were told"

    # The customers: each answer, and once; only what the dead worker had just sent may come again.
    assert {text for _, text in said} == everything - set(told)
    for text, times in Counter(text for _, text in said).items():
        senders = [one.machine for one, same in said if same == text]
        assert times == 1 or (times == 2 and senders[0] == victim != senders[1]), f"{text} by {senders}"
    assert len(said) - len({text for _, text in said}) <= AT_ONCE

    # Both in the order in which a customer wrote.
    for customer in CUSTOMERS:
        asked = [int(text.split()[1]) for text in heard if text.startswith(customer)]
        assert asked == sorted(asked)
        got = [int(text.split()[1]) for one, text in said if one.customer == customer]
        firsts = list(dict.fromkeys(got))
        assert firsts == sorted(firsts)

    # All three have worked.
    assert {one.machine for one in answers} == set(range(MACHINES))
