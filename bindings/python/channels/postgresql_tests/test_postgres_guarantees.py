"""The guarantees of a channel with PostgreSQL: those of every store, and what is lost with a server or a network."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from postgresql import Server, make_silent, wire_to

from children import PATIENCE, Child
from polyai_chat import AsyncClient, ChatError, Client
from polyai_chat_channels import Answer, AsyncChannel, AsyncPostgresStore, Channel, PostgresStore
from polyai_chat_testing import Simulator

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from guarantees import SCRIPT, Guarantees

if TYPE_CHECKING:
    from collections.abc import Iterator

DELAYED = SCRIPT.replace("delay_ms = 1000", "delay_ms = 500")
AT_ONCE = 12


class TestPostgresStore(Guarantees):
    @pytest.fixture(autouse=True)
    def _of_server(self, server: Server, store: PostgresStore, schema: str) -> None:
        self._server, self._store, self._schema = server, store, schema

    def make_store(self) -> Any:
        return self._store

    def code_of_store(self) -> str:
        return (
            "from polyai_chat_channels import PostgresStore\n"
            f"store = PostgresStore({self._server.conninfo!r}, schema={self._schema!r})"
        )

    def has_been_silent(self, worker: str) -> None:
        with psycopg.connect(self._server.conninfo, autocommit=True) as connection:
            make_silent(connection, self._schema, worker)

    def test_a_worker_of_another_machine_is_missed_after_half_a_minute(
        self, simulator: Simulator, channel: Channel
    ) -> None:
        """In its own time: nobody asks the system whether it lives."""
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        with self.child(simulator, "settle") as child:
            child.tell(json.dumps({"work": 20}))
            child.ended()
            died_at = time.monotonic()
        assert channel.undelivered() == [], "it may live"
        (answer,) = self.until(channel.undelivered, "nobody missed it")
        assert answer.response == "You said: hello"
        assert time.monotonic() - died_at > 15, "a worker that is busy must not be taken for dead"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(script=DELAYED) as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One that may be stopped, and whose disk is waited for."""
    with Server() as running:
        yield running


def answer_while(channel: Channel, simulator: Simulator, number: int, happens: Any) -> list[Answer]:
    """Has the agent answer so many senders at once, and something happen while all of them are under way."""
    with ThreadPoolExecutor(number) as pool:
        futures = [
            pool.submit(channel.receive, sender=f"{number}", message_id="1", text=f"slow {number}", timeout=20.0)
            for number in range(number)
        ]
        assert simulator.wait_for("respond", number, PATIENCE)
        happens()
        return [future.result() for future in futures]


def assert_said_once(simulator: Simulator, number: int) -> None:
    turns = [json.loads(one["body"])["message"] for one in simulator.received() if one["operation"] == "respond"]
    assert sorted(turns) == sorted(f"slow {one}" for one in range(number)), "each once"
    assert {one["most_turns_in_flight"] for one in simulator.conversations()} == {1}


def assert_all_recorded(channel: Channel, number: int) -> None:
    for one in range(number):
        kept = channel.receive(sender=f"{one}", message_id="1", text=f"slow {one}")
        assert (kept.is_repeated, kept.response) == (True, "Slowly.")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_of_the_server_loses_no_answer(own_server: Server, simulator: Simulator, how: str) -> None:
    with PostgresStore(own_server.conninfo, most_connections=AT_ONCE) as store:
        store.migrate(timeout=PATIENCE)
        channel = Channel(Client(**simulator.options), store, "sms")

        def restart() -> None:
            getattr(own_server, how)()
            # All have been answered by now, and none could be recorded.
            assert simulator.wait_for("respond", AT_ONCE, PATIENCE)
            time.sleep(1.5)
            own_server.start()

        answers = answer_while(channel, simulator, AT_ONCE, restart)
        assert {answer.response for answer in answers} == {"Slowly."}
        assert_all_recorded(channel, AT_ONCE)
    assert_said_once(simulator, AT_ONCE)


def test_a_restart_of_the_server_loses_no_answer_of_tasks(own_server: Server, simulator: Simulator) -> None:
    async def main() -> list[Answer]:
        async with AsyncPostgresStore(own_server.conninfo) as store:
            store.blocking.migrate(timeout=PATIENCE)
            channel = AsyncChannel(AsyncClient(Client(**simulator.options)), store, "sms", timeout=20.0)
            tasks = [
                asyncio.ensure_future(channel.receive(sender=f"{number}", message_id="1", text=f"slow {number}"))
                for number in range(AT_ONCE)
            ]
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, simulator.wait_for, "respond", AT_ONCE, PATIENCE)
            await loop.run_in_executor(None, own_server.stop)
            await loop.run_in_executor(None, own_server.start)
            return await asyncio.gather(*tasks)

    assert {answer.response for answer in asyncio.run(main())} == {"Slowly."}
    with PostgresStore(own_server.conninfo) as store:
        assert_all_recorded(Channel(Client(**simulator.options), store, "sms"), AT_ONCE)
    assert_said_once(simulator, AT_ONCE)


def test_a_failover_to_a_synchronous_standby_loses_no_answer(own_server: Server, simulator: Simulator) -> None:
    with Server(copy_of=own_server, name="standby") as standby:
        with psycopg.connect(own_server.conninfo, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            connection.execute("SELECT pg_reload_conf()")
            until = time.monotonic() + PATIENCE
            query = "SELECT 1 FROM pg_stat_replication WHERE application_name = 'standby' AND sync_state = 'sync'"
            while connection.execute(query).fetchone() is None:
                assert time.monotonic() < until, "the standby does not follow"
                time.sleep(0.1)
        both = (
            f"host=127.0.0.1,127.0.0.1 port={own_server.port},{standby.port} user=chat dbname=postgres"
            " target_session_attrs=read-write"
        )
        with PostgresStore(both, most_connections=AT_ONCE) as store:
            store.migrate(timeout=PATIENCE)
            channel = Channel(Client(**simulator.options), store, "sms")

            def fail_over() -> None:
                own_server.kill()
                standby.promote()

            answers = answer_while(channel, simulator, AT_ONCE, fail_over)
            assert {answer.response for answer in answers} == {"Slowly."}
            assert_all_recorded(channel, AT_ONCE)
    assert_said_once(simulator, AT_ONCE)


@pytest.mark.usefixtures("store")
def test_nothing_leaves_while_the_network_is_cut(server: Server, simulator: Simulator, schema: str) -> None:
    with wire_to(server) as wire:
        conninfo = f"host=127.0.0.1 port={wire.port} user=chat dbname=postgres"
        with PostgresStore(conninfo, schema=schema) as far:
            channel = Channel(Client(**simulator.options), far, "sms")
            assert channel.receive(sender="a", message_id="1", text="hello").state == "open"
            asked = len(simulator.received())
            wire.cut()
            began = time.monotonic()
            with pytest.raises(ChatError) as caught:
                channel.receive(sender="a", message_id="2", text="hello", timeout=2.0)
            assert caught.value.delivery == "not_sent"
            assert time.monotonic() - began < PATIENCE, "it does not wait for ever"
            assert len(simulator.received()) == asked
            wire.mend()
            assert channel.receive(sender="a", message_id="2", text="hello").response == "You said: hello"


def test_a_network_that_is_cut_for_a_while_loses_no_answer(
    server: Server, store: PostgresStore, simulator: Simulator, schema: str
) -> None:
    with wire_to(server) as wire:
        conninfo = f"host=127.0.0.1 port={wire.port} user=chat dbname=postgres"
        with PostgresStore(conninfo, schema=schema, most_connections=AT_ONCE) as far:
            channel = Channel(Client(**simulator.options), far, "sms")

            def cut() -> None:
                wire.cut()
                threading.Timer(3.0, wire.mend).start()

            answers = answer_while(channel, simulator, AT_ONCE, cut)
            assert {answer.response for answer in answers} == {"Slowly."}
    assert_all_recorded(Channel(Client(**simulator.options), store, "sms"), AT_ONCE)
    assert_said_once(simulator, AT_ONCE)


def test_after_the_loss_of_what_was_not_replicated_it_is_fenced(store: PostgresStore, simulator: Simulator) -> None:
    """As on a standby that was behind: there is no record that the message was sent."""
    channel = Channel(Client(**simulator.options), store, "sms")
    channel.accept(sender="a", message_id="1", text="hello", for_others=True)
    Client(**simulator.options).create().respond("hello")  # by the worker, which the record of that is lost of
    assert store.fence("sms", 60.0, 100, timeout=PATIENCE) == 1
    assert channel.pending() == []
    assert [one.why for one in channel.parked()] == ["unknown"]
    assert simulator.requests_to("respond") == 1


def test_workers_on_three_machines_share_a_load(server: Server, store: PostgresStore, schema: str) -> None:
    """Three processes, of which one is killed under load: each message is said once, in its sender's order."""
    code = (
        f"from polyai_chat_channels import PostgresStore\nstore = PostgresStore({server.conninfo!r}, schema={schema!r})"
    )
    senders, each = 20, 10
    with Simulator(script=SCRIPT) as simulator:
        channel = Channel(Client(**simulator.options), store, "sms")
        for number in range(each):
            for sender in range(senders):
                channel.accept(sender=f"{sender}", message_id=f"{number}", text=f"{sender} {number}", for_others=True)
        program = (
            "import json, os\nfrom polyai_chat import Client\nfrom polyai_chat_channels import Channel, PostgresStore\n"
            f"{code}\n"
            "channel = Channel(Client(**json.loads(os.environ['CLIENT_OPTIONS'])), store, 'sms')\n"
            "while True:\n"
            "    for message in channel.pending(3):\n"
            "        channel.delivered(channel.answer(message))\n"
            "    for answer in channel.undelivered():\n"
            "        channel.delivered(answer)\n"
            "    channel.wait(0.5)\n"
        )
        children = [Child.of_command([sys.executable, "-c", program], simulator.options) for _ in range(3)]
        try:
            assert simulator.wait_for("respond", 30, PATIENCE)
            children[0].send(signal.SIGKILL)
            children[0].ended()
            until = time.monotonic() + 2 * PATIENCE
            while True:
                counts = channel.counts()
                if counts.ready == counts.waiting == counts.undelivered == 0:
                    break
                assert time.monotonic() < until, counts
                time.sleep(0.2)
        finally:
            for child in children:
                child.__exit__()
        turns = [json.loads(one["body"])["message"] for one in simulator.received() if one["operation"] == "respond"]
        parked = [one.message.text for one in channel.parked()]
        assert len(turns) == len(set(turns)), "none was said twice"
        assert set(turns) | set(parked) == {f"{sender} {number}" for sender in range(senders) for number in range(each)}
        assert len(parked) <= 1, "what the killed one was saying"
        for sender in range(senders):
            numbers = [int(text.split()[1]) for text in turns if text.split()[0] == f"{sender}"]
            assert numbers == sorted(numbers)
        assert {one["most_turns_in_flight"] for one in simulator.conversations()} == {1}
