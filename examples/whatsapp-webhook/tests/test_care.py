"""What a careful operator wants: nothing of a customer is lost, nothing comes twice, nobody waits for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest
from polyai_chat_testing import Simulator

from conftest import EXAMPLE, NUMBER, PATIENCE, SECRET, VERIFY_TOKEN, Webhook, notification, text_message, until
from graph_double import GraphDouble
from test_webhook import SAM, heard, texts

TEXT_ONLY = "Sorry, I can only read text. Could you write it, please?"
IMAGE = {"id": "2754859441498128", "mime_type": "image/jpeg"}


def media(message_id: str, kind: str = "image", **content: Any) -> dict[str, Any]:
    return {"from": SAM, "id": message_id, "timestamp": "1", "type": kind, kind: {**IMAGE, **content}}


def hand_over(webhook: Webhook) -> None:
    webhook.deliver(text_message("wamid.h", "human"))
    webhook.told_to_humans(1)


# After a handoff.


@pytest.mark.parametrize("kind", ["image", "audio", "video", "document", "sticker", "location", "contacts"])
def test_what_a_human_has_to_see_reaches_them(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble, kind: str
) -> None:
    hand_over(webhook)
    webhook.deliver(media("wamid.p", kind))
    webhook.deliver(media("wamid.p", kind))
    told = webhook.told_to_humans(2)[1]
    assert (told["message_id"], told["text"], told["why"]) == ("wamid.p", None, "customer_request")
    assert (told["destination"], told["attachment"]) == ("returns-desk", {"type": kind, kind: IMAGE})
    webhook.deliver(text_message("wamid.2", "see?"))
    assert [one["message_id"] for one in webhook.told_to_humans(3)] == ["wamid.h", "wamid.p", "wamid.2"]
    assert TEXT_ONLY not in texts(graph.wait_for(1))
    assert len(graph.sent) == 1


def test_a_picture_and_its_caption_reach_them(webhook: Webhook, simulator: Simulator) -> None:
    hand_over(webhook)
    webhook.deliver(media("wamid.p", caption="It is broken"))
    told = webhook.told_to_humans(3)[1:]
    assert {one["text"] for one in told} == {"It is broken"}
    assert [one["attachment"] for one in told if "attachment" in one] == [
        {"type": "image", "image": {**IMAGE, "caption": "It is broken"}}
    ]
    assert heard(simulator) == ["human"]


def test_a_picture_during_the_turn_that_hands_over(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """It waits for what comes of the turn."""
    simulator.fail({"delay": {"before": "turn", "ms": 1500}}, {"operation": "respond", "nth": 1})
    webhook.deliver(text_message("wamid.h", "human"))
    assert simulator.wait_for("respond", 1, PATIENCE)
    webhook.deliver(media("wamid.p"))
    assert [one["message_id"] for one in webhook.told_to_humans(2)] == ["wamid.h", "wamid.p"]
    assert len(graph.sent) == 1


def test_a_picture_survives_a_killed_process(stopped_webhook: Webhook, graph: GraphDouble) -> None:
    """Nobody could be told: the folder was not there."""
    folder = stopped_webhook.folder / "later"
    stopped_webhook.humans = folder / "for_humans.jsonl"
    folder.mkdir()
    stopped_webhook.start()
    hand_over(stopped_webhook)
    stopped_webhook.humans.rename(stopped_webhook.folder / "moved")
    folder.rmdir()
    stopped_webhook.deliver(media("wamid.p"))
    until(lambda: "cannot be told" in stopped_webhook.log.read_text())
    stopped_webhook.kill()
    folder.mkdir()
    stopped_webhook.start()
    (told,) = stopped_webhook.told_to_humans(1)
    assert told["attachment"] == {"type": "image", "image": IMAGE}


# What comes in.


def test_a_correction_reaches_the_agent(webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    webhook.deliver(text_message("wamid.1", "order 4711"))
    graph.wait_for(1)
    corrected = {"type": "text", "text": {"body": "order 4712"}, "context": {"id": "wamid.1"}}
    edit = {
        "from": SAM,
        "id": "wamid.2",
        "type": "edit",
        "edit": {"original_message_id": "wamid.1", "message": corrected},
    }
    webhook.deliver(edit)
    webhook.deliver(edit)
    assert texts(graph.wait_for(2))[1] == "You said: order 4712"
    caption = {"type": "image", "image": {**IMAGE, "caption": "this one"}}
    webhook.deliver({**edit, "id": "wamid.3", "edit": {"original_message_id": "wamid.0", "message": caption}})
    assert texts(graph.wait_for(3))[2] == "You said: this one"
    for number, odd in enumerate(
        ({}, None, {"message": None}, {"message": {"type": 3}}, {"message": {"type": "edit"}})
    ):
        webhook.deliver({**edit, "id": f"wamid.odd{number}", "edit": odd})
    graph.wait_for(8)
    assert heard(simulator) == ["order 4711", "order 4712", "this one"]


def test_what_whatsapp_cannot_show_is_answered(webhook: Webhook, graph: GraphDouble) -> None:
    """Polls and the like, and edits where Meta does not pass them on."""
    unsupported = {"from": SAM, "id": "wamid.u", "type": "unsupported", "errors": [{"code": 131051, "title": "no"}]}
    webhook.deliver(unsupported)
    assert texts(graph.wait_for(1)) == [TEXT_ONLY]


@pytest.mark.parametrize("where", ["message", "contact"])
def test_a_customer_with_a_username_and_no_number(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble, where: str
) -> None:
    user = "GB.13491208655302741918"
    message = text_message("wamid.1", "hello")
    del message["from"]
    if where == "message":
        message["from_user_id"] = user
    contact = {"profile": {"name": "Sam", "username": "@sam"}, "user_id": user}
    content = notification(text_message("", ""), contacts=[contact])
    content["entry"][0]["changes"][0]["value"]["messages"] = [message]
    assert webhook.post(content).status_code == 200
    (sent,) = graph.wait_for(1)
    assert (sent.number, sent.to) == (NUMBER, user)
    assert "You said: hello" in sent.text
    assert heard(simulator) == ["hello"]


@pytest.mark.parametrize(
    "sender", ["../../evil", "447700900123/messages", "\r\n", "sam", "\u0661\u0662", "x" * 500, ""]
)
def test_odd_senders_are_passed_by(webhook: Webhook, simulator: Simulator, graph: GraphDouble, sender: str) -> None:
    webhook.deliver(text_message("wamid.1", "evil", sender))
    webhook.deliver(text_message("wamid.2", "hello"))
    assert graph.wait_for(1)[0].to == SAM
    assert heard(simulator) == ["hello"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"entry": ' + b"1" * 5000 + b"}", b"null", b"3"])
def test_odd_bodies_are_no_defect(webhook: Webhook, body: bytes) -> None:
    assert webhook.post(body).status_code in (200, 400)


def test_a_customer_has_a_limit(stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """What is too much is for humans, and is not answered one by one."""
    stopped_webhook.start(WHATSAPP_MESSAGES_A_MINUTE="2")
    for number in range(4):
        stopped_webhook.deliver(text_message(f"wamid.{number}", f"number {number}"))
    told = stopped_webhook.told_to_humans(2)
    assert [(one["text"], one["why"]) for one in told] == [(f"number {n}", "too many messages") for n in (2, 3)]
    stopped_webhook.deliver(text_message("wamid.9", "somebody else", sender="447700900999"))
    graph.wait_for(3)
    assert sorted(heard(simulator)) == ["number 0", "number 1", "somebody else"]


# What goes out.


@pytest.mark.parametrize("restart", [False, True])
def test_a_long_answer_goes_on_where_it_was_refused(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble, restart: bool
) -> None:
    webhook.deliver(text_message("wamid.0", "hello"))
    graph.wait_for(1)
    words = "".join(chr(0x4E00 + number) for number in range(4090)) + "the end of it"
    graph.refuse_after = (1, (429, 130429))  # the first part is taken, later ones are refused
    webhook.deliver(text_message("wamid.1", words))
    graph.wait_until_asked(4)
    if restart:
        webhook.kill()
        webhook.start()
    graph.refuse_after = None
    sent = texts(graph.wait_for(3))
    assert sent[1] + sent[2] == f"You said: {words}"
    webhook.deliver(text_message("wamid.2", "next"))
    assert texts(graph.wait_for(4))[3] == "You said: next"
    assert heard(simulator) == ["hello", words, "next"]


def test_patience_ends_in_time(stopped_webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> None:
    """The service asks for an hour: a human has the message before the customer has waited for too long."""
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 3600}}}, {"operation": "respond"})
    stopped_webhook.start(WHATSAPP_GIVE_UP_SECONDS="60")
    stopped_webhook.deliver(text_message("wamid.1", "hello"))
    (told,) = stopped_webhook.told_to_humans(1)
    assert told["text"] == "hello"
    assert texts(graph.wait_for(1)) == ["Sorry, I cannot answer right now. A colleague will get back to you."]
    simulator.clear_faults()
    stopped_webhook.deliver(text_message("wamid.2", "next"))
    assert "You said: next" in graph.wait_for(2)[1].text


@pytest.mark.parametrize("token", [None, "", "two words", "caf\u00e9", "line\nbreak"])
def test_a_token_that_cannot_be_read_for_a_moment(
    webhook: Webhook, simulator: Simulator, graph: GraphDouble, token: str | None
) -> None:
    """While it is replaced, say: the answer is sent as soon as it is there again."""
    before = webhook.token.read_text()
    if token is None:
        webhook.token.unlink()
    else:
        webhook.token.write_text(token)
    webhook.deliver(text_message("wamid.1", "hello"))
    until(lambda: "access token" in webhook.log.read_text())
    began = time.monotonic()
    webhook.token.write_text(before)
    assert "You said: hello" in graph.wait_for(1)[0].text
    assert time.monotonic() - began < 30, "not when somebody else would have got it, after minutes"
    assert heard(simulator) == ["hello"]


def test_humans_who_cannot_be_told_for_a_moment(stopped_webhook: Webhook, graph: GraphDouble) -> None:
    folder = stopped_webhook.folder / "later"
    stopped_webhook.humans = folder / "for_humans.jsonl"
    stopped_webhook.start()
    stopped_webhook.deliver(text_message("wamid.1", "human"))
    until(lambda: "No such file" in stopped_webhook.log.read_text())
    folder.mkdir()
    (told,) = stopped_webhook.told_to_humans(1)
    assert told["text"] is None or told["text"] == "human"
    assert "I am putting you through." in graph.wait_for(1)[0].text


# Settings.


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"WHATSAPP_APP_SECRET": ""}, "WHATSAPP_APP_SECRET is not set"),
        ({"WHATSAPP_APP_SECRET": " "}, "WHATSAPP_APP_SECRET is not set"),
        ({"WHATSAPP_VERIFY_TOKEN": ""}, "WHATSAPP_VERIFY_TOKEN is not set"),
        ({"WHATSAPP_ACCESS_TOKEN": ""}, "WHATSAPP_ACCESS_TOKEN is not set"),
        ({"WHATSAPP_TURN_SECONDS": "nan"}, "WHATSAPP_TURN_SECONDS is 'nan'"),
        ({"WHATSAPP_GIVE_UP_SECONDS": "-1"}, "WHATSAPP_GIVE_UP_SECONDS is '-1'"),
        ({"WHATSAPP_GRAPH_URL": "graph.facebook.com"}, "WHATSAPP_GRAPH_URL is"),
        ({"WHATSAPP_GRAPH_URL": "http://graph.facebook.com"}, "WHATSAPP_GRAPH_URL is"),
        ({"WHATSAPP_GRAPH_URL": "http://127.0.0.1.example"}, "WHATSAPP_GRAPH_URL is"),
        ({"WHATSAPP_GRAPH_URL": "http://10.0.0.1"}, "WHATSAPP_GRAPH_URL is"),
    ],
)
def test_a_wrong_setting_stops_the_start(variables: dict[str, str], complaint: str) -> None:
    given = {"WHATSAPP_APP_SECRET": SECRET, "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN, "WHATSAPP_ACCESS_TOKEN": "x"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHATSAPP_")}
    command = [sys.executable, "-c", "import app"]
    done = subprocess.run(
        command, cwd=EXAMPLE, env={**environment, **given, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert complaint in done.stderr


def test_the_verify_token_is_not_in_the_log(webhook: Webhook) -> None:
    assert webhook.verify().status_code == 200
    log = webhook.log.read_text()
    assert '"GET /webhook HTTP/1.1" 200' in log
    assert VERIFY_TOKEN not in log
    assert "hub." not in log


def test_an_empty_secret_signs_nothing(webhook: Webhook) -> None:
    assert webhook.post(notification(text_message("wamid.1", "forged")), secret="").status_code == 401
    question = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    assert httpx.get(webhook.url, params=question, timeout=PATIENCE).status_code == 403
