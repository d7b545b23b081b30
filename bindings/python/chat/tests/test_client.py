"""A client: made from options, environment or profile; what it checks, shares, counts and ends."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conftest import SCRIPT
from polyai_chat import (
    OPTIONS,
    AuthenticationError,
    BusyError,
    CallCancelledError,
    ChatError,
    Client,
    ConfigurationError,
    Conversation,
    ConversationEndedError,
    DeadlineExceededError,
    InvalidArgumentError,
    NotConnectedError,
    NotFoundError,
    UnsupportedError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from pathlib import Path

KEYS: dict[str, Any] = {"api_key": "the-key", "token": "the-token"}
IDS: dict[str, Any] = {"account_id": "acme-uk", "project_id": "acme-team-4"}

NO_DURATIONS = [
    0,
    0.0,
    -1,
    -0.001,
    float("inf"),
    float("-inf"),
    float("nan"),
    timedelta(0),
    timedelta(seconds=-1),
    timedelta.max,
    86_401,
    1e300,
    10**400,
]
NOT_EVEN_NUMBERS = ["5", b"5", [5], (5,), Ellipsis]


def test_a_region_is_where_the_service_is() -> None:
    client = Client(region="uk", **IDS, **KEYS)
    assert client.base_url == "https://api.uk-1.platform.polyai.app"
    assert (client.dialect, client.proxy) == ("current", None)


def test_a_base_url_is_where_the_service_is() -> None:
    assert Client(base_url="https://chat.example/below", **IDS, **KEYS).base_url == "https://chat.example/below"


def test_a_studio_url_says_account_and_project_too() -> None:
    client = Client(studio_url="https://studio.us.poly.ai/acme/team", **KEYS)
    assert client.base_url == Client(region="us", **IDS, **KEYS).base_url
    with pytest.raises(ConfigurationError, match=r"account_id.*differs from \"acme\""):
        Client(studio_url="https://studio.us.poly.ai/acme/team", account_id="other", **KEYS)


@pytest.mark.parametrize("left_out", ["region", "base_url", "studio_url"])
def test_region_base_url_and_studio_url_are_one_choice(left_out: str) -> None:
    choices: dict[str, Any] = {
        "region": "us",
        "base_url": "https://chat.example",
        "studio_url": "https://studio.us.poly.ai/acme-uk/acme-team-4",
    }
    del choices[left_out]
    with pytest.raises(ConfigurationError, match="one choice") as caught:
        Client(**choices, **IDS, **KEYS)
    assert all(name in str(caught.value) for name in choices)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client()
    for name in ("region", "base_url", "studio_url", "account_id", "project_id", "api_key", "token"):
        assert name in str(caught.value)
    assert (caught.value.delivery, caught.value.kind) == ("not_sent", "configuration")


def test_a_keyword_that_is_no_option_is_refused_with_a_hint() -> None:
    untyped: Any = Client
    with pytest.raises(TypeError, match=r"timeout_ms.*did you mean timeout, in seconds"):
        untyped(region="uk", timeout_ms=5000)
    with pytest.raises(TypeError, match=r"regoin.*known are .*region"):
        untyped(regoin="uk")
    with pytest.raises(TypeError):
        untyped("uk")


@pytest.mark.parametrize(
    ("option", "wrong", "must_be"),
    [
        ("region", 5, "a str"),
        ("api_key", b"the-key", "a str"),
        ("max_attempts", 1.5, "a whole number"),
        ("max_attempts", True, "a whole number"),
        ("allow_plain_http", 0.0, "True or False"),
        ("ca_file", 5.0, "a path"),
        ("on_attempt", 5, "callable"),
    ],
)
def test_a_value_of_another_type_is_a_type_error(option: str, wrong: object, must_be: str) -> None:
    untyped: Any = Client
    with pytest.raises(TypeError, match=f"{option}.*{must_be}"):
        untyped(**{"region": "uk", **IDS, **KEYS, option: wrong})


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ("region", "mars"),
        ("base_url", "http://chat.example"),
        ("base_url", "ftp://chat.example"),
        ("studio_url", "https://chat.example"),
        ("dialect", "ancient"),
        ("account_id", "../other"),
        ("api_key", "two words"),
        ("token", ""),
        ("max_attempts", 0),
        ("max_attempts", 10**30),
        ("max_attempts", -1),
        ("retry_budget", -1),
        ("ca_file", "/nowhere/authorities.pem"),
        ("ca_pem", "no certificate"),
        ("proxy", "gopher://proxy"),
        ("user_agent", "two\nlines"),
    ],
)
def test_a_wrong_value_is_a_value_error_that_names_its_option(option: str, wrong: object) -> None:
    place = {} if option in ("base_url", "studio_url") else {"region": "uk"}
    untyped: Any = Client
    with pytest.raises(ConfigurationError, match=option) as caught:
        untyped(**{**place, **IDS, **KEYS, option: wrong})
    assert isinstance(caught.value, ValueError)


def test_a_flag_is_a_bool_and_none_is_not_given(simulator: Simulator) -> None:
    client = Client(**simulator.options, retry_503=False, allow_plain_http=True, region=None, max_attempts=None)
    assert client.create().greeting is not None


def test_the_environment_configures_a_client(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    for name, value in simulator.options.items():
        monkeypatch.setenv(f"POLYAI_{name.upper()}", str(value))
    monkeypatch.setenv("POLYAI_TIMEOUT_MS", "60000")
    assert Client.from_env().create().respond("x").response == "You said: x"
    with pytest.raises(AuthenticationError):
        Client.from_env(api_key="another").create()
    # A stronger source replaces the place as a whole.
    assert "uk" in Client.from_env(region="uk").base_url
    monkeypatch.setenv("POLYAI_TIMEOUT_MS", "soon")
    with pytest.raises(ConfigurationError, match="POLYAI_TIMEOUT_MS"):
        Client.from_env()


def test_the_environment_is_read_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYAI_REGION", "mars")
    assert "uk" in Client(region="uk", **IDS, **KEYS).base_url


def test_a_profile_configures_a_client(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "polyai" / "config.toml"
    file.parent.mkdir()
    lines = [f'{name} = "{value}"' for name, value in simulator.options.items()]
    file.write_text("\n".join(["[default]", 'region = "us"', "", "[staging]", *lines]), encoding="utf-8")

    for client in (
        Client.from_profile("staging", file=file),
        Client.from_profile("staging", file=str(file)),
        Client.from_profile(profile="staging", file=file, timeout=20),
    ):
        assert client.create().respond("x").response == "You said: x"
    with pytest.raises(ConfigurationError, match="account_id"):
        Client.from_profile(file=file)
    with pytest.raises(ConfigurationError, match=r"no profile \"production\"; it has default, staging"):
        Client.from_profile("production", file=file)
    with pytest.raises(ConfigurationError, match="nowhere"):
        Client.from_profile(file=tmp_path / "nowhere.toml")

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Client.from_profile("staging").base_url == simulator.url
    assert Client.from_profile(**IDS, **KEYS).base_url == Client(region="us", **IDS, **KEYS).base_url
    monkeypatch.setenv("POLYAI_CONFIG_FILE", str(tmp_path / "other.toml"))
    with pytest.raises(ConfigurationError, match=r"other\.toml"):
        Client.from_profile()


def test_a_mistake_in_a_profile_is_named_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[default]\nregion = "uk"\nregoin = "uk"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"config\.toml, line 3.*regoin"):
        Client.from_profile(file=file)


@pytest.mark.parametrize("wrong", NO_DURATIONS, ids=lambda wrong: repr(wrong)[:30])
def test_what_is_no_time_is_refused_by_options_and_by_calls(
    client: Client, simulator: Simulator, wrong: float | timedelta
) -> None:
    conversation = client.create()
    for option in ("timeout", "close_timeout", "connect_timeout", "backoff", "idle_timeout", "name_ttl"):
        untyped: Any = Client
        with pytest.raises(ValueError, match=option) as caught:
            untyped(**simulator.options, **{option: wrong})
        assert isinstance(caught.value, ChatError)
    for call in (
        lambda: client.create(timeout=wrong),
        lambda: client.start_create(timeout=wrong),
        lambda: client.respond(conversation.id, "x", timeout=wrong),
        lambda: client.close_conversation(conversation.id, timeout=wrong),
        lambda: client.warm_up(wrong),
        lambda: conversation.respond("x", timeout=wrong),
        lambda: conversation.start("x", timeout=wrong),
        lambda: conversation.close(timeout=wrong),
        lambda: conversation.start_close(timeout=wrong),
    ):
        with pytest.raises(InvalidArgumentError, match="timeout") as refused:
            call()
        assert (refused.value.delivery, isinstance(refused.value, ValueError)) == ("not_sent", True)
    assert len(simulator.received()) == 1


@pytest.mark.parametrize("wrong", NOT_EVEN_NUMBERS, ids=repr)
def test_what_is_no_number_is_no_time(client: Client, simulator: Simulator, wrong: Any) -> None:
    with pytest.raises(TypeError, match="timeout must be a number of seconds or a timedelta"):
        client.create(timeout=wrong)
    with pytest.raises(TypeError, match="backoff must be a number of seconds or a timedelta"):
        Client(**simulator.options, backoff=wrong)
    assert simulator.received() == []


@pytest.mark.parametrize("short", [0.2, timedelta(milliseconds=200)], ids=repr)
def test_times_are_seconds_or_timedeltas(client: Client, simulator: Simulator, short: float | timedelta) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    for impatient, own in ((client, short), (Client(**simulator.options, timeout=short), None)):
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
            impatient.create(timeout=own)
        assert 0.2 <= time.monotonic() - began < 20


def test_no_timeout_is_the_clients_and_never_infinite(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    client = Client(**simulator.options, timeout=0.2, close_timeout=0.1)
    for call in (
        lambda: client.create(timeout=None),
        lambda: client.respond("conversation", "x", timeout=None),
        lambda: client.attach("conversation").respond("x", timeout=None),
    ):
        with pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
            call()
    with pytest.raises(DeadlineExceededError, match=r"0\.1 s"):
        client.close_conversation("conversation", timeout=None)
    # Not given at all, it is the table's.
    with pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
        Client(**simulator.options, timeout=None).create(timeout=0.2)


def test_the_shortest_time_is_rounded_up_to_a_millisecond(simulator: Simulator) -> None:
    client = Client(**simulator.options, timeout=0.000_001)
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    with pytest.raises(DeadlineExceededError, match=r"0\.001 s"):
        client.create()


def test_turns_by_id_alone(client: Client, conversation: Conversation, simulator: Simulator) -> None:
    assert client.respond(conversation.id, "x").response == "You said: x"
    assert client.respond(conversation.id).response == "Are you still there?"
    assert client.respond(conversation.id, "").response == "I did not catch that."
    assert client.respond(conversation_id=conversation.id, message="y", correlation_id="c-1").correlation_id == "c-1"
    assert client.close_conversation(conversation.id, timeout=5).was_over is False
    # No state is kept: it is the service that refuses.
    with pytest.raises(ConversationEndedError) as caught:
        client.respond(conversation.id, "x")
    assert caught.value.status == 410
    client.close_conversation(conversation.id)
    assert simulator.requests_to("close") == 2


def test_turns_of_a_conversation_that_nobody_knows(client: Client) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.respond("nobody-knows-it", "x")
    assert (caught.value.status, caught.value.error_code) == (404, "CONVERSATIONS_NOT_FOUND")
    assert client.close_conversation("nobody-knows-it").was_over is True


def test_both_dialects_and_which_of_them_is_spoken() -> None:
    with Simulator(script=SCRIPT, dialect="legacy") as simulator:
        client = Client(**simulator.options)
        assert client.dialect == "legacy"
        conversation = client.create()
        assert conversation.id.startswith("WEBCHAT_")
        assert client.respond(conversation.id, "x").response == "You said: x"
        with pytest.raises(UnsupportedError):
            client.close_conversation(conversation.id)
        assert {name for request in simulator.received() for name, _ in request["headers"]} >= {"X-Api-Key", "X-Token"}
        # Spoken to in the other dialect, it refuses the key.
        options: dict[str, Any] = {**simulator.options, "dialect": "current"}
        with pytest.raises(AuthenticationError):
            Client(**options).create()


def test_the_certificate_is_checked_and_an_authority_can_be_added(tmp_path: Path) -> None:
    with Simulator(tls=True) as simulator:
        assert simulator.ca_pem is not None
        file = tmp_path / "authority.pem"
        file.write_text(simulator.ca_pem, encoding="ascii")
        options: dict[str, Any] = {**simulator.options}
        del options["ca_pem"]
        for trusting in (
            Client(**simulator.options),
            Client(**options, ca_file=file),
            Client(**options, ca_file=str(file)),
        ):
            with trusting.create() as conversation:
                conversation.respond("x")
        with pytest.raises(NotConnectedError, match="issuer") as caught:
            Client(**options).create()
        assert (caught.value.phase, caught.value.delivery, len(caught.value.attempts)) == ("tls", "not_sent", 1)


def test_warm_up_opens_a_connection_and_sends_nothing(client: Client, simulator: Simulator) -> None:
    assert client.metrics()["idle_connections"] == 0
    client.warm_up(10)
    client.warm_up(timedelta(seconds=10))
    assert client.metrics()["idle_connections"] == 1
    assert simulator.received() == []
    client.create().respond("x")
    assert simulator.connections == 1


def test_warm_up_without_a_service_says_so() -> None:
    with Simulator() as simulator:
        client = Client(**simulator.options)
    with pytest.raises(NotConnectedError):
        client.warm_up(timeout=10)


def test_replaced_credentials_are_used_by_the_next_call(simulator: Simulator) -> None:
    options: dict[str, Any] = {**simulator.options, "api_key": "outdated"}
    client = Client(**options)
    with pytest.raises(AuthenticationError) as caught:
        client.create()
    assert (caught.value.status, caught.value.delivery) == (401, "rejected")
    client.replace_credentials("simulator-key", "simulator-token")
    conversation = client.create()
    for wrong in (("two words", "simulator-token"), ("simulator-key", ""), ("", "")):
        with pytest.raises(InvalidArgumentError):
            client.replace_credentials(*wrong)
    client.replace_credentials(api_key="simulator-key", token="simulator-token")
    assert conversation.respond("x").response == "You said: x"


def test_shut_down_ends_calls_under_way_and_refuses_later_ones(client: Client, simulator: Simulator) -> None:
    conversation = client.create()
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    turn = conversation.start("x")
    failures: list[ChatError] = []

    def create() -> None:
        try:
            client.create()
        except ChatError as error:
            failures.append(error)

    waiting = threading.Thread(target=create)
    waiting.start()
    assert simulator.wait_for("respond", 1)
    assert simulator.wait_for("create", 2)
    client.close()
    client.close()
    waiting.join()
    with pytest.raises(CallCancelledError) as caught:
        turn.result()
    assert [caught.value.delivery, *(error.delivery for error in failures)] == ["unknown", "unknown"]
    for call in (client.create, lambda: conversation.respond("x"), lambda: conversation.start("x"), conversation.close):
        with pytest.raises(CallCancelledError, match="shut down") as refused:
            call()
        assert refused.value.delivery == "not_sent"
    assert client.metrics()["idle_connections"] == 0
    assert simulator.requests_to("close") == 0


def test_settings_say_what_holds_and_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, simulator: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[default]\nmax_attempts = 2\ntimeout_ms = 1000\n", encoding="utf-8")
    settings = {row["name"]: row for row in Client.from_profile(file=file, timeout=7, **simulator.options).settings()}
    assert list(settings) == [row["name"] for row in OPTIONS]
    assert settings["timeout_ms"] == {"name": "timeout_ms", "value": "7000", "origin": "given explicitly"}
    assert settings["api_key"] == {"name": "api_key", "value": "set", "origin": "given explicitly"}
    assert settings["max_attempts"]["value"] == "2"
    assert "config.toml, line 2" in settings["max_attempts"]["origin"]
    assert settings["close_timeout_ms"] == {"name": "close_timeout_ms", "value": "5000", "origin": "default"}
    assert settings["region"] == {"name": "region", "value": None, "origin": "default"}
    monkeypatch.setenv("POLYAI_MAX_ATTEMPTS", "4")
    from_env = {row["name"]: row for row in Client.from_env(**simulator.options).settings()}
    assert from_env["max_attempts"]["origin"] == "environment variable POLYAI_MAX_ATTEMPTS"


def test_a_call_carries_headers_of_its_own(client: Client, simulator: Simulator) -> None:
    conversation = client.create(headers={"traceparent": "00-1-1-00"})
    conversation.respond("x", headers={"X-Own": "1"})
    headers = [{name.lower(): value for name, value in request["headers"]} for request in simulator.received()]
    assert [(seen.get("traceparent"), seen.get("x-own")) for seen in headers] == [("00-1-1-00", None), (None, "1")]
    for wrong in ({"Host": "another"}, {"X-Own": "1\r\nX-Token: another"}, {"": "1"}):
        with pytest.raises(InvalidArgumentError, match="header"):
            conversation.respond("x", headers=wrong)
    with pytest.raises(TypeError, match="headers must hold str only"):
        conversation.respond("x", headers={"X-Own": 1})  # type: ignore[dict-item]


def test_metrics_count_what_happened(client: Client, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 0}}}, {"operation": "respond", "nth": 1})
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond", "nth": 3})
    conversation = client.create()
    conversation.respond("x")
    with pytest.raises(ChatError):
        conversation.respond("y")
    metrics = client.metrics()
    calls = {operation: metrics[operation]["calls"] for operation in ("create", "respond", "close")}
    assert (calls, metrics["attempts"], metrics["retries"]) == ({"create": 1, "respond": 2, "close": 0}, 4, 1)
    assert metrics["respond"]["failures"] == {"server": 1}
    assert metrics["opened_connections"] + metrics["reused_connections"] == 4
    assert (metrics["calls_in_flight"], metrics["idle_connections"], metrics["breaker"]) == (0, 1, "closed")
    assert metrics["retries_left"] == 19
    assert sum(bucket["calls"] for bucket in metrics["respond"]["latency"]) == 2
    assert metrics["respond"]["latency_sum_us"] > 0
    assert metrics["bytes_sent"] > 0
    assert metrics["bytes_received"] > 0
    metrics["attempts"] = 99
    assert client.metrics()["attempts"] == 4


def test_recent_attempts_are_remembered_oldest_first(simulator: Simulator) -> None:
    client = Client(**simulator.options, recent_attempts=2)
    assert client.recent_attempts() == []
    conversation = client.create()
    conversation.respond("x", correlation_id="first")
    conversation.respond("y", correlation_id="second")
    assert [(attempt["operation"], attempt["correlation_id"]) for attempt in client.recent_attempts()] == [
        ("respond", "first"),
        ("respond", "second"),
    ]
    (_, last) = client.recent_attempts()
    assert (last["number"], last["status"], last["kind"], last["delivery"]) == (1, 200, None, None)
    assert last["reused_connection"] is True
    assert last["address"] == simulator.url[len("http://") :]
    assert Client(**simulator.options, recent_attempts=0).recent_attempts() == []


def test_calls_in_flight_can_be_limited(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    client = Client(**simulator.options, max_calls_in_flight=1)
    turn = client.start_create()
    assert simulator.wait_for("create", 1)
    with pytest.raises(BusyError) as caught:
        client.create()
    assert caught.value.delivery == "not_sent"
    turn.cancel()
    assert simulator.requests_to("create") == 1


def test_many_threads_share_a_client_and_each_keeps_its_own_conversation(client: Client, simulator: Simulator) -> None:
    failures: list[BaseException] = []

    def converse(name: str) -> None:
        try:
            with client.create() as conversation:
                for turn in range(20):
                    assert conversation.respond(f"{name} {turn}").response == f"You said: {name} {turn}"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=converse, args=(f"thread {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(len(seen["messages"]) for seen in simulator.conversations()) == [20] * 16
    assert simulator.connections <= 16
    metrics = client.metrics()
    calls = sum(metrics[operation]["calls"] for operation in ("create", "respond", "close"))
    assert (calls, metrics["calls_in_flight"]) == (16 * 22, 0)


def test_a_client_can_be_weakly_referred_to_and_is_let_go(simulator: Simulator) -> None:
    client = Client(**simulator.options)
    conversation = client.create()
    reference = weakref.ref(client)
    del client
    gc.collect()
    assert reference() is None
    assert conversation.respond("x").response == "You said: x"


def test_the_user_agent_can_name_the_program(simulator: Simulator) -> None:
    Client(**simulator.options, user_agent="acme-ivr/2.1").create()
    (request,) = simulator.received()
    (agent,) = [value for name, value in request["headers"] if name == "User-Agent"]
    assert agent.startswith("polyai-chat/")
    assert agent.endswith(" acme-ivr/2.1")


def test_the_proxy_is_shown_without_its_password() -> None:
    client = Client(region="uk", proxy="http://sam:sesame@proxy.example:3128", no_proxy="other.example", **IDS, **KEYS)
    assert client.proxy == "http://proxy.example:3128"
    assert Client(region="uk", proxy="http://proxy.example", no_proxy="*", **IDS, **KEYS).proxy is None


def test_no_attribute_can_be_set_and_no_class_derived(client: Client) -> None:
    untyped: Any = client
    with pytest.raises(AttributeError):
        untyped.base_url = "https://other.example"
    with pytest.raises(AttributeError):
        untyped.new_attribute = 1
    with pytest.raises(TypeError):
        type("Derived", (Client,), {})


def test_the_representation_says_where_the_service_is(client: Client, simulator: Simulator) -> None:
    assert repr(client) == f"<Client of {simulator.url}>"
