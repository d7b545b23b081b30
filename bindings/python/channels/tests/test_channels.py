"""Channels: each message is said once and in order, whatever happens to those who say it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from children import PATIENCE, Child
from polyai_chat import (
    AsyncClient,
    BusyError,
    CallCancelledError,
    ChatError,
    Client,
    InvalidArgumentError,
    NotConnectedError,
    RateLimitedError,
    ServerError,
)
from polyai_chat_channels import (
    Answer,
    AsyncChannel,
    Channel,
    ClaimLostError,
    HandoffRecord,
    Message,
    Outcome,
    Settled,
    SQLiteStore,
    StoreError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = r"""
greeting = "Hello {attribute.customer_name|there}."
default_reply = "You said: {message}"

[[rules]]
message = "absent"
reply = "Are you still there?"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request", text_chat = { zendesk_integration = {} } }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true

[[rules]]
pattern = '^slow'
reply = "Slowly: {message}"
delay_ms = 1200

[[rules]]
pattern = '^never'
reply = "Too late."
delay_ms = 60000
"""

ONCE = {"times": 1}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(path) as opened:
        yield opened


class Blocking:
    """A channel that is used by threads."""

    def __init__(self, client: Client, store: SQLiteStore, **options: Any) -> None:
        self._channel = Channel(client, store, "sms", **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class OfLoop:
    """A channel that is used by tasks: each call is run to its end in a loop."""

    def __init__(self, client: Client, store: SQLiteStore, **options: Any) -> None:
        self._channel = AsyncChannel(AsyncClient(client), store, "sms", **options)

    def __getattr__(self, name: str) -> Any:
        def run(*arguments: Any, **keywords: Any) -> Any:
            return asyncio.run(getattr(self._channel, name)(*arguments, **keywords))

        return run


class OfTrio(OfLoop):
    """The same in trio."""

    def __getattr__(self, name: str) -> Any:
        async def call(arguments: Any, keywords: Any) -> Any:
            return await getattr(self._channel, name)(*arguments, **keywords)

        return lambda *arguments, **keywords: trio.run(call, arguments, keywords)


@pytest.fixture(params=[Blocking, OfLoop, OfTrio])
def channel(request: pytest.FixtureRequest, client: Client, store: SQLiteStore) -> Any:
    """A channel of each kind: what they do is the same."""
    return request.param(client, store)


def client_of(simulator: Simulator, **options: Any) -> Client:
    given: dict[str, Any] = {**simulator.options, **options}
    return Client(**given)


def said(simulator: Simulator) -> list[tuple[str, str | None]]:
    """What the service was asked, in order: the operation, and the message."""
    return [(request["operation"], json.loads(request["body"]).get("message")) for request in simulator.received()]


def messages(simulator: Simulator) -> list[str]:
    return [message for operation, message in said(simulator) if operation == "respond" and message is not None]


# The way of a message.


def test_the_first_message_creates_and_later_ones_attach(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(
        sender="a", message_id="1", text="hello", integration_attributes={"customer_name": "Sam", "tier": 1}
    )
    assert (first.greeting, first.response, first.state) == ("Hello Sam.", "You said: hello", "open")
    assert (first.is_repeated, first.is_delivered, first.handoff) == (False, False, None)
    second = channel.receive(sender="a", message_id="2", text="مرحبا 😀", integration_attributes={"customer_name": "X"})
    assert (second.greeting, second.response) == (None, "You said: مرحبا 😀")
    assert second.conversation_id == first.conversation_id
    other = channel.receive(sender="b", message_id="1", text="hello")
    assert other.greeting == "Hello there."
    assert other.conversation_id != first.conversation_id
    assert [operation for operation, _ in said(simulator)] == ["create", "respond", "respond", "create", "respond"]


def test_a_message_that_comes_again_is_answered_once(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(sender="a", message_id="1", text="hello")
    again = channel.receive(sender="a", message_id="1", text="hello")
    assert again.is_repeated
    assert (again.response, again.greeting, again.state) == (first.response, first.greeting, first.state)
    assert (again.correlation_id, again.conversation_id) == (first.correlation_id, first.conversation_id)
    channel.delivered(again)
    once_more = channel.receive(sender="a", message_id="1", text="hello")
    assert (once_more.is_delivered, once_more.response, once_more.state) == (True, None, "open")
    assert messages(simulator) == ["hello"]


def test_after_the_end_another_conversation_begins(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(sender="a", message_id="1", text="bye")
    assert (first.state, first.response) == ("ended", "Goodbye.")
    second = channel.receive(sender="a", message_id="2", text="hello")
    assert (second.state, second.greeting) == ("open", "Hello there.")
    assert second.conversation_id != first.conversation_id
    assert messages(simulator) == ["bye", "hello"]


def test_a_message_to_a_conversation_that_is_over_is_said_in_a_new_one(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(sender="a", message_id="1", text="hello")
    assert simulator.end_conversation(first.conversation_id)
    second = channel.receive(sender="a", message_id="2", text="hello again")
    assert (second.greeting, second.response) == ("Hello there.", "You said: hello again")
    assert second.conversation_id != first.conversation_id
    assert {one["id"]: one["turns"] for one in simulator.conversations()} == {
        first.conversation_id: 1,
        second.conversation_id: 1,
    }


@pytest.mark.parametrize(
    ("status", "code"), [(410, "CHAT_CONVERSATION_ENDED"), (400, "CHAT_TIMEOUT"), (404, "CONVERSATIONS_NOT_FOUND")]
)
def test_whatever_says_that_it_is_over(
    client: Client, store: SQLiteStore, simulator: Simulator, status: int, code: str
) -> None:
    channel = Channel(client, store, "sms")
    first = channel.receive(sender="a", message_id="1", text="hello")
    simulator.fail({"answer": {"status": status, "error_code": code}}, {"operation": "respond", "nth": 1})
    second = channel.receive(sender="a", message_id="2", text="hello again")
    assert second.conversation_id != first.conversation_id
    assert messages(simulator) == ["hello", "hello again", "hello again"], "the second of which was refused"


def test_a_new_conversation_that_is_over_at_once_is_not_followed_by_another(
    client: Client, store: SQLiteStore, simulator: Simulator
) -> None:
    simulator.fail({"answer": {"status": 410, "error_code": "CHAT_CONVERSATION_ENDED"}}, {"operation": "respond"})
    with pytest.raises(ChatError) as caught:
        Channel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
    assert caught.value.kind == "conversation_ended"
    assert simulator.requests_to("respond") == 1
    simulator.clear_faults()
    answer = Channel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
    assert answer.response == "You said: hello"
    assert simulator.requests_to("create") == 2


def test_a_project_that_is_not_found_is_no_conversation_that_is_over(
    client: Client, store: SQLiteStore, simulator: Simulator
) -> None:
    channel = Channel(client, store, "sms")
    channel.receive(sender="a", message_id="1", text="hello")
    simulator.fail({"answer": {"status": 404, "error_code": "PROJECT_NOT_FOUND"}}, {"operation": "respond"})
    with pytest.raises(ChatError, match="not_found"):
        channel.receive(sender="a", message_id="2", text="hello")
    assert simulator.requests_to("create") == 1


def test_after_long_silence_another_conversation_begins(
    client: Client, store: SQLiteStore, simulator: Simulator, path: Path
) -> None:
    channel = Channel(client, store, "sms", idle_after=timedelta(hours=1))
    first = channel.receive(sender="a", message_id="1", text="hello")
    assert channel.receive(sender="a", message_id="2", text="hello").conversation_id == first.conversation_id
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE lines SET last_message_at = last_message_at - 3601")
        database.commit()
    third = channel.receive(sender="a", message_id="3", text="hello")
    assert third.conversation_id != first.conversation_id
    assert third.greeting == "Hello there."
    assert channel.close_idle(3600) == 1, "the one that was left"
    assert [body["conversation_id"] for body in closes(simulator)] == [first.conversation_id]


def closes(simulator: Simulator) -> list[dict[str, Any]]:
    return [json.loads(request["body"]) for request in simulator.received() if request["operation"] == "close"]


# A human goes on.


def test_after_a_handoff_the_agent_hears_nothing_until_the_release(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(sender="a", message_id="1", text="human")
    assert (first.state, first.response) == ("handed_off", "I am putting you through.")
    assert first.handoff.destination == "returns-desk"
    assert first.handoff.reason == "customer_request"
    assert first.handoff.raw["text_chat"] == {"zendesk_integration": {}}
    second = channel.receive(sender="a", message_id="2", text="for the human")
    assert (second.state, second.response, second.handoff) == ("handed_off", None, first.handoff)
    assert second.message.text == "for the human"
    again = channel.receive(sender="a", message_id="2", text="for the human")
    assert again.is_repeated
    assert channel.look_up(sender="a").handoff == first.handoff
    assert messages(simulator) == ["human"]
    channel.release(sender="a")
    third = channel.receive(sender="a", message_id="3", text="back again")
    assert (third.state, third.conversation_id) == ("open", first.conversation_id)
    assert messages(simulator) == ["human", "back again"]


def test_a_host_hands_off_by_itself(channel: Any, simulator: Simulator) -> None:
    channel.hand_off(sender="new", destination="desk", reason="vip")
    answer = channel.receive(sender="new", message_id="1", text="hello")
    assert answer.handoff == HandoffRecord("desk", "vip")
    assert channel.greet(sender="new").state == "handed_off"
    assert simulator.received() == []


# Greeting and closing.


def test_a_sender_is_greeted_before_he_writes(channel: Any, simulator: Simulator) -> None:
    greeted = channel.greet(sender="a", integration_attributes={"customer_name": "Sam"})
    assert (greeted.greeting, greeted.response, greeted.is_repeated) == ("Hello Sam.", None, False)
    again = channel.greet(sender="a")
    assert (again.greeting, again.is_repeated) == ("Hello Sam.", True)
    channel.delivered(again)
    answer = channel.receive(sender="a", message_id="1", text="hello")
    assert (answer.greeting, answer.conversation_id) == (None, greeted.conversation_id)
    assert simulator.requests_to("create") == 1
    assert channel.parked() == channel.pending() == channel.undelivered() == []


def test_a_greeting_that_nobody_saw_comes_with_the_next_answer(channel: Any, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 401}}, {"operation": "respond", "nth": 1})
    with pytest.raises(ChatError, match="authentication"):
        channel.receive(sender="a", message_id="1", text="hello")
    assert channel.receive(sender="a", message_id="2", text="hello").greeting == "Hello there."
    assert simulator.requests_to("create") == 1


def test_a_sender_who_leaves_is_closed(channel: Any, simulator: Simulator) -> None:
    first = channel.receive(sender="a", message_id="1", text="hello")
    assert channel.close(sender="a")
    assert not channel.close(sender="a")
    assert [body["conversation_id"] for body in closes(simulator)] == [first.conversation_id]
    assert channel.receive(sender="a", message_id="2", text="hello").conversation_id != first.conversation_id


def test_idle_conversations_are_closed(channel: Any, simulator: Simulator) -> None:
    ids = {channel.receive(sender=sender, message_id="1", text="hello").conversation_id for sender in "abc"}
    assert channel.close_idle(timedelta(hours=1)) == 0
    assert channel.close_idle(0) == 3
    assert channel.close_idle(0) == 0
    assert {body["conversation_id"] for body in closes(simulator)} == ids
    assert channel.receive(sender="a", message_id="2", text="hello").greeting is not None


def test_what_could_not_be_closed_is_closed_later(channel: Any, simulator: Simulator) -> None:
    for sender in "ab":
        channel.receive(sender=sender, message_id="1", text="hello")
    simulator.fail({"answer": {"status": 403}}, {"operation": "close", "nth": 1})
    with pytest.raises(ChatError, match="permission"):
        channel.close_idle(0)
    assert channel.close_idle(0) == 1
    assert len({body["conversation_id"] for body in closes(simulator)}) == 2


def test_in_the_legacy_dialect_nothing_is_closed(store: SQLiteStore) -> None:
    with Simulator(script=re.sub("(?m)^handoff.*", "", SCRIPT), dialect="legacy") as simulator:
        channel = Channel(Client(**simulator.options), store, "sms")
        answer = channel.receive(
            sender="a", message_id="1", text="hello", integration_attributes={"customer_name": "Sam"}
        )
        assert answer.greeting == "Hello Sam."
        assert channel.close_idle(0) == 1
        assert simulator.requests_to("close") == 0
        assert channel.receive(sender="a", message_id="2", text="hello").greeting is not None


# Order.


def test_quick_messages_of_a_sender_are_answered_in_order(
    client: Client, store: SQLiteStore, simulator: Simulator
) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms")

    async def main() -> list[Answer]:
        return await asyncio.gather(
            *(channel.receive(sender="a", message_id=str(number), text=f"slow {number}") for number in range(4)),
            *(channel.receive(sender=f"b{number}", message_id="1", text="quick") for number in range(20)),
        )

    answers = asyncio.run(main())
    assert [text for text in messages(simulator) if text != "quick"] == [f"slow {number}" for number in range(4)]
    assert len({answer.conversation_id for answer in answers}) == 21
    assert [answer.response for answer in answers[:4]] == [f"Slowly: slow {number}" for number in range(4)]
    texts = messages(simulator)
    assert max(index for index, text in enumerate(texts) if text == "quick") < texts.index("slow 3"), "nobody waited"


def test_a_call_does_not_overtake_one_that_made_the_worker_begin(
    client: Client, store: SQLiteStore, simulator: Simulator
) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms")

    async def until_the_heart_beats(before: set[threading.Thread]) -> None:
        # The loop stands still meanwhile, so the first call goes on after the second one has been made.
        while not any(thread.name.startswith("polyai-channel") for thread in set(threading.enumerate()) - before):
            time.sleep(0.001)

    async def main() -> None:
        await asyncio.gather(
            channel.receive(sender="a", message_id="1", text="slow 1"),
            until_the_heart_beats(set(threading.enumerate())),
            channel.receive(sender="a", message_id="2", text="second"),
        )

    asyncio.run(main())
    assert messages(simulator) == ["slow 1", "second"]


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_order_holds_between_processes(path: Path, simulator: Simulator, kind: str) -> None:
    with (
        Child("channel.py", str(path), kind, options=simulator.options) as one,
        Child("channel.py", str(path), kind, options=simulator.options) as two,
    ):
        assert one.value() == two.value() == {"ready": True}
        one.tell(json.dumps({"sender": "a", "message_id": "1", "text": "slow 1"}))
        assert simulator.wait_for("respond", 1, PATIENCE)
        two.tell(json.dumps({"sender": "a", "message_id": "2", "text": "second"}))
        two.tell(json.dumps({"sender": "b", "message_id": "1", "text": "other"}))
        assert two.value()["response"] == "You said: other", "another sender does not wait"
        assert one.value()["response"] == "Slowly: slow 1"
        assert two.value()["response"] == "You said: second"
    assert simulator.requests_to("create") == 2
    assert [text for text in messages(simulator) if text != "other"] == ["slow 1", "second"]


def test_two_processes_get_the_same_message_at_once(path: Path, simulator: Simulator) -> None:
    with (
        Child("channel.py", str(path), "blocking", options=simulator.options) as one,
        Child("channel.py", str(path), "asyncio", options=simulator.options) as two,
    ):
        assert one.value() == two.value() == {"ready": True}
        for child in (one, two):
            for number in range(20):
                child.tell(json.dumps({"sender": f"s{number}", "message_id": "1", "text": f"slow {number}"}))
        told = [child.value() for child in (one, two) for _ in range(20)]
    assert sorted(messages(simulator)) == sorted(f"slow {number}" for number in range(20))
    assert sum(not answer["is_repeated"] for answer in told) == 20
    assert {answer["state"] for answer in told} == {"open"}
    assert simulator.requests_to("create") == 20


def test_who_is_in_line_for_too_long_is_busy(client: Client, store: SQLiteStore, simulator: Simulator) -> None:
    channel = Channel(client, store, "sms")
    first = threading.Thread(target=lambda: channel.receive(sender="a", message_id="1", text="slow"))
    first.start()
    assert simulator.wait_for("respond", 1, PATIENCE)
    with pytest.raises(BusyError) as caught:
        channel.receive(sender="a", message_id="2", text="hello", timeout=0.3)
    assert (caught.value.delivery, caught.value.phase) == ("not_sent", "queue")
    under_way = channel.receive(sender="a", message_id="1", text="slow", timeout=0.3)
    assert (under_way.state, under_way.response, under_way.is_repeated) == ("under_way", None, True)
    waited_for = channel.receive(sender="a", message_id="1", text="slow")
    assert (waited_for.state, waited_for.response, waited_for.is_repeated) == ("open", "Slowly: slow", True)
    first.join()
    assert channel.receive(sender="a", message_id="2", text="hello").response == "You said: hello"
    assert messages(simulator) == ["slow", "hello"]


# Failures.


def test_what_was_refused_may_be_received_again(channel: Any, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 3600}}}, {"operation": "respond", "nth": 1})
    with pytest.raises(RateLimitedError) as caught:
        channel.receive(sender="a", message_id="1", text="hello")
    assert caught.value.may_resend
    answer = channel.receive(sender="a", message_id="1", text="hello")
    assert (answer.response, answer.is_repeated) == ("You said: hello", False)


def test_what_may_have_been_heard_is_not_said_again(channel: Any, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 502}}, {"operation": "respond", "nth": 1})
    with pytest.raises(ServerError) as caught:
        channel.receive(sender="a", message_id="1", text="hello")
    assert caught.value.delivery == "unknown"
    again = channel.receive(sender="a", message_id="1", text="hello")
    assert (again.state, again.response, again.is_repeated) == ("unknown", None, True)
    assert [parked.message.message_id for parked in channel.parked()] == ["1"]
    assert messages(simulator) == ["hello"]
    assert channel.receive(sender="a", message_id="2", text="next").response == "You said: next"
    assert channel.resolve(sender="a", message_id="1")
    assert channel.parked() == []
    assert channel.receive(sender="a", message_id="1", text="hello").state == "settled"


def test_a_lost_creation_has_not_said_the_message(channel: Any, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "create", "nth": 1})
    with pytest.raises(ServerError):
        channel.receive(sender="a", message_id="1", text="hello")
    assert channel.parked() == []
    assert channel.receive(sender="a", message_id="1", text="hello").response == "You said: hello"
    assert messages(simulator) == ["hello"]


def test_an_agent_who_is_not_there_is_not_sent_anything(store: SQLiteStore, simulator: Simulator) -> None:
    channel = Channel(client_of(simulator, base_url="http://127.0.0.1:9"), store, "sms")
    with pytest.raises(NotConnectedError):
        channel.receive(sender="a", message_id="1", text="hello")
    channel = Channel(Client(**simulator.options), store, "sms")
    assert channel.receive(sender="a", message_id="1", text="hello").response == "You said: hello"


def test_all_of_it_ends_at_the_deadline(channel: Any, simulator: Simulator) -> None:
    with pytest.raises(ChatError) as caught:
        channel.receive(sender="a", message_id="1", text="never", timeout=2)
    assert (caught.value.kind, caught.value.delivery) == ("timeout", "unknown")
    assert channel.receive(sender="a", message_id="1", text="never").state == "unknown"


def test_an_answer_that_cannot_be_recorded_is_told_all_the_same(
    client: Client, store: SQLiteStore, simulator: Simulator, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Channel(client, store, "sms", record_for=0.3)

    def fails(*_arguments: object, **_keywords: object) -> Settled:
        raise StoreError("database or disk is full")

    monkeypatch.setattr(store, "settle", fails)
    with pytest.raises(StoreError, match=r"the agent has answered, but .*: database or disk is full") as caught:
        channel.receive(sender="a", message_id="1", text="hello")
    assert caught.value.delivery == "unknown"
    assert caught.value.answer is not None
    assert caught.value.answer.response == "You said: hello"
    with closing(sqlite3.connect(path)) as database:  # until its time is over
        database.execute("UPDATE messages SET until = 0")
        database.commit()
    assert channel.receive(sender="a", message_id="1", text="hello").state == "unknown"
    assert messages(simulator) == ["hello"]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"sender": ""}, InvalidArgumentError, "sender is empty"),
        ({"message_id": ""}, InvalidArgumentError, "message_id is empty"),
        ({"message_id": 7}, TypeError, "message_id must be a str, not int"),
        ({"text": "half \ud83d"}, InvalidArgumentError, "text holds half a surrogate pair"),
        ({"sender": "half \ud83d"}, InvalidArgumentError, "sender holds half a surrogate pair"),
        ({"timeout": 0}, ValueError, "timeout must be a time above 0"),
        ({"timeout": "1"}, TypeError, "timeout must be a number of seconds or a timedelta, not str"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    channel: Any, simulator: Simulator, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        channel.receive(**{"sender": "a", "message_id": "1", "text": "hello", **arguments})
    assert simulator.received() == []


def test_odd_texts_are_kept_and_said_as_they_are(channel: Any, simulator: Simulator) -> None:
    for number, text in enumerate(["", "nul \0 and \x1b", "😀" * 10_000, "' OR 1=1; --"]):
        assert channel.accept(sender="a\0b", message_id=f"{number}\0'", text=text)
        assert channel.receive(sender="a\0b", message_id=f"{number}\0'", text=text).state == "open"
    assert [text for _, text in said(simulator)[1:]] == ["", "nul \0 and \x1b", "😀" * 10_000, "' OR 1=1; --"]


def test_wrong_options_are_refused(client: Client, store: SQLiteStore) -> None:
    untyped: Any = Channel
    with pytest.raises(TypeError, match="a Channel needs a Client, not AsyncClient"):
        untyped(AsyncClient(client), store, "sms")
    with pytest.raises(ValueError, match="create_options holds 'varaint_id'; known are"):
        untyped(client, store, "sms", create_options={"varaint_id": "x"})
    with pytest.raises(ValueError, match="name is empty"):
        untyped(client, store, "")
    untyped_async: Any = AsyncChannel
    with pytest.raises(TypeError, match="an AsyncChannel needs an AsyncClient, not Client"):
        untyped_async(client, store, "sms")


# Death.


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_a_message_whose_process_was_killed_in_the_middle_is_unknown(
    path: Path, simulator: Simulator, client: Client, store: SQLiteStore, kind: str
) -> None:
    with Child("channel.py", str(path), kind, options=simulator.options) as child:
        child.expect('{"ready": true}')
        child.tell(json.dumps({"sender": "a", "message_id": "1", "text": "never"}))
        assert simulator.wait_for("respond", 1, PATIENCE)
        assert (
            Channel(client, store, "sms").receive(sender="a", message_id="1", text="never", timeout=1).state
            == "under_way"
        )
        child.send(signal.SIGKILL)
        child.ended()
        # The deadline of its call is far away, and so is the end of its claim.
        answer = Channel(client, store, "sms").receive(sender="a", message_id="1", text="never")
    assert (answer.state, answer.response, answer.is_repeated) == ("unknown", None, True)
    channel = Channel(client, store, "sms")
    assert [parked.message.message_id for parked in channel.parked()] == ["1"]
    assert channel.receive(sender="a", message_id="2", text="next").response == "You said: next"
    assert messages(simulator) == ["never", "next"]


def test_who_waits_behind_a_process_that_is_killed_goes_on(
    path: Path, simulator: Simulator, client: Client, store: SQLiteStore
) -> None:
    with (
        Child("channel.py", str(path), "blocking", options=simulator.options) as one,
        Child("channel.py", str(path), "blocking", options=simulator.options) as two,
    ):
        assert one.value() == two.value() == {"ready": True}
        one.tell(json.dumps({"sender": "a", "message_id": "1", "text": "never"}))
        assert simulator.wait_for("respond", 1, PATIENCE)
        two.tell(json.dumps({"sender": "a", "message_id": "2", "text": "second"}))
        one.send(signal.SIGKILL)
        one.ended()
        assert two.value()["response"] == "You said: second"
    assert messages(simulator) == ["never", "second"]


def test_what_waited_in_a_process_that_was_killed_is_not_lost(
    path: Path, simulator: Simulator, client: Client, store: SQLiteStore
) -> None:
    """Accepted messages are taken over, with the one behind which they waited; nothing of them was sent."""
    with Child("channel.py", str(path), "blocking", options=simulator.options) as child:
        child.expect('{"ready": true}')
        child.tell(json.dumps({"sender": "a", "message_id": "1", "text": "never"}))
        assert simulator.wait_for("respond", 1, PATIENCE)
        for message_id, text in (("2", "second"), ("3", "third")):
            told = {"sender": "a", "message_id": message_id, "text": text}
            child.tell(json.dumps({**told, "accept": True}))
            child.expect('{"is_new": true}')
            child.tell(json.dumps(told))
        child.tell(json.dumps({"sender": "b", "message_id": "1", "text": "for later", "accept": True}))
        child.expect('{"is_new": true}')
        channel = Channel(client, store, "sms")
        assert channel.pending() == [], "its process lives"
        child.send(signal.SIGKILL)
        child.ended()
    pending = channel.pending()
    assert [(message.sender, message.text) for message in pending] == [("a", "second"), ("b", "for later")]
    assert channel.pending() == [], "they were taken, and the third is behind the second"
    answer = channel.answer(pending[0])
    (third,) = channel.pending()
    answers = [answer, *(channel.answer(message) for message in (pending[1], third))]
    assert {(answer.state, answer.message.tries) for answer in answers} == {("open", 0)}
    assert sorted(messages(simulator)) == ["for later", "never", "second", "third"]


DELIVERS = """
import json, os, sys
from polyai_chat import Client
from polyai_chat_channels import Channel, SQLiteStore

channel = Channel(Client(**json.loads(os.environ["CLIENT_OPTIONS"])), SQLiteStore(sys.argv[1]), "sms")
answers = [channel.receive(sender="a", message_id=str(number), text=f"m{number}") for number in range(3)]
channel.delivered(answers[0])
print("answered", flush=True)
sys.stdin.readline()
"""


def test_an_answer_whose_process_was_killed_before_it_was_delivered_is_found(
    path: Path, simulator: Simulator, client: Client, store: SQLiteStore
) -> None:
    channel = Channel(client, store, "sms")
    with Child.of_command([sys.executable, "-c", DELIVERS, str(path)], simulator.options) as child:
        child.expect("answered")
        assert channel.undelivered() == [], "its process lives, and may be about to deliver it"
        child.send(signal.SIGKILL)
        child.ended()
    (first,) = channel.undelivered()
    assert (first.response, first.is_repeated) == ("You said: m1", True)
    assert channel.undelivered() == [], "it was taken, and the next one comes after it"
    channel.not_delivered(first)
    assert [answer.response for answer in channel.undelivered()] == ["You said: m1"]
    channel.delivered(first)
    assert [answer.response for answer in channel.undelivered()] == ["You said: m2"]
    assert simulator.requests_to("respond") == 3


# Accepting first.


def test_an_accepted_message_keeps_its_place_and_is_answered_once(channel: Any, simulator: Simulator) -> None:
    assert channel.accept(sender="a", message_id="1", text="first", integration_attributes={"customer_name": "Sam"})
    assert not channel.accept(sender="a", message_id="1", text="first")
    with pytest.raises(BusyError):
        channel.receive(sender="a", message_id="2", text="second", timeout=1)
    assert channel.receive(sender="a", message_id="1", text="first").state == "open"
    assert channel.receive(sender="a", message_id="2", text="second").state == "open"
    assert not channel.accept(sender="a", message_id="1", text="first")
    assert messages(simulator) == ["first", "second"]


def test_a_message_accepted_for_others_is_offered_at_once(channel: Any, simulator: Simulator) -> None:
    assert channel.accept(sender="a", message_id="1", text="for a worker", for_others=True)
    (message,) = channel.pending()
    assert (message.sender, message.text) == ("a", "for a worker")
    assert channel.pending() == [], "it was taken"
    channel.receive(sender="a", message_id="1", text=message.text)
    assert simulator.requests_to("respond") == 1


def test_an_accepted_message_that_was_not_sent_is_offered_again(
    client: Client, store: SQLiteStore, simulator: Simulator, path: Path
) -> None:
    channel = Channel(client, store, "sms")
    channel.accept(sender="a", message_id="1", text="hello", integration_attributes={"customer_name": "Sam"})
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 3600}}}, {"operation": "respond", "nth": 1})
    with pytest.raises(RateLimitedError):
        channel.receive(sender="a", message_id="1", text="hello")
    assert channel.pending() == [], "the service asked for an hour"
    with closing(sqlite3.connect(path)) as database:
        (wait,) = database.execute("SELECT not_before - received_at FROM messages").fetchone()
        assert 3600 <= wait < 3700
        database.execute("UPDATE messages SET not_before = 0")
        database.execute("UPDATE lines SET ready_at = 0")
        database.commit()
    (message,) = channel.pending()
    assert (message.text, message.tries, message.integration_attributes) == ("hello", 1, {"customer_name": "Sam"})
    assert channel.receive(sender="a", message_id="1", text=message.text).response == "You said: hello"


def test_a_pending_message_may_be_given_up(channel: Any, simulator: Simulator) -> None:
    channel.accept(sender="a", message_id="1", text="hello")
    assert channel.resolve(sender="a", message_id="1")
    assert channel.receive(sender="a", message_id="1", text="hello").state == "settled"
    assert channel.receive(sender="a", message_id="2", text="next").state == "open"
    assert messages(simulator) == ["next"]


def test_attributes_that_are_no_json_are_refused(channel: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="integration_attributes cannot be written as JSON"):
        channel.accept(sender="a", message_id="1", text="hello", integration_attributes={"key": object()})


# What is kept.


def everything_in(path: Path) -> bytes:
    """All bytes of rows that are there: pages that were freed may hold older ones until they are used again."""
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()).encode()


def test_texts_are_kept_only_as_long_as_they_are_needed(
    client: Client, store: SQLiteStore, path: Path, simulator: Simulator
) -> None:
    channel = Channel(client, store, "sms")
    channel.accept(sender="a", message_id="1", text="secret words")
    assert b"secret words" in everything_in(path)
    simulator_answer = channel.receive(sender="a", message_id="1", text="secret words")
    assert b'"You said: secret words"' in everything_in(path)
    assert everything_in(path).count(b"secret words") == 1, "the answer repeats them, the message is gone"
    channel.delivered(simulator_answer)
    assert b"secret words" not in everything_in(path)
    options = simulator.options
    assert options["api_key"].encode() not in everything_in(path)
    assert options["token"].encode() not in everything_in(path)
    assert channel.purge(timedelta(days=8)) == 0
    assert channel.purge(0) == 1
    assert not channel.receive(sender="a", message_id="1", text="hello").is_repeated, "it is forgotten"


def test_nothing_is_kept_in_memory_about_senders(client: Client, store: SQLiteStore) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms")

    async def main() -> None:
        await asyncio.gather(*(channel.receive(sender=f"{n}", message_id="1", text="hello") for n in range(50)))

    asyncio.run(main())
    assert channel._lines._last == {}


# Tasks.


def test_a_cancelled_task_says_what_the_agent_may_have_heard(
    client: Client, store: SQLiteStore, simulator: Simulator
) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(channel.receive(sender="a", message_id="1", text="never"))
        assert await loop.run_in_executor(None, simulator.wait_for, "respond", 1, PATIENCE)
        behind = loop.create_task(channel.receive(sender="a", message_id="2", text="behind"))
        while (await loop.run_in_executor(None, rows, store)) < 2:
            await asyncio.sleep(0.01)
        behind.cancel()
        with pytest.raises(asyncio.CancelledError):
            await behind
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert isinstance(caught.value.__cause__, CallCancelledError)
        assert caught.value.__cause__.delivery == "unknown"

    asyncio.run(main())
    blocking = Channel(client, store, "sms")
    assert blocking.receive(sender="a", message_id="1", text="never").state == "unknown"
    assert blocking.receive(sender="a", message_id="2", text="behind").response == "You said: behind"
    assert messages(simulator) == ["never", "behind"]


def rows(store: SQLiteStore) -> int:
    with store._reading(PATIENCE) as database:
        (count,) = database.execute("SELECT COUNT(*) FROM messages").fetchone()
        return int(count)


def test_a_cancelled_scope_of_trio_records_it_too(client: Client, store: SQLiteStore, simulator: Simulator) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms")

    async def main() -> None:
        with trio.move_on_after(PATIENCE) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cancel_when_asked, scope)
                await channel.receive(sender="a", message_id="1", text="never")
        assert scope.cancelled_caught

    async def cancel_when_asked(scope: trio.CancelScope) -> None:
        await trio.to_thread.run_sync(simulator.wait_for, "respond", 1, PATIENCE)
        scope.cancel()

    trio.run(main)
    assert Channel(client, store, "sms").receive(sender="a", message_id="1", text="never").state == "unknown"
    assert messages(simulator) == ["never"]


def test_whoever_lost_his_claim_sends_nothing(
    client: Client, store: SQLiteStore, simulator: Simulator, path: Path
) -> None:
    """A process that was held up between its claim and its sending, for so long that somebody else took over."""
    channel = Channel(client, store, "sms")
    original = store.begin

    def held_up(*arguments: Any, **keywords: Any) -> bool:
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE messages SET until = 0")
            database.commit()
        store.claim("sms", Message("a", "1"), "somebody else", "another", lease=60.0, timeout=PATIENCE)
        return original(*arguments, **keywords)

    store.begin = held_up  # type: ignore[method-assign]
    with pytest.raises(ClaimLostError, match="the claim of the message was lost before it was sent") as caught:
        channel.receive(sender="a", message_id="1", text="hello")
    assert caught.value.delivery == "not_sent"
    assert simulator.requests_to("respond") == 0
    store.begin = original  # type: ignore[method-assign]
    message, outcome = Message("a", "1"), Outcome("not_sent")
    store.settle("sms", message, "somebody else", "another", outcome, lease=60.0, timeout=PATIENCE)
    assert channel.close_idle(0) == 1, "the conversation in which nobody is"


def test_who_is_handed_over_after_his_message_was_taken_is_with_the_human(channel: Any, simulator: Simulator) -> None:
    for message_id in ("1", "2"):
        channel.accept(sender="a", message_id=message_id, text=f"text {message_id}", for_others=True)
    (first,) = channel.pending()
    channel.hand_off(sender="a", destination="desk")
    assert channel.answer(first).state == "handed_off"
    assert simulator.received() == []
    (second,) = channel.pending()
    channel.release(sender="a")
    assert channel.answer(second).response == "You said: text 2"


def test_what_the_service_refuses_for_good_is_parked_and_the_line_goes_on(channel: Any, simulator: Simulator) -> None:
    channel.accept(sender="a", message_id="1", text="refused", for_others=True)
    channel.accept(sender="a", message_id="2", text="next", for_others=True)
    simulator.fail({"answer": {"status": 422}}, {"operation": "respond", "nth": 1})
    (first,) = channel.pending()
    with pytest.raises(ChatError) as caught:
        channel.answer(first)
    assert caught.value.delivery == "rejected"
    (parked,) = channel.take_parked()
    assert (parked.message.message_id, parked.message.text, parked.why) == ("1", "refused", "refused")
    assert parked.error is not None
    assert caught.value.message in parked.error
    assert channel.receive(sender="a", message_id="1", text="refused").state == "parked"
    (second,) = channel.pending()
    assert channel.answer(second).response == "You said: next"
    assert channel.resolve(sender="a", message_id="1", how="answered", note="by phone")
    (kept,) = (one for one in channel.export(sender="a")["messages"] if one["message_id"] == "1")
    assert (kept["state"], kept["note"], kept["text"]) == ("settled", "by phone", None)


def test_what_may_be_said_twice_is_put_back_only_when_that_is_allowed(channel: Any, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 502}}, {"operation": "respond", "nth": 1})
    channel.accept(sender="a", message_id="1", text="hello", for_others=True)
    (message,) = channel.pending()
    with pytest.raises(ServerError):
        channel.answer(message)
    (parked,) = channel.parked()
    (asked,) = (request for request in simulator.received() if request["operation"] == "respond")
    assert parked.why == "unknown"
    assert parked.conversation_id == json.loads(asked["body"])["conversation_id"]
    assert parked.correlation_id in json.dumps(asked), "the service's support finds the turn by it"
    with pytest.raises(InvalidArgumentError, match="may_be_said_twice"):
        channel.resolve(sender="a", message_id="1", how="again")
    assert channel.resolve(sender="a", message_id="1", how="again", may_be_said_twice=True)
    (message,) = channel.pending()
    assert channel.answer(message).response == "You said: hello"


def test_who_waits_is_told_and_need_not_ask(client: Client, store: SQLiteStore, simulator: Simulator) -> None:
    """Of twenty messages in line each is claimed a few times, not a hundred."""
    channel = AsyncChannel(AsyncClient(client), store, "sms")
    claims = 0
    original = store.claim

    def counted(*arguments: Any, **keywords: Any) -> Any:
        nonlocal claims
        claims += 1
        return original(*arguments, **keywords)

    store.claim = counted  # type: ignore[method-assign]

    async def main() -> None:
        await asyncio.gather(*(channel.receive(sender="a", message_id=f"{n}", text=f"m{n}") for n in range(20)))

    asyncio.run(main())
    assert messages(simulator) == [f"m{number}" for number in range(20)]
    assert claims <= 20 * 4


def test_more_calls_than_places_are_all_answered(client: Client, store: SQLiteStore, simulator: Simulator) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms", most_under_way=3, timeout=PATIENCE)

    async def main() -> list[Answer]:
        # Those of one sender wait for each other, and must not keep the places that the first of them needs.
        of_one = [channel.receive(sender="a", message_id=f"{number}", text=f"m{number}") for number in range(6)]
        others = [channel.receive(sender=f"b{number}", message_id="1", text="x") for number in range(20)]
        return await asyncio.gather(*of_one, *others)

    answers = asyncio.run(main())
    assert [answer.state for answer in answers] == ["open"] * 26
    assert simulator.requests_to("create") == 21


def test_who_finds_no_place_in_time_is_busy(client: Client, store: SQLiteStore, simulator: Simulator) -> None:
    channel = AsyncChannel(AsyncClient(client), store, "sms", most_under_way=1)

    async def main() -> None:
        first = asyncio.ensure_future(channel.receive(sender="a", message_id="1", text="slow"))
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, simulator.wait_for, "respond", 1, PATIENCE)
        with pytest.raises(BusyError) as caught:
            await channel.receive(sender="b", message_id="1", text="hello", timeout=0.1)
        assert caught.value.delivery == "not_sent"
        assert (await first).state == "open"

    asyncio.run(main())
    assert simulator.requests_to("create") == 1, "no conversation was begun for nothing"
