"""The agent hands off, and a human takes over."""

from __future__ import annotations

from conftest import StartClient, StartKamailio, heard
from kamailio_process import Kamailio
from polyai_chat_testing import Simulator
from sip_client import CUSTOMER, SipClient


def human_for(kamailio: Kamailio, start_client: StartClient) -> SipClient:
    """Somebody at a desk; `humans` of Kamailio's settings is changed to be this one."""
    human = start_client(kamailio, "sip:human@example.com")
    kamailio.change_settings(humans={"default": f"sip:human@127.0.0.1:{human.port}"})
    kamailio.control("app_lua.reload")
    return human


def test_the_human_gets_the_message_and_all_later_ones(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    human, customer = human_for(kamailio, start_client), start_client(kamailio)

    assert customer.ask("human, please") == "I am putting you through."
    first = human.next_message()
    kamailio.wait_until_idle()
    assert first.text == "human, please"
    assert first.header("from").startswith(f"<{CUSTOMER}>")
    assert first.header("x-polyai-handoff-destination") == "returns-desk"
    assert first.header("x-polyai-handoff-reason") == "customer_request"
    assert first.header("x-polyai-conversation") == simulator.conversations()[0]["id"]

    request = customer.request("My order is 4821 👍")
    customer.send(request)
    later = human.next_message()
    assert later.text == "My order is 4821 👍"
    assert later.header("from") == f"<{CUSTOMER}>;tag=customer", "it is the customer's own request"
    assert customer.reply_to(request).status == 200, "the human's answer, not ours"
    assert heard(simulator) == ["human, please"]


def test_messages_written_during_the_turn_that_hands_off_reach_the_human_too(
    start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    rule = "[[rules]]\npattern = 'human'\nreply = 'One moment.'\ndelay_ms = 3000\nhandoff = {}"
    with Simulator(script=f"greeting = 'Hello'\ndefault_reply = 'You said: {{message}}'\n{rule}") as simulator:
        kamailio = start_kamailio(simulator.environment)
        human, customer = human_for(kamailio, start_client), start_client(kamailio)
        for text in ("human", "order 4821", "are you there?"):
            assert customer.write(text).status == 202
        assert [human.next_message().text for _ in range(3)] == ["human", "order 4821", "are you there?"]
        assert customer.next_message().text == "One moment."
        assert heard(simulator) == ["human"]


def test_destinations_have_their_own_humans(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    returns, others = start_client(kamailio), start_client(kamailio)
    kamailio.change_settings(
        humans={"default": f"sip:desk@127.0.0.1:{others.port}", "returns-desk": f"sip:returns@127.0.0.1:{returns.port}"}
    )
    kamailio.control("app_lua.reload")
    start_client(kamailio, "sip:bob@example.com").ask("human")
    assert returns.next_message().header("x-polyai-handoff-destination") == "returns-desk"
    start_client(kamailio, "sip:carol@example.com").ask("billing")
    billing = others.next_message()
    assert billing.header("x-polyai-handoff-destination") == "billing"
    assert billing.header("x-polyai-handoff-reason") == "two  lines", "a header of ours, not one of the agent's making"


def test_nobody_to_take_over_is_said(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment, humans={}))
    assert customer.ask("human") == "I am putting you through."
    assert customer.next_message().text == "Sorry, nobody is there to take over right now. Please try again later."
    assert customer.ask("Then you again") == "You said: Then you again"


def test_a_human_who_is_gone_is_an_error_that_the_customer_sees(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    human, customer = human_for(kamailio, start_client), start_client(kamailio)
    customer.ask("human")
    human.next_message()
    kamailio.wait_until_idle()
    human.answers_messages = False
    request = customer.request("Hello?")
    customer.send(request)
    human.answer(human.next_message(), 480, "Temporarily Unavailable")
    assert customer.reply_to(request).status == 480


def test_a_human_who_does_not_take_the_first_message_is_said(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    human, customer = human_for(kamailio, start_client), start_client(kamailio)
    human.answers_messages = False
    customer.ask("human")
    human.answer(human.next_message(), 404, "Not Found")
    assert customer.next_message().text == "Sorry, nobody is there to take over right now. Please try again later."


def test_the_handoff_outlives_a_restart(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    human, customer = human_for(kamailio, start_client), start_client(kamailio)
    customer.ask("human")
    human.next_message()
    kamailio.wait_until_idle()
    kamailio.stop()
    kamailio.start()
    customer.send(customer.request("Still there?"))
    assert human.next_message().text == "Still there?"
    assert heard(simulator) == ["human"]
