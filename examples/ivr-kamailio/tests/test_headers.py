"""Words of others in the headers of our own requests."""

from __future__ import annotations

import json

import pytest
from conftest import StartClient, StartKamailio, heard
from polyai_chat_testing import Simulator
from test_handoff import human_for

REASONS = {
    "lines": ("two\r\nX-Injected: yes\r\n\r\nbody\x0b\x00", "two  X-Injected: yes    body"),
    "separators": ("a\u2028b\u2029c\u0085d", "a b c d"),
    "direction": ("a\u202eb\u2066c\u200fd\U000e0041e", "a b c d e"),
    "terminal": ("\x1b]0;title\x07\u009b31m", "]0;title  31m"),
    "length": ("😀" * 500, "😀" * 50),
    "length2": ("é" + "x" * 198 + "é" * 500, "é" + "x" * 198),
}
SCRIPT = "greeting = 'Hello'\ndefault_reply = 'You said: {message}'\n" + "".join(
    f"[[rules]]\npattern = '^{name}$'\nreply = 'One moment.'\nhandoff = {{ destination = {words}, reason = {words} }}\n"
    for name, words in ((name, json.dumps(reason, ensure_ascii=False)) for name, (reason, _) in REASONS.items())
)


@pytest.mark.parametrize("name", REASONS)
def test_what_the_agent_says_of_a_handoff_is_one_short_line(
    start_kamailio: StartKamailio, start_client: StartClient, name: str
) -> None:
    with Simulator(script=SCRIPT) as simulator:
        kamailio = start_kamailio(simulator.environment)
        human, customer = human_for(kamailio, start_client), start_client(kamailio)
        customer.ask(name)
        message = human.next_message()
        assert message.text == name
        for header in ("x-polyai-handoff-destination", "x-polyai-handoff-reason"):
            assert message.header(header).strip() == REASONS[name][1].strip()


def test_one_customer_does_not_take_the_room_of_all(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment, waiting_messages_max=500)
    eager, other = start_client(kamailio), start_client(kamailio, "sip:bob@example.com")
    statuses = [eager.write("very slow").status for _ in range(53)]
    assert statuses[:51] == [202] * 51  # one in work, unless it is taken later
    assert statuses[52] == 480
    assert other.ask("hello") == "You said: hello"


def test_addresses_that_would_fill_a_packet_are_refused(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    customer = start_client(kamailio, f"sip:{'x' * 2000}@example.com", transport="tcp")
    assert customer.write("hello").status == 400
    assert start_client(kamailio).ask("hello") == "You said: hello"
    assert heard(simulator) == ["hello"]


@pytest.mark.parametrize(
    ("environment", "settings", "complaint"),
    [
        ({"POLYAI_API_KEY": ""}, {}, "api_key"),
        ({"POLYAI_TOKEN": ""}, {}, "token"),
        ({}, {"peers": ""}, "peers is empty"),
        ({}, {"peers": " , "}, "peers is empty"),
    ],
)
def test_what_is_empty_is_missing(
    simulator: Simulator,
    start_kamailio: StartKamailio,
    environment: dict[str, str],
    settings: dict[str, str],
    complaint: str,
) -> None:
    kamailio = start_kamailio({**simulator.environment, **environment}, wait=False, **settings)
    assert kamailio.wait() != 0
    assert complaint in kamailio.log
