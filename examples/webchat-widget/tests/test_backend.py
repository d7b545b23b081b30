"""The server by itself: who may speak, how much, how often, and what becomes of it when something dies."""

from __future__ import annotations

import json
import re
import signal
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import KEY, PATIENCE, TOKEN, Customer, Server, wait_until
from webchat.settings import Settings

NEVER_MS = 600_000


def new_id() -> str:
    return str(uuid.uuid4())


def lines(answer: httpx.Response) -> list[tuple[str, str]]:
    """What is in the view, and who said it."""
    return [(line["who"], line["text"]) for line in answer.json()["lines"]]


def own_line(answer: httpx.Response) -> dict[str, Any]:
    """The customer's last line."""
    own: dict[str, Any] = [line for line in answer.json()["lines"] if line["who"] == "customer"][-1]
    return own


# Who may speak.


def test_only_pages_that_may_have_the_widget_may_post(own_server: Callable[..., Server]) -> None:
    """By the origin that browsers name; a cookie alone is not enough."""
    shop = "https://www.shop.example"
    server = own_server(WEBCHAT_ORIGINS=f"{shop}, https://shop.example")
    customer = server.customer()
    customer.begin()
    for operation, body in (("open", {}), ("begin", {"after": 1}), ("end", {"number": 1})):
        for origin in ("https://evil.example", "null", "http://127.0.0.1", server.url + ".evil.example", None):
            if origin is None:
                del customer.http.headers["Origin"]
            else:
                customer.http.headers["Origin"] = origin
            refused = customer.post(operation, **body)
            assert (refused.status_code, refused.json()) == (403, {"problem": "origin"})
            assert "access-control-allow-origin" not in refused.headers
    customer.http.headers["Origin"] = shop
    allowed = customer.post("open")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == shop
    assert allowed.headers["access-control-allow-credentials"] == "true"
    as_form = customer.http.post("/chat/open", content="{}", headers={"Content-Type": "text/plain"})
    assert as_form.status_code == 415
    for origin, status in ((shop, 200), ("https://evil.example", 400)):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert customer.http.options("/chat/say", headers=headers).status_code == status


def test_nobody_reads_anothers_conversation(server: Server) -> None:
    """Neither with a cookie of one's own, nor with a made-up one, nor with ids of the other."""
    owner, other = server.customer(), server.customer()
    owner.begin()
    other.begin()
    message_id = new_id()
    assert ("agent", "You said: my secret") in lines(owner.say("my secret", message_id))
    assert "my secret" not in other.http.get("/chat/view").text
    # The same message id in another browser is another message.
    assert lines(other.say("my own", message_id))[1:] == [("customer", "my own"), ("agent", "You said: my own")]
    cookie = owner.http.cookies["webchat"]
    assert len(cookie) >= 43
    assert cookie != other.http.cookies["webchat"]
    for file in filter(Path.is_file, server.data.glob("*")):
        assert cookie.encode() not in file.read_bytes(), "who reads the files cannot take a customer's place"
    for forged in (cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), "", "x", "' OR 1=1 --", "ü"):
        stranger = server.customer()
        stranger.http.headers["Cookie"] = f"webchat={forged}"
        assert stranger.http.get("/chat/view").status_code == 401
        assert stranger.post("say", number=1, id=message_id, text="hello").status_code == 401
        opened = stranger.post("open")
        assert opened.json()["lines"] == []
        assert forged not in opened.headers["set-cookie"] or forged in ("", "x")
    assert server.simulator.requests_to("respond") == 2


def test_the_cookie_is_for_this_site_for_tls_and_for_no_script(own_server: Callable[..., Server]) -> None:
    """And the files are for their owner."""
    server = own_server(app="webchat.app:make_app", WEBCHAT_COOKIE_NEEDS_TLS="yes")
    opened = server.customer().post("open")
    name, *attributes = (part.strip().lower() for part in opened.headers["set-cookie"].split(";"))
    assert name.startswith("__host-webchat=")
    assert {"httponly", "samesite=strict", "secure", "path=/"} <= set(attributes)
    assert opened.headers["cache-control"] == "no-store"
    assert server.data.stat().st_mode & 0o777 == 0o700
    for name in ("chat.sqlite", "chat.sqlite-transcripts"):
        assert (server.data / name).stat().st_mode & 0o777 == 0o600


def test_keys_are_in_no_answer(server: Server) -> None:
    """Not in a body, not in a header; also where the service itself says them in an error."""
    customer = server.customer()
    answers = [
        customer.http.get(path) for path in ("/", "/shop/", "/widget/widget.js", "/widget/", "/nowhere", "/chat/say")
    ]
    answers += [customer.http.get(f"/widget/{path.name}") for path in (Path(__file__).parents[1] / "widget").iterdir()]
    answers += [customer.post("open"), customer.post("begin", after=0)]
    customer.number = 1
    answers += [customer.say("hello", new_id()), customer.say("human", new_id()), customer.post("end", number=1)]
    customer.begin()
    for status in (400, 401, 403, 404, 429, 500, 503):
        leak = {"status": status, "body": {"text": f"{KEY} {TOKEN}"}, "headers": [f"X-Echo: {KEY} {TOKEN}"]}
        server.simulator.fail({"answer": leak}, {"operation": "respond", "times": 3})
        answers.append(customer.say("hello", new_id()))
        server.simulator.clear_faults()
    answers += [
        customer.post("say", number="x"),
        customer.http.post("/chat/say", content="{"),
        customer.http.get("/chat/view"),
    ]
    assert len(answers) > 25
    for answer in answers:
        seen = answer.text + str(answer.headers.raw)
        for secret in (KEY, TOKEN, server.simulator.url, "simulator-account", "desk.internal"):
            assert secret not in seen, answer.request.url


# How much, and how often.


def test_only_sentences_of_a_size_are_taken(server: Server) -> None:
    """What is too large is refused before it is read; nothing of it reaches the agent."""
    customer = server.customer()
    customer.begin()
    half = {"number": 1, "id": new_id(), "text": "a\ud83dz"}
    refused = [
        (customer.say("x" * 4001, new_id()), 422, "too_long"),
        (customer.say("x" * 70_000, new_id()), 413, "too_long"),
        (customer.http.post("/chat/say", content=iter([b'"', b"x" * 70_000]), headers=JSON), 413, "too_long"),
        (customer.say("", new_id()), 422, "invalid"),
        (customer.say("hello", "no-uuid"), 422, "invalid"),
        (customer.http.post("/chat/say", content="{", headers=JSON), 422, "invalid"),
        (customer.http.post("/chat/say", content="[" * 60_000, headers=JSON), 400, "invalid"),
        (customer.post("say", number=1, id=new_id(), text=["x"]), 422, "invalid"),
        # Half of a character, which JavaScript can send and no text can hold.
        (customer.http.post("/chat/say", content=json.dumps(half), headers=JSON), 422, "invalid"),
    ]
    for answer, status, problem in refused:
        assert (answer.status_code, answer.json()) == (status, {"problem": problem})
    assert server.simulator.requests_to("respond") == 0


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("text", ["x" * 4000, "😀" * 4000, "مرحبا 👩‍👩‍👧", "a\x00b\x1b[31m\r\n\u202e"])
def test_any_text_arrives_as_it_is(server: Server, text: str) -> None:
    """Long ones, other writing systems, control characters."""
    customer = server.customer()
    customer.begin()
    assert lines(customer.say(text, new_id()))[-1] == ("agent", f"You said: {text}")
    assert server.heard() == [[text]]


def test_nobody_may_take_too_much(own_server: Callable[..., Server]) -> None:
    """Neither a browser that talks without end, nor an address that begins conversations, each of which costs one with
    the agent. The proxy says which address it is; of IPv6 a network counts as one. Others are not limited by that.
    """
    server = own_server(WEBCHAT_MESSAGES_A_MINUTE="3", WEBCHAT_CONVERSATIONS_AN_HOUR="2")

    def begins_from(address: str) -> int:
        customer = server.customer()
        customer.http.headers["X-Forwarded-For"] = address
        customer.post("open")
        return customer.post("begin", after=0).status_code

    assert [begins_from("203.0.113.9") for _ in range(3)] == [200, 200, 429]
    assert begins_from("203.0.113.10") == 200
    assert [begins_from(f"2001:db8::{number}") for number in range(3)] == [200, 200, 429]
    assert begins_from("2001:db8:0:1::1") == 200
    assert server.simulator.requests_to("create") == 6

    eager, other = server.customer(), server.customer()
    eager.begin()
    other.begin()
    message_ids = [new_id() for _ in range(4)]
    answers = [eager.say(str(number), message_id) for number, message_id in enumerate(message_ids)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
    assert answers[3].json()["problem"] == "too_many"
    assert eager.say("2", message_ids[2]).status_code == 200, "what became of a sentence may always be asked"
    assert other.say("hello", new_id()).status_code == 200
    assert server.simulator.requests_to("respond") == 4


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"DATABASE": ""}, "DATABASE is not set"),
        ({"WEBCHAT_ORIGINS": "https://shop.example/"}, "WEBCHAT_ORIGINS: 'https://shop.example/' is no origin"),
        ({"WEBCHAT_COOKIE_NEEDS_TLS": "maybe"}, "WEBCHAT_COOKIE_NEEDS_TLS is 'maybe': yes or no"),
        ({"WEBCHAT_TURN_SECONDS": "soon"}, "WEBCHAT_TURN_SECONDS is 'soon': a number"),
        ({"WEBCHAT_MESSAGES_A_MINUTE": "0"}, "WEBCHAT_MESSAGES_A_MINUTE is '0': a number from 1 on"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], complaint: str) -> None:
    """And what would be right."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Settings.from_env({"DATABASE": "/nowhere", **variables})


def test_a_server_without_keys_does_not_start(own_server: Callable[..., Server]) -> None:
    """It says what is missing."""
    server = own_server(app="webchat.app:make_app", POLYAI_TOKEN="")
    (process,) = server.processes
    assert process.wait(PATIENCE) != 0
    assert "token" in server.log.read_text()


# Once, in order, and truthfully.


def test_a_sentence_that_is_sent_again_is_said_once(server: Server) -> None:
    """At the same time and later, whichever of the processes it comes to; and a conversation begins once."""
    customer = server.customer()
    assert customer.post("open").status_code == 200
    cookie = customer.http.cookies["webchat"]

    def elsewhere() -> Customer:
        again = server.customer()
        again.http.headers["Cookie"] = f"webchat={cookie}"
        again.number = 1
        return again

    server.simulator.fail({"delay": {"before": "turn", "ms": 300}})
    with ThreadPoolExecutor(8) as threads:
        begun = list(threads.map(lambda _: elsewhere().post("begin", after=0), range(8)))
        assert {answer.status_code for answer in begun} == {200}
        message_id = new_id()
        said = list(threads.map(lambda _: elsewhere().say("Cancel my order", message_id), range(8)))
    said.append(elsewhere().say("Cancel my order", message_id))
    for answer in said:
        assert answer.status_code == 200
        assert lines(answer)[1:] == [("customer", "Cancel my order"), ("agent", "You said: Cancel my order")]
    assert server.simulator.requests_to("create") == 1
    assert server.simulator.requests_to("respond") == 1


def test_quick_sentences_are_answered_in_their_order(server: Server) -> None:
    """Of each customer, in all processes, and never two at a time."""
    customers = [server.customer() for _ in range(6)]
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(Customer.begin, customers))
        server.agent.hold("one of")
        first = [
            threads.submit(customer.say, f"one of {number}", new_id()) for number, customer in enumerate(customers)
        ]
        for customer in customers:
            wait_until(lambda customer=customer: len(lines(customer.http.get("/chat/view"))) == 2)  # type: ignore[misc]
        second = [
            threads.submit(customer.say, f"two of {number}", new_id()) for number, customer in enumerate(customers)
        ]
        for customer in customers:
            wait_until(lambda customer=customer: len(lines(customer.http.get("/chat/view"))) == 3)  # type: ignore[misc]
        server.agent.release()
        assert {answer.result().status_code for answer in first + second} == {200}
    assert sorted(server.heard()) == [[f"one of {n}", f"two of {n}"] for n in range(6)]
    assert {one["most_turns_in_flight"] for one in server.simulator.conversations()[-6:]} == {1}


@pytest.mark.parametrize(
    ("answer", "line", "requests"),
    [
        ({"status": 503}, {"state": "unknown", "because": "unanswered"}, 1),
        ({"status": 200, "body": {"text": "no JSON"}}, {"state": "unknown", "because": "unanswered"}, 1),
        ({"status": 401}, {"state": "not_sent", "because": "unavailable"}, 1),
        ({"status": 429, "retry_after": {"seconds": 60}}, {"state": "not_sent", "because": "busy", "wait_s": 60}, 1),
        ({"status": 422}, {"state": "not_sent", "because": "refused"}, 1),
    ],
)
def test_what_became_of_a_sentence_is_said_truthfully(
    server: Server, answer: dict[str, Any], line: dict[str, Any], requests: int
) -> None:
    """What was not sent may be sent again, with its id; what nobody knows is never said again with it."""
    customer = server.customer()
    customer.begin()
    server.simulator.fail({"answer": answer}, {"operation": "respond"})
    message_id = new_id()
    failed = own_line(customer.say("Cancel my order", message_id))
    assert {key: failed[key] for key in line} == line
    assert server.simulator.requests_to("respond") == requests
    server.simulator.clear_faults()
    again = customer.say("Cancel my order", message_id)
    if line["state"] == "unknown":
        assert own_line(again)["state"] == "unknown"
        assert server.heard() == [[]]
    else:
        assert own_line(again)["state"] == "said"
        assert server.heard() == [["Cancel my order"]]
    assert lines(customer.say("Are you there?", new_id()))[-1] == ("agent", "You said: Are you there?")


def test_an_agent_that_is_too_slow(own_server: Callable[..., Server]) -> None:
    """A customer waits as long as it is set, and is told that nobody knows."""
    server = own_server(WEBCHAT_TURN_SECONDS="1")
    customer = server.customer()
    customer.begin()
    server.simulator.fail({"delay": {"before": "headers", "ms": NEVER_MS}}, {"operation": "respond", "times": 1})
    assert own_line(customer.say("Cancel my order", new_id()))["state"] == "unknown"
    assert lines(customer.say("Hello?", new_id()))[-1] == ("agent", "You said: Hello?")


def test_an_agent_that_is_gone_costs_nothing(server: Server) -> None:
    """What was not sent is sent when the agent is back: once."""
    customer = server.customer()
    customer.begin()
    server.agent.cut()
    message_id = new_id()
    failed = own_line(customer.say("Cancel my order", message_id))
    assert (failed["state"], failed["because"]) == ("not_sent", "unavailable")
    newcomer = server.customer()
    newcomer.post("open")
    gone = newcomer.post("begin", after=0)
    assert (gone.status_code, gone.json()) == (503, {"problem": "unavailable"})
    server.agent.mend()
    assert lines(customer.say("Cancel my order", message_id))[-1] == ("agent", "You said: Cancel my order")
    assert newcomer.begin()["conversation"] == "open"
    assert server.heard() == [["Cancel my order"], []]


def test_a_conversation_that_the_service_has_ended(server: Server) -> None:
    """The sentence is said in a new one, and the customer is told."""
    customer = server.customer()
    customer.begin()
    server.simulator.end_conversation(server.conversation_id())
    assert lines(customer.say("Still there?", new_id()))[1:] == [
        ("customer", "Still there?"),
        ("notice", "The conversation before had ended. This is a new one."),
        ("agent", "Hello, this is Acme. How can I help?"),
        ("agent", "You said: Still there?"),
    ]
    assert lines(customer.say("And now?", new_id()))[-1] == ("agent", "You said: And now?")
    assert server.heard() == [[], ["Still there?", "And now?"]]


def test_after_the_end_nothing_is_said_to_anybody(server: Server) -> None:
    """Neither after the agent's goodbye nor after the customer's; a new conversation is asked for."""
    customer = server.customer()
    customer.begin()
    bye = customer.say("bye", new_id()).json()
    assert (bye["conversation"], bye["because"]) == ("over", "agent")
    late = customer.say("wait", new_id())
    assert (late.status_code, late.json()["problem"], late.json()["view"]["conversation"]) == (409, "over", "over")
    assert customer.begin()["number"] == 2
    ended = customer.post("end", number=2).json()
    assert (ended["conversation"], ended["because"]) == ("over", "you")
    assert server.simulator.requests_to("close") == 1
    customer.number = 1
    assert customer.say("in the first", new_id()).status_code == 409
    assert server.heard() == [["bye"], []]


def test_the_legacy_dialect(own_server: Callable[..., Server]) -> None:
    """It has no close: an end is an end for the customer all the same."""
    server = own_server(dialect="legacy")
    customer = server.customer()
    customer.begin()
    assert lines(customer.say("hello", new_id()))[-1] == ("agent", "You said: hello")
    assert customer.post("end", number=1).json()["conversation"] == "over"


# Restarts, crashes, time.


def test_a_process_that_is_killed_leaves_the_truth_behind(own_server: Callable[..., Server]) -> None:
    """The next one knows the conversation, and that nobody knows about the sentence; it never says it again."""
    server = own_server()
    customer = server.customer()
    customer.begin()
    customer.say("one", new_id())
    server.simulator.fail({"delay": {"before": "headers", "ms": NEVER_MS}}, {"operation": "respond", "times": 1})
    message_id = new_id()
    with ThreadPoolExecutor() as threads:
        lost = threads.submit(customer.say, "Cancel my order", message_id)
        assert server.simulator.wait_for("respond", 2, 40)
        server.stop(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            lost.result()
    server.start()
    assert own_line(customer.http.get("/chat/view"))["state"] == "under_way"
    # The page asks until it knows. That a process of another machine is dead is noticed after half a minute.
    wait_until(lambda: own_line(customer.say("Cancel my order", message_id))["state"] != "under_way")
    assert own_line(customer.http.get("/chat/view"))["state"] == "unknown"
    assert lines(customer.say("Did you?", new_id()))[-1] == ("agent", "You said: Did you?")
    assert server.simulator.requests_to("create") == 1
    assert server.simulator.requests_to("respond") == 3


def test_a_restart_waits_for_the_turn_and_closes_nothing(own_server: Callable[..., Server]) -> None:
    """SIGTERM: the turn under way is answered, and every conversation goes on in the next process."""
    server = own_server()
    customer, other = server.customer(), server.customer()
    customer.begin()
    other.begin()
    server.agent.hold("one")
    with ThreadPoolExecutor() as threads:
        turn = threads.submit(customer.say, "one", new_id())
        assert server.agent.held.wait(PATIENCE)
        stopped = threads.submit(server.stop, signal.SIGTERM)
        wait_until(lambda: "Shutting down" in server.log.read_text(), server.log.read_text)
        server.agent.release()
        assert stopped.result() == [-signal.SIGTERM]
        assert lines(turn.result())[-1] == ("agent", "You said: one")
    assert server.simulator.requests_to("close") == 0
    server.start()
    assert lines(customer.say("two", new_id()))[1:] == [
        ("customer", "one"),
        ("agent", "You said: one"),
        ("customer", "two"),
        ("agent", "You said: two"),
    ]
    assert lines(other.say("three", new_id()))[-1] == ("agent", "You said: three")
    assert server.simulator.requests_to("create") == 2


def test_a_slow_agent_holds_up_nobody_else(server: Server) -> None:
    """And a browser that leaves meanwhile finds the answer when it comes back."""
    slow, other = server.customer(), server.customer()
    slow.begin()
    other.begin()
    server.agent.hold("one")
    message_id = new_id()
    with ThreadPoolExecutor() as threads:
        leaving = threads.submit(
            slow.http.post, "/chat/say", json={"number": 1, "id": message_id, "text": "one"}, timeout=0.5
        )
        assert server.agent.held.wait(PATIENCE)
        assert lines(other.say("hello", new_id()))[-1] == ("agent", "You said: hello")
        assert own_line(slow.http.get("/chat/view"))["state"] == "under_way"
        with pytest.raises(httpx.ReadTimeout):
            leaving.result()
    server.agent.release()
    wait_until(lambda: own_line(slow.http.get("/chat/view"))["state"] == "said")
    assert lines(slow.say("one", message_id))[-1] == ("agent", "You said: one")
    assert server.simulator.requests_to("respond") == 2


def test_what_is_idle_is_closed_and_what_is_old_is_forgotten(own_server: Callable[..., Server]) -> None:
    """The customer is told, and may begin again; later nothing is known of them."""
    server = own_server(WEBCHAT_IDLE_SECONDS="1", WEBCHAT_KEEP_SECONDS="15", workers=2)
    customer = server.customer()
    customer.begin()
    assert server.simulator.wait_for("close", 1, 40)
    wait_until(lambda: customer.http.get("/chat/view").json()["conversation"] == "over")
    assert customer.http.get("/chat/view").json()["because"] == "idle"
    assert customer.say("hello?", new_id()).status_code == 409
    assert customer.begin()["number"] == 2
    # Both processes may ask for the same one to be closed, so requests are not counted: closing is idempotent.
    wait_until(lambda: [one["closed"] for one in server.simulator.conversations()] == [True, True])
    wait_until(lambda: customer.http.get("/chat/view").status_code == 401)


# The human desk.


def told(server: Server) -> list[dict[str, Any]]:
    """What the desk was told."""
    file = server.log.parent / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_customer_goes_to_the_desk_and_back(desk_server: Server) -> None:
    """With all that was said; what they say there goes to no agent, and to the desk once."""
    server = desk_server
    customer = server.customer()
    customer.begin()
    customer.say("hello", new_id())
    message_id = new_id()
    handed_over = customer.say("human", message_id)
    assert customer.say("human", message_id).json() == handed_over.json()
    assert handed_over.json()["is_with_human"] is True
    assert lines(handed_over)[-1][1] == "You are now with our returns desk, as you asked. What you write goes to them."
    (case,) = told(server)
    assert (case["destination"], case["reason"]) == ("returns-desk", "customer_request")
    assert case["raw"]["secret_queue"] == "sip:7001@desk.internal"
    assert case["conversation_id"] == server.conversation_id()
    assert case["said"][-2:] == [["customer", "human"], ["agent", "I am putting you through."]]

    message_id = new_id()
    for _ in range(2):
        assert own_line(customer.say("My order is late", message_id))["state"] == "said"
    assert [one.get("text") for one in told(server)[1:]] == ["My order is late"]
    assert server.simulator.requests_to("respond") == 2

    reference = case["reference"]
    assert (
        customer.http.post("/desk", json={"reference": reference, "text": "I look.", "is_done": False}).json() is True
    )
    assert lines(customer.http.get("/chat/view"))[-1] == ("agent", "I look.")
    customer.http.post("/desk", json={"reference": reference, "is_done": True})
    assert lines(customer.say("thanks", new_id()))[-1] == ("agent", "You said: thanks")
    assert len(server.heard()) == 1

    customer.say("human", new_id())
    customer.post("end", number=1)
    assert told(server)[-1] == {"what": "leaves", "reference": reference}
    late = customer.http.post("/desk", json={"reference": reference, "text": "Hello?", "is_done": False})
    assert late.json() is False


def test_a_desk_that_does_not_answer(desk_server: Server) -> None:
    """The customer is told, and stays with the agent; or may send again what the human did not get."""
    server, desk = desk_server, desk_server.log.parent
    customer = server.customer()
    customer.begin()
    (desk / "closed").touch()
    assert "could not reach our returns desk" in lines(customer.say("human", new_id()))[-1][1]
    assert lines(customer.say("hello", new_id()))[-1] == ("agent", "You said: hello")
    (desk / "closed").unlink()
    assert customer.say("human", new_id()).json()["is_with_human"] is True
    (desk / "closed").touch()
    message_id = new_id()
    assert own_line(customer.say("Are you there?", message_id))["state"] == "not_sent"
    (desk / "closed").unlink()
    assert own_line(customer.say("Are you there?", message_id))["state"] == "said"
    assert [one["what"] for one in told(server)] == ["case", "says"]


def test_without_a_desk_nobody_is_promised_one(own_server: Callable[..., Server]) -> None:
    """Nor are the agent's own names for places and reasons shown."""
    server = own_server(app="webchat.app:make_app")
    customer = server.customer()
    customer.begin()
    answer = customer.say("somebody", new_id())
    assert "could not reach a colleague" in lines(answer)[-1][1]
    assert answer.json()["is_with_human"] is False
    for secret in ("desk.internal", "policy-17"):
        assert secret not in answer.text
