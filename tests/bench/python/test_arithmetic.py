"""That the benchmark computes, compares and writes what it says."""

from __future__ import annotations

from typing import Any

import document
import goals
import programs
import pytest
from summary import of_rounds, per_turn, ratios, summed_up
from table import shown, table


def test_a_summary_is_the_median_and_the_range() -> None:
    assert summed_up([5.0, 1.0, 9.0]) == {"median": 5.0, "lowest": 1.0, "highest": 9.0}
    assert summed_up([1.0, 2.0, 4.0, 8.0])["median"] == 3.0


def test_a_ratio_is_of_the_same_round() -> None:
    # The third round was disturbed, for both: no ratio shows it, though the range of the times does.
    floor, other = [10.0, 20.0, 400.0], [15.0, 30.0, 600.0]
    assert ratios(other, floor) == [1.5, 1.5, 1.5]
    row = of_rounds({"floor": {"wall_us": floor}, "other": {"wall_us": other}}, {"floor": "to_floor"})["other"]
    assert row["wall_us"] == {"median": 30.0, "lowest": 15.0, "highest": 600.0}
    assert row["wall_us_to_floor"] == {"median": 1.5, "lowest": 1.5, "highest": 1.5}


def test_rounds_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="2 rounds cannot be compared with 1"):
        ratios([1.0, 2.0], [1.0])


def test_what_a_program_does_once_is_not_in_a_turn() -> None:
    assert per_turn(short=1_000 + 50 * 7, long=1_000 + 150 * 7, turns=100) == 7.0


def test_a_base_that_was_not_measured_gives_no_ratio() -> None:
    row = of_rounds({"other": {"wall_us": [1.0]}}, {"floor": "to_floor"})["other"]
    assert list(row) == ["wall_us"]


def result_with(ratio: float) -> dict[str, Any]:
    value = {"median": ratio, "lowest": ratio, "highest": ratio}
    columns = ("wall_us_to_floor", "wall_us_to_c", "cpu_us_to_floor", "cpu_us_to_libcurl", "cpu_us")
    row = dict.fromkeys(columns, value)
    return {"turns": {"summary": {programs.C_ABI: row, programs.PYTHON: row, programs.NODE: row}}}


@pytest.mark.parametrize(("ratio", "reached"), [(1.12, "yes"), (1.13, "no, but 1.2 is"), (1.21, "**no**")])
def test_a_goal_that_is_missed_is_marked(ratio: float, reached: str) -> None:
    first = goals.compared(result_with(ratio))[0]
    assert (first["what"], first["goal"], first["reached"]) == ("C: p50", "at most 1.12 x floor", reached)


def test_only_what_was_measured_is_compared() -> None:
    assert {goal["what"].split(":")[0] for goal in goals.compared(result_with(1.0))} == {"C", "Python", "Node.js"}
    assert goals.compared({}) == []


def test_some_goals_are_a_least() -> None:
    goal = goals.Goal("turns a second", "flight", lambda part: part["value"], 95, at_least=True, digits=1)
    assert (goal.reached(95.0), goal.reached(94.9)) == ("yes", "**no**")


def test_a_cell_holds_median_and_range() -> None:
    assert shown({"median": 1.26, "lowest": 1.0, "highest": 2.0}, 1) == "1.3 (1.0-2.0)"
    assert shown({"median": 64.0, "lowest": 64.0, "highest": 64.0}, 0) == "64"
    assert shown(None, 1) == ""


def test_a_table_is_markdown() -> None:
    assert table(["a", "bc"], [["xyz", "1"]]) == "| a   | bc |\n| --- | -: |\n| xyz |  1 |"


def test_a_document_keeps_what_is_around_the_markers() -> None:
    text = f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n"
    written = document.between(text, document.BEGIN, document.END, "new")
    assert written == f"before\n{document.BEGIN}\n\nnew\n\n{document.END}\nafter\n"
    with pytest.raises(SystemExit, match="has no"):
        document.between("no markers", document.BEGIN, document.END, "new")
