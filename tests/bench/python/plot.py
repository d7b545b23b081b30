"""The plot of one turn by each program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OURS, OTHERS = "#0b6bcb", "#9aa5b1"
PANELS = {"wall_us": "wall time of a turn, us", "cpu_us": "processor time of the client, us"}


def write(result: dict[str, Any], path: Path) -> None:
    """Medians as points and the range of the rounds as lines, the soonest first, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "polyai-chat"  # the same numbers give the same file
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    summary = result["turns"]["summary"]
    names = sorted(summary, key=lambda name: -summary[name]["wall_us"]["median"])
    figure, panels = pyplot.subplots(1, 2, figsize=(12, 5.5), sharey=True, layout="constrained")
    for axes, (what, title) in zip(panels, PANELS.items()):
        for number, name in enumerate(names):
            measured = summary[name][what]
            colour = OURS if name.startswith("polyai-chat") else OTHERS
            axes.plot([measured["lowest"], measured["highest"]], [number, number], color=colour, linewidth=1.5)
            axes.plot(measured["median"], number, "o", color=colour, markersize=7)
            beside = (measured["highest"], number)
            text = f"{measured['median']:.0f}"
            axes.annotate(text, beside, xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(names)), names)
        axes.set_title(title, fontsize=11)
        axes.grid(linewidth=0.3)
        axes.margins(x=0.1)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
