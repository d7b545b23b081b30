"""Five hundred customers, two hundred a second, counted by SIPp and by the agent."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import pytest
from conftest import StartKamailio
from kamailio_process import Kamailio
from polyai_chat_testing import Simulator
from ports import free_port

CUSTOMERS = 500
A_SECOND = 200


def run_sipp(directory: Path, kamailio: Kamailio, transport: str) -> dict[str, str]:
    """SIPp's last line of statistics."""
    statistics, errors = directory / "statistics.csv", directory / "errors"
    arguments = {
        "-sf": Path(__file__).parent / "sipp" / "customer.xml",
        "-t": transport,
        "-i": "127.0.0.1",
        "-p": free_port(),
        "-m": CUSTOMERS,
        "-r": A_SECOND,
        "-l": CUSTOMERS,
        "-stf": statistics,
        "-fd": 1,
        "-error_file": errors,
        "-timeout": 100,
        # On a busy machine datagrams are lost: what comes again, or before what was lost, is no reason to give up.
        "-buff_size": 1 << 20,
        "-default_behaviors": "all,-abortunexp",
    }
    flags = ["-nostdin", "-timeout_error", "-trace_stat", "-trace_err"]
    command = [
        "sipp",
        f"127.0.0.1:{kamailio.port}",
        *flags,
        *(str(part) for pair in arguments.items() for part in pair),
    ]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=110, check=False)
    shown = f"{done.stdout[-3000:]}\n{done.stderr}\n{errors.read_text()[-3000:] if errors.exists() else ''}"
    assert done.returncode == 0, shown
    with statistics.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))[-1]


@pytest.mark.parametrize(
    ("transport", "delay_ms"), [("u1", 0), ("t1", 0), ("u1", 250)], ids=["udp", "tcp", "an agent that thinks"]
)
def test_five_hundred_customers_at_two_hundred_a_second(
    tmp_path: Path, start_kamailio: StartKamailio, transport: str, delay_ms: int
) -> None:
    script = f"greeting = 'Hello'\ndefault_reply = 'You said: {{message}}'\ndelay_ms = {delay_ms}"
    with Simulator(script=script) as simulator:
        kamailio = start_kamailio(simulator.environment, workers=32)
        statistics = run_sipp(tmp_path, kamailio, transport)
        assert (statistics["SuccessfulCall(C)"], statistics["FailedCall(C)"]) == (str(CUSTOMERS), "0")

        conversations = simulator.conversations()
        assert len(conversations) == CUSTOMERS
        assert {conversation["turns"] for conversation in conversations} == {1}
        assert {message.rstrip() for conversation in conversations for message in conversation["messages"]} == {
            f"Where is my order {number}?" for number in range(1, CUSTOMERS + 1)
        }
        kamailio.wait_until(lambda: kamailio.entries("inbox") == 0)
        assert [kamailio.counter(name) for name in ("answered", "sent")] == [CUSTOMERS] * 2
        wrong = ("failed", "refused", "too_late", "waiting")
        assert [kamailio.counter(name) for name in wrong] == [0] * len(wrong)
        for name in ("Retransmissions(C)", "ResponseTimeaccepted(C)", "ResponseTimeanswered(C)"):
            print(name, statistics[name])
