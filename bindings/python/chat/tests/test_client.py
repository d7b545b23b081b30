"""A client: made from options, environment or profile; what it checks, shares, counts and ends."""

from __future__ import annotations

import gc
import time
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from polyai_chat import (
    OPTIONS,
    AuthenticationError,
    ChatError,
    Client,
    ConfigurationError,
    DeadlineExceededError,
    InvalidArgumentError,
    NotConnectedError,
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


def test_a_studio_url_says_account_and_project_too() -> None:
    client = Client(studio_url="https://studio.us.poly.ai/acme/team", **KEYS)
    assert client.base_url == Client(region="us", **IDS, **KEYS).base_url
    with pytest.raises(ConfigurationError, match=r"account_id.*differs from \"acme\""):
        Client(studio_url="https://studio.us.poly.ai/acme/team", account_id="other", **KEYS)


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


def test_the_shortest_time_is_rounded_up_to_a_millisecond(simulator: Simulator) -> None:
    client = Client(**simulator.options, timeout=0.000_001)
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}})
    with pytest.raises(DeadlineExceededError, match=r"0\.001 s"):
        client.create()


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


def test_a_client_can_be_weakly_referred_to_and_is_let_go(simulator: Simulator) -> None:
    client = Client(**simulator.options)
    conversation = client.create()
    reference = weakref.ref(client)
    del client
    gc.collect()
    assert reference() is None
    assert conversation.respond("x").response == "You said: x"


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
