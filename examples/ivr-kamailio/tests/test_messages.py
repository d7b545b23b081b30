"""A customer writes, the agent answers."""

from __future__ import annotations

import pytest
from conftest import StartClient, StartKamailio, heard
from polyai_chat_testing import Simulator
from sip_client import SERVICE, SipMessage


def test_a_message_is_accepted_and_answered(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    request = customer.request("Where is my order?", call_id="a-call-id")
    customer.send(request)

    assert customer.reply_to(request).status == 202
    answer = customer.next_message()
    assert answer.text == "You said: Where is my order?"
    assert answer.header("content-type") == "text/plain;charset=utf-8"
    assert answer.header("to") == f"<{customer.uri}>"
    assert answer.header("from").startswith(f"<{SERVICE}>;tag=")
    assert answer.header("call-id") == "a-call-id"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_any_text_arrives_as_it_was_written(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient, transport: str
) -> None:
    customer = start_client(start_kamailio(simulator.environment), transport=transport)
    texts = [
        "Grüße 👩‍👩‍👧‍👦 ☎️",
        "أين طلبي؟",
        "two\r\nlines\n",
        "a\0b\x01c\x7f",
        "100 % \"quoted\" = '1'; {message} $rb",
    ]
    # The reply arrives as plain text.
    answers = [*texts[:2], "two\nlines", "abc", texts[4]]
    assert [customer.ask(text) for text in texts] == [f"You said: {answer}" for answer in answers]
    assert heard(simulator) == texts


def test_the_greeting_is_sent_where_it_is_wanted(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment, send_greeting=True))
    assert customer.ask("Hello") == "Hello from the agent."
    assert customer.next_message().text == "You said: Hello"
    assert customer.ask("Again") == "You said: Again"


def test_what_one_customer_writes_is_one_conversation(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    alice, bob = start_client(kamailio), start_client(kamailio, "sip:bob@example.com")
    for customer in (alice, bob, alice, bob):
        customer.ask("Where is my order?")
    assert [conversation["turns"] for conversation in simulator.conversations()] == [2, 2]
    created_with = [conversation["created_with"] for conversation in simulator.conversations()]
    assert [options["integration_attributes"]["sip_from"] for options in created_with] == [alice.uri, bob.uri]


def test_customers_without_a_name_are_never_mixed_up(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    first, second = (start_client(kamailio, "sip:anonymous@anonymous.invalid") for _ in range(2))
    first.ask("I am one", call_id="one")
    second.ask("I am two", call_id="two")
    first.ask("Still one", call_id="one")
    # Where the proxy knows who it is, the Call-ID does not matter.
    for call_id in ("three", "four"):
        second.ask("Known", call_id=call_id, headers=("P-Asserted-Identity: <sip:carol@example.com>",))
    assert sorted(conversation["messages"] for conversation in simulator.conversations()) == [
        ["I am one", "Still one"],
        ["I am two"],
        ["Known", "Known"],
    ]


def test_a_conversation_can_be_a_call_id(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment, conversation_by="call-id"))
    for call_id in ("one", "two", "one"):
        customer.ask("Hello", call_id=call_id)
    assert sorted(conversation["turns"] for conversation in simulator.conversations()) == [1, 2]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_messages_of_a_customer_keep_their_order(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient, transport: str
) -> None:
    customer = start_client(start_kamailio(simulator.environment), transport=transport)
    texts = [f"message {number}" for number in range(30)]
    requests = [customer.request(text) for text in texts]
    for request in requests:  # without waiting for one to be accepted
        customer.send(request)
    assert [customer.next_message().text for _ in texts] == [f"You said: {text}" for text in texts]
    assert all(customer.reply_to(request).status == 202 for request in requests)
    assert heard(simulator) == texts
    assert [conversation["most_turns_in_flight"] for conversation in simulator.conversations()] == [1]


def test_a_repeated_message_is_heard_once(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    request = customer.request("slow, please", call_id="repeated", sequence=1)
    for _ in range(5):  # while the agent thinks
        customer.send(request)
    assert customer.next_message().text == "Slow, but here: slow, please"
    for _ in range(5):  # afterwards
        customer.send(request)
    by_another_way = customer.request("slow, please", call_id="repeated", sequence=1)
    customer.send(by_another_way)
    assert [customer.reply_to(request).status for _ in range(11)] == [202] * 11
    assert customer.ask("and now") == "You said: and now"
    assert heard(simulator) == ["slow, please", "and now"]


def test_a_message_of_ours_that_is_lost_is_repeated_and_keeps_its_place(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    customer.answers_messages = False
    assert customer.write("first").status == 202
    assert customer.write("second").status == 202

    copies = [customer.next_message() for _ in range(3)]
    assert {(copy.text, copy.header("via")) for copy in copies} == {("You said: first", copies[0].header("via"))}
    customer.answer(copies[0])
    assert customer.wait_for(lambda message: message.text != "You said: first").text == "You said: second"
    customer.answers_messages = True
    assert heard(simulator) == ["first", "second"]


def test_a_long_answer_is_several_messages_over_udp(start_kamailio: StartKamailio, start_client: StartClient) -> None:
    answers = {
        "words": "Words and more words. " * 300 + "The end.",
        "chinese": "世界" * 1500,
        "families": "👩‍👩‍👧‍👦" * 300,
        "accents": "e\u0301" * 2000,
        "no spaces": "x" * 5000,
    }
    rules = "".join(f"[[rules]]\npattern = '{name}'\nreply = '{text}'\n" for name, text in answers.items())
    with Simulator(script=f"greeting = 'Hello'\ndefault_reply = 'What?'\n{rules}") as simulator:
        customer = start_client(start_kamailio(simulator.environment))
        for name, whole in answers.items():
            assert customer.write(name).status == 202
            parts: list[SipMessage] = []
            while (said := "".join(part.text for part in parts)) != whole:
                assert whole.startswith(said), name
                parts.append(customer.next_message())
            assert len(parts) > 1, name
            assert max(part.size for part in parts) <= 1300, name
            assert min(part.size for part in parts[:-1]) > 900, f"parts of {name} are needlessly small"
            cut = [(part.text[:1], part.text[-1:]) for part in parts]
            assert not any(first in "\u200d\u0301" or last == "\u200d" for first, last in cut), name


def test_a_long_text_is_one_message_over_tcp(start_kamailio: StartKamailio, start_client: StartClient) -> None:
    longest = "ünd so weiter " * 2000 + "."
    script = f"greeting = 'Hello'\ndefault_reply = '{{message}}'\n[[rules]]\npattern = '^more'\nreply = '{longest}'"
    with Simulator(script=script) as simulator:
        customer = start_client(start_kamailio(simulator.environment), transport="tcp")
        text = "A long story, told in a breath. " * 480 + "End."
        assert customer.ask(text) == text
        assert heard(simulator) == [text]
        assert customer.write("x" * 16001).status == 413

        parts = [customer.ask("more")]  # longer than one MESSAGE may be
        while "".join(parts) != longest:
            assert longest.startswith("".join(parts))
            parts.append(customer.next_message().text)
        assert len(parts) == 2


def test_answers_go_by_way_of_a_proxy_where_one_is_set(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    proxy, customer = start_client(kamailio, "sip:proxy@example.com"), start_client(kamailio)
    kamailio.change_settings(next_hop=f"sip:127.0.0.1:{proxy.port}")
    kamailio.control("app_lua.reload")
    assert customer.write("Hello").status == 202
    answer = proxy.next_message()
    assert answer.start_line == f"MESSAGE {customer.uri} SIP/2.0"
    assert answer.text == "You said: Hello"


def test_the_next_message_after_the_end_begins_a_new_conversation(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    assert customer.ask("bye") == "Goodbye."
    assert customer.ask("One more thing") == "You said: One more thing"
    assert [conversation["messages"] for conversation in simulator.conversations()] == [["bye"], ["One more thing"]]


def test_a_conversation_that_the_service_has_ended_is_replaced(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    customer.ask("Hello")
    assert simulator.end_conversation(simulator.conversations()[0]["id"])
    assert customer.ask("Are you there?") == "You said: Are you there?"
    assert [conversation["messages"] for conversation in simulator.conversations()] == [["Hello"], ["Are you there?"]]


def test_a_conversation_in_which_nobody_writes_is_closed(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment, idle_s=1))
    customer.ask("Hello")
    assert simulator.wait_for("close", 1, timeout=30)
    assert simulator.conversations()[0]["closed"]
    customer.ask("Hello again")
    assert [conversation["messages"] for conversation in simulator.conversations()] == [["Hello"], ["Hello again"]]


def test_what_is_not_text_is_refused(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    for content_type, body, status in [
        ("text/html", b"<b>Hello</b>", 415),
        ("application/im-iscomposing+xml", b"<isComposing/>", 415),
        ("text/plain;charset=iso-8859-1", "Grüße".encode("latin-1"), 415),
        ("text/plain", b"", 400),
        ("text/plain;charset=utf-8", b"\xff\xfe", 400),
        ("text/plain;charset=utf-8", b"\xed\xa0\x80", 400),
    ]:
        reply = customer.write(body, content_type=content_type)
        assert (content_type, reply.status) == (content_type, status)
        assert status != 415 or reply.header("accept") == "text/plain;charset=utf-8"
    assert simulator.received() == []


def test_other_methods_and_strangers_are_refused(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment))
    invite = customer.request(method="INVITE", content_type="")
    customer.send(invite)
    refused = customer.reply_to(invite)
    assert (refused.status, refused.header("allow")) == (405, "MESSAGE, OPTIONS")

    stranger = start_client(start_kamailio(simulator.environment, wait=False, peers="192.0.2.0/24, 2001:db8::/32"))
    request = stranger.request("Hello")
    while True:  # Kamailio may not be there yet
        stranger.send(request)
        try:
            assert stranger.reply_to(request, 0.3).status == 403
            break
        except TimeoutError:
            continue
    assert simulator.received() == []
