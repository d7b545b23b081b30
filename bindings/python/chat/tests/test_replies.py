"""What the service answered, as values: they compare, match, copy and go through pickle."""

from __future__ import annotations

import copy
import json
import multiprocessing
import operator
import pickle
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

import polyai_chat
from polyai_chat import (
    Client,
    Closed,
    Conversation,
    Greeting,
    Handoff,
    Headers,
    InvalidArgumentError,
    Reply,
    plain_text,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = ["greeting", "reply", "reply_with_handoff", "handoff", "closed"]


@pytest.fixture(params=VALUES)
def value(request: pytest.FixtureRequest, conversation: Conversation) -> Any:
    """One value of each class."""
    reply = conversation.respond("human" if "handoff" in request.param else "x")
    made: dict[str, Callable[[], Any]] = {
        "greeting": lambda: conversation.greeting,
        "reply": lambda: reply,
        "reply_with_handoff": lambda: reply,
        "handoff": lambda: reply.handoff,
        "closed": conversation.close,
    }
    return made[request.param]()


def everything(value: Any) -> dict[str, Any]:
    """All that a value tells."""
    told = {name: getattr(value, name) for name in dir(value) if not name.startswith("_")}
    return {**told, "to_dict": value.to_dict()}  # a method is equal to none of another object


def test_an_answer_has_its_own_fields_and_how_it_came(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"add_headers": {"lines": ["X-Many: one", "X-Many: two", "X-Latin: caf\xe9"]}})
    reply = conversation.respond("x", correlation_id="turn-1")
    assert reply.raw == {"conversation_id": conversation.id, "response": "You said: x", "end_conversation": False}
    assert reply.raw is not reply.raw
    assert '"You said: x"' in reply.raw_json
    assert reply.correlation_id == reply.headers["x-polyai-correlation-id"] == "turn-1"
    assert 0 < reply.elapsed < 30
    assert (reply.headers["x-many"], reply.headers.all("X-MANY")) == ("one", ["one", "two"])
    assert conversation.close().raw == {"success": True}


def test_values_become_dicts_that_json_takes(value: Any) -> None:
    left_out = ("raw_json", "headers", "plain_text", "to_dict")
    told = {name: shown for name, shown in everything(value).items() if name not in left_out}
    if type(value) is not Handoff:
        del told["raw"]
    if told.get("handoff"):
        told["handoff"] = told["handoff"].to_dict()
    assert value.to_dict() == told
    assert json.loads(json.dumps(value.to_dict())) == told
    assert value.to_dict() is not value.to_dict()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_values_go_through_pickle_whole(value: Any, protocol: int) -> None:
    restored = pickle.loads(pickle.dumps(value, protocol))
    assert type(restored) is type(value)
    assert restored == value
    assert hash(restored) == hash(value)
    assert everything(restored) == everything(value)


def test_values_can_be_copied(value: Any) -> None:
    for copied in (copy.copy(value), copy.deepcopy(value)):
        assert type(copied) is type(value)
        assert copied == value
        assert everything(copied) == everything(value)


def respond_in_another_process(options: dict[str, Any], conversation_id: str, earlier: Reply) -> tuple[str, Reply]:
    """Run by a child process: what it sees of a reply of its parent, and a reply of its own."""
    return earlier.response, Client(**options).attach(conversation_id).respond("from the child")


def test_replies_go_between_processes_both_ways(conversation: Conversation, simulator: Simulator) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        arguments = (dict(simulator.options), conversation.id, conversation.respond("from the parent"))
        seen, reply = pool.apply(respond_in_another_process, arguments)
    assert seen == "You said: from the parent"
    assert reply.response == "You said: from the child"
    assert reply.headers["content-type"] == "application/json"


def test_values_are_equal_when_all_of_them_is(value: Any, conversation: Conversation) -> None:
    same = copy.copy(value)
    assert value == same
    assert not operator.ne(value, same)
    assert {value: "found"}[same] == "found"
    for other in (None, 5, "text", object(), conversation):
        assert value != other
        assert not operator.eq(value, other)


def test_replies_of_two_turns_differ_even_if_their_words_are_the_same(conversation: Conversation) -> None:
    first, second = conversation.respond("x"), conversation.respond("x")
    assert first.response == second.response
    assert first != second
    assert len({first, second}) == 2
    assert conversation.respond("human").handoff == conversation.respond("human").handoff


def test_values_have_no_order_and_cannot_be_changed(value: Any) -> None:
    with pytest.raises(TypeError):
        sorted([value, value])
    for name in (*everything(value), "new_attribute"):
        with pytest.raises(AttributeError):
            setattr(value, name, "changed")
        with pytest.raises(AttributeError):
            delattr(value, name)


def test_values_come_from_the_service_only() -> None:
    for of_class in (Greeting, Reply, Closed, Handoff, Conversation, polyai_chat.Turn):
        made: Any = of_class
        with pytest.raises(TypeError):
            made()
        with pytest.raises(TypeError):
            type("Derived", (of_class,), {})


def test_representations_are_short_and_useful(conversation: Conversation) -> None:
    assert repr(conversation.respond("x")) == "Reply(response='You said: x')"
    assert repr(conversation.respond("human")) == (
        "Reply(response='I am putting you through.', "
        "handoff=Handoff(destination='returns-desk', reason='customer_request'))"
    )
    long = repr(conversation.respond("x" * 10_000))
    assert long.startswith("Reply(response='You said: xxx")
    assert len(long) < 120
    assert repr(conversation.greeting) == f"Greeting(response='Hello there.', conversation_id='{conversation.id}')"
    assert repr(conversation.respond("bye")) == "Reply(response='Goodbye.', end_conversation=True)"
    assert repr(conversation.close()) == "Closed(was_over=True)"


def test_text_in_a_representation_is_shown_as_python_shows_it(conversation: Conversation) -> None:
    for text in ("it's", 'a "quote"', "\x00\x1b[31m\u202e", "שלום", "💬", "back\\slash"):
        assert repr(conversation.respond(text)) == f"Reply(response={f'You said: {text}'!r})"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="pattern matching came with 3.10")
def test_values_match_patterns(conversation: Conversation) -> None:
    source = """
def what(value):
    match value:
        case Greeting(response, conversation_id):
            return ("greeting", response, conversation_id)
        case Reply(_, True):
            return "the end"
        case Reply(response, end_conversation=False, handoff=Handoff(destination=str(queue))):
            return ("handoff", queue)
        case Reply(response, False, None):
            return ("reply", response)
        case Closed(was_over):
            return ("closed", was_over)
"""
    names: dict[str, Any] = dict(vars(polyai_chat))
    exec(compile(source, "match.py", "exec"), names)
    what = names["what"]
    assert what(conversation.greeting) == ("greeting", "Hello there.", conversation.id)
    assert what(conversation.respond("x")) == ("reply", "You said: x")
    assert what(conversation.respond("human")) == ("handoff", "returns-desk")
    assert what(conversation.respond("bye")) == "the end"
    assert what(conversation.close()) == ("closed", True)


def test_headers_are_a_mapping_without_case(conversation: Conversation) -> None:
    headers = conversation.respond("x").headers
    assert isinstance(headers, Mapping)
    assert isinstance(headers, Headers)
    assert headers["CONTENT-TYPE"] == headers["content-type"] == "application/json"
    assert "Content-Type" in headers
    assert "content-typo" not in headers
    assert headers.get("Content-Typo", "none") == "none"
    assert headers.all("content-type") == ["application/json"]
    assert headers.all("content-typo") == []
    assert len(headers) == len(list(headers)) == len(dict(headers))
    with pytest.raises(KeyError, match="content-typo"):
        headers["content-typo"]
    untyped: Any = headers
    assert 5 not in untyped
    assert repr(headers).startswith("Headers({'date': ")
    for same in (copy.copy(headers), copy.deepcopy(headers), pickle.loads(pickle.dumps(headers))):
        assert same == headers
        assert same.all("content-type") == ["application/json"]
    with pytest.raises(TypeError):
        untyped["content-type"] = "text/html"


def test_what_belongs_to_a_client_refuses_pickle_and_says_what_to_do(
    client: Client, conversation: Conversation
) -> None:
    turn = conversation.start("x")
    assert turn.wait()
    for thing, advice in (
        (client, r"Client cannot be pickled.*make one in each process"),
        (conversation, r"Conversation cannot be pickled.*client\.attach"),
        (turn, r"Turn cannot be pickled"),
    ):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=advice):
                pickle.dumps(thing, protocol)
        for copied in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be"):
                copied(thing)


def test_any_json_beside_a_reply_can_be_read(simulator: Simulator, conversation: Conversation) -> None:
    number, digits, deep = "89441100681234567890", "9" * 5000, "[" * 100_000 + "]" * 100_000
    handoff = f'{{"destination": "billing", "order": {number}, "digits": {digits}}}'
    body = (
        f'\ufeff{{"response": "hi", "order": {number}, "digits": {digits}, "deep": {deep}, "end_conversation": false,'
        f' "handoff": {handoff}}}'
    )
    simulator.fail({"answer": {"status": 200, "body": {"text": body}}}, {"operation": "respond"})
    reply = conversation.respond("x")
    assert reply.response == "hi"
    assert reply.raw["order"] == reply.unknown_fields["order"] == int(number)
    assert reply.raw["deep"] == reply.to_dict()["unknown_fields"]["deep"] == deep
    # Python reads so many digits where it is told to.
    assert str(reply.raw["digits"]) == digits
    assert reply.handoff is not None
    assert (reply.handoff.destination, reply.handoff.raw["order"]) == ("billing", int(number))
    assert pickle.loads(pickle.dumps(reply)) == reply


def test_numbers_leave_with_all_their_digits(simulator: Simulator, client: Client) -> None:
    number = 89441100681234567890
    conversation = client.create(integration_attributes={"order": number})
    conversation.respond("x", metadata={"order": number}, extra={"new_field": [number]})
    for request in simulator.received():
        assert str(number) in str(request["body"])


def test_words_that_were_kept_become_plain_text() -> None:
    assert plain_text("**Good** [news](https://a.example) \x07&amp; 5*3*2") == "Good news (https://a.example) & 5*3*2"
    with pytest.raises(TypeError, match="markdown must be a str, not bytes"):
        plain_text(b"words")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="markdown holds half a surrogate pair"):
        plain_text("\ud800")
