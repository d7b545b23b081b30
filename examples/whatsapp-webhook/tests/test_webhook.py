"""The webhook with a real uvicorn, a double of Graph and the simulator: who wrote what, and who got it how often."""

from __future__ import annotations

import json
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from polyai_chat_testing import Simulator

from conftest import NUMBER, PATIENCE, SECRET, Webhook, notification, text_message, until
from graph_double import GraphDouble, Sent

SAM = "447700900123"


def heard(simulator: Simulator) -> list[str]:
    """What the agent was told, in order."""
    return [json.loads(one["body"])["message"] for one in simulator.received() if one["operation"] == "respond"]


def texts(sent: list[Sent]) -> list[str]:
    return [message.text for message in sent]


# What Meta asks for.


def test_meta_verifies_the_webhook(webhook: Webhook) -> None:
    answer = webhook.verify()
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert webhook.verify(token="wrong").status_code == 403
    assert webhook.verify(token="wr\u00f6ng").status_code == 403
    assert webhook.verify(mode="unsubscribe").status_code == 403


def test_only_what_meta_signed_is_taken(webhook: Webhook, simulator: Simulator) -> None:
    content = notification(text_message("wamid.1", "hello"))
    assert webhook.post(content, secret="wrong").status_code == 401
    assert webhook.post(content, headers={}).status_code == 401
    for signature in ("", "sha256=", "sha1=00", "sha256=" + "\u00fc" * 64, "sha256=" + "0" * 64):
        raw = {"X-Hub-Signature-256": signature.encode("latin-1").decode("latin-1")}
        assert webhook.post(content, headers={k: v.encode("latin-1") for k, v in raw.items()}).status_code == 401  # type: ignore[misc]
    assert webhook.post(b"no JSON").status_code == 400
    assert webhook.post(b"\xff").status_code == 400
    assert webhook.post(b" " * (5 * 1024 * 1024)).status_code == 413
    assert simulator.received() == []


def test_the_signature_is_that_of_the_bytes(webhook: Webhook, graph: GraphDouble) -> None:
    """Not of what would be written for the same JSON: Meta escapes what is not ASCII, and spaces are its own."""
    content = notification(text_message("wamid.1", "\u0645\u0631\u062d\u0628\u0627 \U0001f600"))
    for number, body in enumerate((json.dumps(content, indent=3), json.dumps(content, ensure_ascii=False))):
        assert webhook.post(body.replace("wamid.1", f"wamid.{number}").encode()).status_code == 200
    assert texts(graph.wait_for(2))[1] == "You said: \u0645\u0631\u062d\u0628\u0627 \U0001f600"


# Messages.


def test_a_message_is_answered(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "hello"))
    (sent,) = graph.wait_for(1)
    assert sent == Sent(NUMBER, SAM, "Hello, this is Acme.\n\nYou said: hello")
    webhook.deliver(text_message("wamid.2", "again"))
    assert texts(graph.wait_for(2))[1] == "You said: again"
    (created,) = [json.loads(one["body"]) for one in simulator.received() if one["operation"] == "create"]
    assert created == {"integration_attributes": {"profile_name": "Sam"}, "channel": "whatsapp"}


def test_a_message_that_is_delivered_again_is_answered_once(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble
) -> None:
    message = text_message("wamid.1", "slow")
    with ThreadPoolExecutor(8) as pool:  # while the first is under way
        for _ in pool.map(lambda _number: webhook.deliver(message), range(16)):
            pass
    graph.wait_for(1)
    webhook.deliver(message)
    webhook.deliver(text_message("wamid.2", "next"))
    assert len(graph.wait_for(2)) == 2
    assert heard(simulator) == ["slow", "next"]


def test_quick_messages_are_answered_in_order(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "very slow"))
    webhook.deliver(text_message("wamid.2", "2"), text_message("wamid.3", "3"))
    webhook.deliver(text_message("wamid.4", "other", sender="447700900999"))
    sent = graph.wait_for(4)
    assert sent[0].to == "447700900999", "another customer does not wait"
    assert texts(sent)[1:] == ["Hello, this is Acme.\n\nVery slowly: very slow", "You said: 2", "You said: 3"]
    assert [text for text in heard(simulator) if text != "other"] == ["very slow", "2", "3"]


def test_several_entries_changes_and_messages(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    content = notification(text_message("wamid.1", "one"), text_message("wamid.2", "two"))
    second = notification(text_message("wamid.3", "three"))["entry"][0]
    second["changes"] += notification(text_message("wamid.4", "four"))["entry"][0]["changes"]
    content["entry"].append(second)
    assert webhook.post(content).status_code == 200
    graph.wait_for(4)
    assert heard(simulator) == ["one", "two", "three", "four"]


def test_what_is_no_message_is_passed_by(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    reaction = {"from": SAM, "id": "wamid.r", "type": "reaction", "reaction": {"emoji": "\U0001f600"}}
    statuses = notification(statuses=[{"id": "wamid.out", "status": "delivered", "recipient_id": SAM}])
    other_field = notification(text_message("wamid.f", "hello"))
    other_field["entry"][0]["changes"][0]["field"] = "message_template_status_update"
    odd: list[Any] = [
        statuses,
        notification(reaction),
        other_field,
        {},
        [],
        None,
        {"entry": 3},
        {"entry": [{"changes": {}}]},
    ]
    odd += [notification({"from": SAM}), notification({"from": 3, "id": "x", "type": "text"})]
    odd += [{"entry": [{"changes": [{"field": "messages", "value": None}]}]}]
    for content in odd:
        assert webhook.post(content).status_code == 200, content
    webhook.deliver(text_message("wamid.1", "hello"))
    graph.wait_for(1)
    assert heard(simulator) == ["hello"]


def test_a_picture_is_answered_politely_and_once(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    picture = {"from": SAM, "id": "wamid.p", "type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}}
    webhook.deliver(picture)
    webhook.deliver(picture)
    assert texts(graph.wait_for(1)) == ["Sorry, I can only read text. Could you write it, please?"]
    captioned = {**picture, "id": "wamid.q", "image": {"id": "1", "caption": "It is broken"}}
    button = {"id": "wamid.b", "from": SAM, "type": "interactive"}
    button["interactive"] = {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}}  # type: ignore[assignment]
    webhook.deliver(captioned, button)
    graph.wait_for(3)
    assert heard(simulator) == ["It is broken", "Yes"]


def test_odd_texts(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "nul \0 and \x1b"))
    graph.wait_for(1)
    webhook.deliver(text_message("wamid.2", "\U0001f600" * 4096))
    sent = graph.wait_for(3)
    assert texts(sent)[1] + texts(sent)[2] == "You said: " + "\U0001f600" * 4096
    webhook.deliver(text_message("wamid.3", "half \ud83d of a pair"))
    assert texts(graph.wait_for(4))[3] == "You said: half \ufffd of a pair"


# The agent.


def test_a_handoff(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "human"))
    assert "I am putting you through." in graph.wait_for(1)[0].text
    webhook.deliver(text_message("wamid.2", "my order is broken"))
    told = webhook.told_to_humans(2)
    assert [one["destination"] for one in told] == ["returns-desk"] * 2
    assert (told[1]["text"], told[1]["why"]) == ("my order is broken", "customer_request")
    assert stat.S_IMODE(webhook.humans.stat().st_mode) == stat.S_IMODE(webhook.store.stat().st_mode) == 0o600
    assert heard(simulator) == ["human"]
    assert len(graph.sent) == 1


def test_after_the_end_another_conversation_begins(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "bye"))
    graph.wait_for(1)
    webhook.deliver(text_message("wamid.2", "hello"))
    assert texts(graph.wait_for(2))[1] == "Hello, this is Acme.\n\nYou said: hello"
    assert simulator.requests_to("create") == 2


def test_an_agent_who_refuses_for_a_while(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """429: nothing was said, so it is tried again, and in order."""
    simulator.fail({"answer": {"status": 429}}, {"operation": "respond"})
    webhook.deliver(text_message("wamid.1", "one"))
    assert simulator.wait_for("respond", 1, PATIENCE)
    webhook.deliver(text_message("wamid.2", "two"))
    simulator.clear_faults()
    assert [text.rpartition("You said: ")[2] for text in texts(graph.wait_for(2))] == ["one", "two"]


def test_an_agent_who_may_have_heard(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """5xx: it is not said again; a human looks, and the customer is told."""
    simulator.fail({"answer": {"status": 502}}, {"operation": "respond", "nth": 1})
    webhook.deliver(text_message("wamid.1", "hello"))
    (told,) = webhook.told_to_humans(1)
    assert (told["text"], told["message_id"]) == ("hello", "wamid.1")
    assert "may have heard it" in told["why"]
    assert texts(graph.wait_for(1)) == ["Sorry, I cannot answer right now. A colleague will get back to you."]
    webhook.deliver(text_message("wamid.1", "hello"))
    webhook.deliver(text_message("wamid.2", "next"))
    assert "You said: next" in graph.wait_for(2)[1].text
    assert heard(simulator) == ["hello", "next"]


@pytest.mark.parametrize("status", [401, None])
def test_an_agent_who_is_gone(
    stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble, status: int | None
) -> None:
    """Nobody listens, or the key is refused: it is tried for a while, then a human has it."""
    wrong = {"POLYAI_API_KEY": "wrong"} if status else {"POLYAI_BASE_URL": "http://127.0.0.1:9"}
    stopped_webhook.start(1, WHATSAPP_GIVE_UP_SECONDS="0.5", **wrong)
    stopped_webhook.deliver(text_message("wamid.1", "hello"))
    (told,) = stopped_webhook.told_to_humans(1)
    assert (told["text"], told["why"]) == ("hello", "the agent could not be reached")
    assert texts(graph.wait_for(1)) == ["Sorry, I cannot answer right now. A colleague will get back to you."]
    assert heard(simulator) == []


def test_an_agent_who_is_slow(stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    stopped_webhook.start(WHATSAPP_TURN_SECONDS="0.5")
    stopped_webhook.deliver(text_message("wamid.1", "never"))
    (told,) = stopped_webhook.told_to_humans(1)
    assert "may have heard it" in told["why"]
    assert heard(simulator) == ["never"]


# Graph.


@pytest.mark.parametrize("refusal", [(429, 130429), (400, 131056), (503, 2)])
def test_graph_refuses_for_a_while(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble, refusal: tuple[int, int]
) -> None:
    graph.refusals.extend([refusal, refusal])
    webhook.deliver(text_message("wamid.1", "hello"))
    assert "You said: hello" in graph.wait_for(1)[0].text
    assert graph.asked == 3
    assert heard(simulator) == ["hello"]


def test_the_access_token_has_expired(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    graph.token = "newer-token"
    webhook.deliver(text_message("wamid.1", "hello"))
    graph.wait_until_asked(2)
    webhook.token.write_text("newer-token\n")
    assert "You said: hello" in graph.wait_for(1)[0].text
    assert heard(simulator) == ["hello"]
    assert "newer-token" not in webhook.log.read_text()


def test_graph_refuses_for_good(webhook: Webhook, graph: GraphDouble) -> None:
    """131047: a customer who wrote more than a day ago."""
    graph.refusals.append((400, 131047))
    webhook.deliver(text_message("wamid.1", "hello"))
    (told,) = webhook.told_to_humans(1)
    assert told["why"] == "the answer could not be sent"
    webhook.deliver(text_message("wamid.2", "next"))
    assert texts(graph.wait_for(1)) == ["You said: next"]
    assert graph.asked == 2


def test_graph_hangs_up_after_it_has_sent(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """Nobody knows: the customer gets it once more rather than never, and the agent hears nothing of it."""
    graph.refusals.append(None)
    webhook.deliver(text_message("wamid.1", "hello"))
    assert len(set(graph.wait_for(2))) == 1
    assert heard(simulator) == ["hello"]


# Processes.


def test_killed_in_the_middle_of_a_turn(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """What was under way is a human's, what waited behind it is answered; nothing is said twice."""
    webhook.deliver(text_message("wamid.1", "never"))
    assert simulator.wait_for("respond", 1, PATIENCE)
    webhook.deliver(text_message("wamid.2", "second"), text_message("wamid.3", "third"))
    webhook.kill()
    webhook.start()
    webhook.deliver(text_message("wamid.1", "never"))  # again, since Meta knows nothing of it
    (told,) = webhook.told_to_humans(1)
    assert (told["text"], told["message_id"]) == ("never", "wamid.1")
    until(lambda: len(heard(simulator)) >= 3)
    graph.wait_for(3)
    assert heard(simulator) == ["never", "second", "third"]


def test_killed_before_the_answer_was_sent(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    graph.refuses_always = (429, 130429)
    webhook.deliver(text_message("wamid.1", "hello"))
    graph.wait_until_asked(1)
    webhook.kill()
    graph.refuses_always = None
    webhook.start()
    assert "You said: hello" in graph.wait_for(1)[0].text
    assert heard(simulator) == ["hello"]


def test_a_graceful_stop_lets_a_turn_finish(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "slow"))
    assert simulator.wait_for("respond", 1, PATIENCE)
    webhook.stop()
    assert "Slowly: slow" in graph.wait_for(1, 0)[0].text
    assert "Traceback" not in webhook.log.read_text()


def test_a_graceful_stop_does_not_wait_for_ever(
    stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble
) -> None:
    stopped_webhook.start(WHATSAPP_STOP_SECONDS="0.2")
    stopped_webhook.deliver(text_message("wamid.1", "never"))
    assert simulator.wait_for("respond", 1, PATIENCE)
    stopped_webhook.deliver(text_message("wamid.2", "second"))
    stopped_webhook.stop()
    with closing(sqlite3.connect(stopped_webhook.store)) as database:
        states = database.execute("SELECT message_id, state FROM messages ORDER BY number").fetchall()
    assert states == [("wamid.1", "parked"), ("wamid.2", "accepted")], "what is true, for whoever comes next"
    assert "Traceback" not in stopped_webhook.log.read_text()
    stopped_webhook.start()
    assert [one["message_id"] for one in stopped_webhook.told_to_humans(1)] == ["wamid.1"]
    graph.wait_for(2)
    assert heard(simulator) == ["never", "second"]


def test_several_workers_share_the_store(stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    stopped_webhook.start(workers=3)
    customers = [f"4477009{number:05}" for number in range(6)]

    def write(customer: str) -> None:
        for number in range(3):
            message = text_message(f"wamid.{customer}.{number}", f"{customer} {number}", customer)
            stopped_webhook.deliver(message)
            stopped_webhook.deliver(message)

    with ThreadPoolExecutor(6) as pool:
        for _ in pool.map(write, customers):
            pass
    sent = graph.wait_for(18)
    for customer in customers:
        expected = [f"{customer} {number}" for number in range(3)]
        assert [text for text in heard(simulator) if text.startswith(customer)] == expected
        got = [message.text.rpartition("You said: ")[2] for message in sent if message.to == customer]
        assert sorted(got) == expected
    assert simulator.requests_to("create") == 6
    stopped_webhook.stop()
    assert len(graph.sent) == 18


def test_secrets_are_in_no_file(webhook: Webhook, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "hello"))
    graph.wait_for(1)
    graph.refusals.append((400, 131047))
    webhook.deliver(text_message("wamid.2", "private words"))
    webhook.told_to_humans(1)
    webhook.stop()
    for file in filter(Path.is_file, webhook.folder.iterdir()):
        content = file.read_bytes()
        for secret in (SECRET, "simulator-key", "simulator-token"):
            assert secret.encode() not in content, file
    assert b"private words" not in webhook.log.read_bytes()
