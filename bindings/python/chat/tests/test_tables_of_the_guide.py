"""The tables of the guide are those of the code. `make documents` (POLYAI_WRITE_DOCUMENTS=1) writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import polyai_chat
from polyai_chat import ChatError, _native

GUIDE = Path(__file__).resolve().parents[4] / "docs/python.md"
IS_WRITING = bool(os.environ.get("POLYAI_WRITE_DOCUMENTS"))  # asked before the tests take our variables away


def options() -> str:
    """The options by their keywords, in which times are seconds."""
    rows = ["| keyword | default | environment | what it is for |", "| --- | --- | --- | --- |"]
    for option in polyai_chat.OPTIONS:
        is_time = option["unit"] == "ms"
        default = option["default"]
        if is_time and default is not None:
            default = f"{int(default) / 1000:g}"
        if default in ("true", "false"):
            default = default.title()
        shown = "(secret)" if option["is_secret"] else "" if default is None else f"`{default}`"
        keyword = f"`{option['keyword']}`" + (" (seconds)" if is_time else "")
        rows.append(f"| {keyword} | {shown} | `{option['environment_variable']}` | {option['summary']} |")
    return "\n".join(rows)


def errors() -> str:
    """The classes of exceptions, in the order of their kinds."""
    rows = ["| class | kind | what it means | what else it is |", "| --- | --- | --- | --- |"]
    order = [name for _, name, _ in _native.ERROR_KINDS]
    meanings = {name: meaning for _, name, meaning in _native.ERROR_KINDS}
    classes = [public for name in polyai_chat.__all__ if is_error(public := getattr(polyai_chat, name))]
    for public in sorted(classes, key=lambda public: (order.index(public.kind), len(public.__mro__))):
        bases = [base.__name__ for base in public.__bases__ if base is not ChatError]
        meaning = meanings[public.kind] if ChatError in public.__bases__ else (public.__doc__ or "").partition("\n")[0]
        shown = ", ".join(f"`{base}`" for base in bases)
        rows.append(f"| `{public.__name__}` | `{public.kind}` | {meaning} | {shown} |")
    return "\n".join(rows)


def is_error(public: object) -> bool:
    return isinstance(public, type) and issubclass(public, ChatError) and public is not ChatError


def with_table(text: str, name: str, table: str) -> str:
    before, begin, rest = text.partition(f"<!-- {name}: begin")
    marker, end_of_marker, rest = rest.partition("-->\n")
    _, end, after = rest.partition(f"<!-- {name}: end -->")
    assert begin, f"the guide has no table of {name}"
    assert end, f"the table of {name} does not end"
    return f"{before}{begin}{marker}{end_of_marker}\n{table}\n\n{end}{after}"


def test_the_guide_shows_the_tables_of_the_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    expected = with_table(with_table(text, "options", options()), "errors", errors())
    if IS_WRITING:
        GUIDE.write_text(expected, encoding="utf-8")
    else:
        assert text == expected, "docs/python.md is out of step with the code; run `make documents`"
