"""What mypy and pyright conclude about the types of the package. This is checked by both, and never run.

Where a mistake must be found, `type: ignore` stands: both complain of one that is not needed.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Optional

from typing_extensions import Unpack, assert_type

import polyai_chat
from polyai_chat import (
    AsyncClient,
    AsyncConversation,
    ChatError,
    Client,
    Closed,
    Conversation,
    Greeting,
    Handoff,
    Headers,
    NotConnectedError,
    Reply,
    Turn,
    plain_text,
)
from polyai_chat_testing import Simulator


def clients_are_made() -> None:
    """Options are keywords with types of their own."""
    assert_type(Client(region="uk", account_id="a", project_id="p", api_key="k", token="t"), Client)
    assert_type(Client(timeout=5, close_timeout=2.5, backoff=timedelta(seconds=1), ca_file=Path("ca.pem")), Client)
    assert_type(Client.from_env(dialect="legacy", on_attempt=print, proxy=None), Client)
    assert_type(Client.from_profile("staging", file=Path("config.toml"), max_attempts=1), Client)
    assert_type(Client.from_profile(profile=None, file="config.toml"), Client)
    Client("uk")  # type: ignore[call-arg]
    Client(regoin="uk")  # type: ignore[call-arg]
    Client(timeout="5")  # type: ignore[arg-type]
    Client(timeout_ms=5)  # type: ignore[call-arg]
    Client(api_key=b"key")  # type: ignore[arg-type]
    Client(dialect="ancient")  # type: ignore[arg-type]
    Client(max_attempts=1.5)  # type: ignore[arg-type]
    Client(on_attempt="print")  # type: ignore[arg-type]
    Client.from_profile("staging", "config.toml")  # type: ignore[call-arg]


def clients_make_calls(client: Client) -> None:
    """What comes of a call."""
    assert_type(client.create(integration_attributes={"a": 1}, timeout=timedelta(seconds=1)), Conversation)
    assert_type(client.start_create(channel="webchat"), Turn[Conversation])
    assert_type(client.start_create().result(), Conversation)
    assert_type(client.start_respond("id", "x").result(), Reply)
    assert_type(client.start_close_conversation("id").result(), Closed)
    assert_type(client.start_warm_up(1), Turn[None])
    assert_type(client.attach("id"), Conversation)
    assert_type(client.respond("id", "x", metadata=None), Reply)
    assert_type(client.respond("id"), Reply)
    assert_type(client.close_conversation("id", timeout=1), Closed)
    assert_type(client.warm_up(1.5), None)
    assert_type(client.close(), None)
    assert_type(client.replace_credentials("key", "token"), None)
    assert_type(client.base_url, str)
    assert_type(client.proxy, Optional[str])
    assert_type(client.dialect, Literal["current", "legacy"])
    assert_type(client.metrics(), polyai_chat.Metrics)
    assert_type(client.metrics()["respond"]["failures"], dict[str, int])
    assert_type(client.settings(), list[polyai_chat.Setting])
    assert_type(client.recent_attempts(), list[polyai_chat.Attempt])
    client.create("hello")  # type: ignore  # mypy says one thing or another of a keyword that is none
    client.create(mesage="hello")  # type: ignore[call-arg]
    client.create(timeout="5")  # type: ignore[arg-type]
    client.create(integration_attributes=[1])  # type: ignore[arg-type]
    client.respond()  # type: ignore[call-arg]
    client.respond("id", 5)  # type: ignore[arg-type]
    client.respond("id", "x", {})  # type: ignore
    client.warm_up()  # type: ignore[call-arg]
    client.base_url = "https://other.example"  # type: ignore[misc]


def options_are_passed_on(**options: Unpack[polyai_chat.ClientOptions]) -> Client:
    """By functions of a program."""
    return Client(**options)


def conversations_go_on(conversation: Conversation) -> None:
    """What comes of a turn."""
    assert_type(conversation.id, str)
    assert_type(conversation.greeting, Greeting)
    assert_type(conversation.state, Literal["open", "in_doubt", "ended", "closed"])
    assert_type(conversation.ended, bool)
    assert_type(conversation.respond("x", timeout=1), Reply)
    assert_type(conversation.respond(), Reply)
    assert_type(conversation.start("x"), Turn[Reply])
    assert_type(conversation.start("x").result(), Reply)
    assert_type(conversation.close(), Closed)
    assert_type(conversation.start_close(), Turn[Closed])
    assert_type(conversation.start_close().result(), Closed)
    with conversation as same:
        assert_type(same, Conversation)
    conversation.respond(b"x")  # type: ignore[arg-type]
    conversation.respond("x", variant_id="a")  # type: ignore[call-arg]
    if conversation.state == "opne":  # type: ignore[comparison-overlap]
        pass


def a_block_lets_exceptions_pass(conversation: Conversation) -> str:
    """A type checker would want another return, if the block could swallow an exception."""
    with conversation:
        return conversation.respond("x").response


def turns_are_waited_for(turn: Turn[Reply]) -> None:
    """What a started call can do."""
    assert_type(turn.wait(), bool)
    assert_type(turn.wait(0.5), bool)
    assert_type(turn.wait(timedelta(seconds=1)), bool)
    assert_type(turn.done, bool)
    assert_type(turn.result(), Reply)
    assert_type(turn.cancel(), None)
    assert_type(turn.fileno(), int)
    assert_type(turn.correlation_id, str)


def answers_are_values(greeting: Greeting, reply: Reply, handoff: Handoff, closed: Closed) -> None:
    """What the service answered."""
    assert_type(greeting.response, str)
    assert_type(greeting.plain_text, str)
    assert_type(greeting.user_id, Optional[str])
    assert_type(reply.response, str)
    assert_type(reply.plain_text, str)
    assert_type(plain_text(reply.response), str)
    assert_type(reply.end_conversation, bool)
    assert_type(reply.handoff, Optional[Handoff])
    assert_type(handoff.destination, Optional[str])
    assert_type(closed.was_over, bool)
    answers: list[Greeting | Reply | Closed] = [greeting, reply, closed]
    for answer in answers:
        assert_type(answer.raw, dict[str, Any])
        assert_type(answer.unknown_fields, dict[str, Any])
        assert_type(answer.raw_json, str)
        assert_type(answer.headers, Headers)
        assert_type(answer.headers["content-type"], str)
        assert_type(answer.headers.get("retry-after"), Optional[str])
        assert_type(answer.headers.all("set-cookie"), list[str])
        assert_type(answer.correlation_id, str)
        assert_type(answer.elapsed, float)
        assert_type(hash(answer), int)
    reply.response = "changed"  # type: ignore[misc]
    Reply("made up")  # type: ignore[call-arg]

    class Derived(Reply):  # type: ignore[misc]
        pass


def errors_say_what_is_known(error: ChatError) -> None:
    """What a failure knows."""
    assert_type(error.kind, str)
    assert_type(error.message, str)
    assert_type(error.delivery, Literal["not_sent", "rejected", "unknown"])
    assert_type(error.may_resend, bool)
    assert_type(error.phase, str)
    assert_type(error.status, Optional[int])
    assert_type(error.error_code, Optional[str])
    assert_type(error.service_message, Optional[str])
    assert_type(error.correlation_id, Optional[str])
    assert_type(error.retry_after, Optional[float])
    assert_type(error.headers, Headers)
    assert_type(error.body_excerpt, Optional[str])
    assert_type(error.attempts, list[polyai_chat.Attempt])


def errors_are_caught(conversation: Conversation) -> None:
    """What an `except` catches."""
    try:
        conversation.respond("x")
    except (NotConnectedError, polyai_chat.UnavailableError) as error:
        connection_error: ConnectionError = error
        chat_error: ChatError = error
        print(connection_error, chat_error)
    except polyai_chat.InvalidArgumentError as error:
        value_error: ValueError = error
        print(value_error)
    except polyai_chat.DeadlineExceededError as error:
        timeout: TimeoutError = error  # type: ignore[assignment]
        print(timeout)
    except polyai_chat.RateLimitedErorr:  # type: ignore[attr-defined]
        pass


def simulators_are_run() -> None:
    """The test kit."""
    with Simulator(script="", dialect="current", tls=True, idle_limit=1) as simulator:
        assert_type(simulator, Simulator)
        assert_type(simulator.url, str)
        assert_type(simulator.ca_pem, Optional[str])
        assert_type(simulator.options["api_key"], str)
        assert_type(Client(**simulator.options), Client)
        assert_type(Client(**simulator.options, timeout=1, max_attempts=1), Client)
        assert_type(simulator.received(), list[dict[str, Any]])
        assert_type(simulator.requests_to("create"), int)
        assert_type(simulator.connections, int)
        assert_type(simulator.wait_for("respond", 1, timeout=1), bool)
        simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
        simulator.requests_to("greet")  # type: ignore[arg-type]
        simulator.fail("reset")  # type: ignore[arg-type]
    Simulator(dialect="ancient")  # type: ignore[arg-type]


async def the_same_words_for_asyncio(client: Client) -> None:
    """What is awaited."""
    asynchronous = AsyncClient(client)
    assert_type(asynchronous, AsyncClient)
    assert_type(AsyncClient.from_env(region="uk"), AsyncClient)
    assert_type(AsyncClient.from_profile("staging", timeout=1), AsyncClient)
    assert_type(asynchronous.sync, Client)
    assert_type(await asynchronous.aclose(), None)
    conversation = await asynchronous.create(integration_attributes={"a": 1})
    assert_type(conversation, AsyncConversation)
    assert_type(await conversation.respond("x", timeout=1), Reply)
    assert_type(await conversation.close(), Closed)
    assert_type(conversation.greeting, Greeting)
    assert_type(conversation.state, Literal["open", "in_doubt", "ended", "closed"])
    assert_type(conversation.sync, Conversation)
    async with conversation as same:
        assert_type(same, AsyncConversation)
    AsyncClient(regoin="uk")  # type: ignore[call-arg]
    await asynchronous.create(mesage="x")  # type: ignore[call-arg]
    await conversation.respond("x", timeout="5")  # type: ignore[arg-type]
    conversation.respond("x").response  # type: ignore[attr-defined]  # noqa: B018
