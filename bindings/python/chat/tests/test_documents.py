"""What the documents and the docstrings show is run against a simulator, and what they say is printed must be printed.

In a document, a block of Python with prompts is compared with what it shows. One without is run in a process of its
own, by pytest if it holds tests; where a block of text follows directly, that is what it must print. A block that
imports nothing of the package is a part of a program: `client`, `conversation` and all public names are there for it.
"""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import polyai_chat
import polyai_chat_channels
import polyai_chat_testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyai_chat_testing import Simulator

REPOSITORY = Path(__file__).resolve().parents[4]
DOCUMENTS = (
    *("README.md", "docs/python.md", "docs/python/channels.md"),
    *(f"bindings/python/{distribution}/README.md" for distribution in ("chat", "testing", "channels")),
)

BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n*```text\n(?P<printed>.*?)^```\n)?", re.M | re.S)
BEFORE_A_PART = "from polyai_chat import *; client = Client.from_env(); conversation = client.create()"


class Example(NamedTuple):
    """Something that a document or a docstring shows."""

    where: str
    line: int
    code: str
    printed: str | None

    @property
    def has_prompts(self) -> bool:
        return ">>> " in self.code


def of_document(name: str, text: str) -> Iterator[Example]:
    """The blocks of a Markdown file."""
    for found in BLOCK.finditer(text):
        yield Example(name, text.count("\n", 0, found.start("code")) + 1, found["code"], found["printed"])


def of_docstrings() -> Iterator[Example]:
    """The docstrings that hold an example."""
    for module in (polyai_chat, polyai_chat_channels, polyai_chat_testing):
        yield Example(module.__name__, 1, inspect.getdoc(module) or "", None)
        for name in module.__all__:
            public = getattr(module, name)
            yield Example(name, 1, inspect.getdoc(public) or "", None)
            if inspect.isclass(public):
                for member in vars(public):
                    text = inspect.getdoc(getattr(public, member)) if not member.startswith("__") else None
                    yield Example(f"{name}.{member}", 1, text or "", None)


IN_DOCUMENTS = [
    example
    for document in DOCUMENTS
    for example in of_document(document, (REPOSITORY / document).read_text(encoding="utf-8"))
]
IN_DOCSTRINGS = [example for example in of_docstrings() if example.has_prompts]


def check(example: Example, simulator: Simulator, directory: Path) -> None:
    """Runs it, and fails where it fails or prints something else."""
    if example.has_prompts:
        check_prompts(example, simulator, directory)
    elif re.search(r"^def test_|^async def test_", example.code, re.M):
        check_tests(example, directory)
    else:
        check_program(example, directory)


def check_prompts(example: Example, simulator: Simulator, directory: Path) -> None:
    client = polyai_chat.Client(**simulator.options)
    modules = (polyai_chat, polyai_chat_channels, polyai_chat_testing)
    names = {name: getattr(module, name) for module in modules for name in module.__all__}
    names.update(path=directory / "messages.sqlite", simulator=simulator, client=client, conversation=client.create())
    test = doctest.DocTestParser().get_doctest(example.code, names, example.where, example.where, example.line - 1)
    complaints: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=complaints.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(complaints)


def check_tests(example: Example, directory: Path) -> None:
    file = directory / "test_of_document.py"
    file.write_text(example.code, encoding="utf-8")
    finished = run(directory, "-m", "pytest", "-q", "--rootdir", str(directory), str(file))
    assert finished.returncode == 0, f"{example.where}:{example.line}\n{finished.stdout}{finished.stderr}"


def check_program(example: Example, directory: Path) -> None:
    is_part = not re.search(r"^(from|import) polyai_chat", example.code, re.M)
    # So many empty lines that a traceback names the line of the document.
    before = (BEFORE_A_PART if is_part else "") + "\n" * (example.line - 1)
    file = directory / Path(example.where).name
    file.write_text(before + example.code, encoding="utf-8")
    finished = run(directory, "-W", "error", str(file))
    assert finished.returncode == 0, f"{example.where}:{example.line}\n{finished.stderr}"
    if example.printed is not None:
        is_right = doctest.OutputChecker().check_output(example.printed, finished.stdout, doctest.ELLIPSIS)
        assert is_right, f"{example.where}:{example.line} printed\n{finished.stdout}and should\n{example.printed}"


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=directory, capture_output=True, text=True, timeout=170)


@pytest.fixture
def environment(polyai_simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables and the profiles that the documents speak of, for the test's simulator."""
    profile = ""
    for keyword, value in polyai_simulator.options.items():
        monkeypatch.setenv(f"POLYAI_{keyword.upper()}", str(value))
        profile += f'{keyword} = "{value}"\n'
    (tmp_path / "polyai").mkdir()
    (tmp_path / "polyai/config.toml").write_text(f"[default]\n{profile}[billing]\n{profile}", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def name_of(example: Example) -> str:
    """Where it is, and whether it needs gevent, which not every interpreter has."""
    return f"{example.where}:{example.line}{'-gevent' if 'import gevent' in example.code else ''}"


@pytest.mark.parametrize("example", IN_DOCUMENTS, ids=name_of)
def test_what_a_document_shows_works(
    example: Example, polyai_simulator: Simulator, environment: None, tmp_path: Path
) -> None:
    check(example, polyai_simulator, tmp_path)


@pytest.mark.parametrize("example", IN_DOCSTRINGS, ids=lambda example: example.where)
def test_what_a_docstring_shows_works(example: Example, polyai_simulator: Simulator, tmp_path: Path) -> None:
    check_prompts(example, polyai_simulator, tmp_path)


def test_the_examples_are_found() -> None:
    per_document = {name: sum(example.where == name for example in IN_DOCUMENTS) for name in DOCUMENTS}
    assert per_document["docs/python.md"] > 10, per_document
    assert all(count > 0 for count in per_document.values()), per_document
    assert any(example.printed is not None for example in IN_DOCUMENTS)
    assert {"Client.create", "Conversation.respond", "Simulator.fail"} <= {example.where for example in IN_DOCSTRINGS}


@pytest.mark.parametrize(
    "wrong",
    [
        "```python\n>>> conversation.respond('human').end_conversation\nTrue\n```\n",
        "```python\nprint(conversation.state)\n```\n\n```text\nended\n```\n",
        "```python\nconversation.no_such_thing\n```\n",
        "```python\ndef test_the_state(polyai_client):\n    assert polyai_client.create().state == 'ended'\n```\n",
    ],
    ids=["prompts", "program that prints", "program that raises", "test"],
)
def test_a_document_that_shows_something_wrong_is_noticed(
    wrong: str, polyai_simulator: Simulator, environment: None, tmp_path: Path
) -> None:
    [example] = of_document("wrong.md", wrong)
    with pytest.raises(AssertionError):
        check(example, polyai_simulator, tmp_path)


def test_the_reference_names_everything_that_is_public() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in sorted((REPOSITORY / "docs/python").glob("*.rst")))
    documented = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", pages, re.M))
    public = {f"polyai_chat.{name}" for name in polyai_chat.__all__ if name != "__version__"}
    public |= {f"polyai_chat_testing.{name}" for name in polyai_chat_testing.__all__}
    public |= {f"polyai_chat_channels.{name}" for name in polyai_chat_channels.__all__}
    assert public - documented == set()


@pytest.mark.parametrize(
    "public", [polyai_chat.Client, polyai_chat.Conversation, polyai_chat.Turn, polyai_chat_testing.Simulator]
)
def test_the_docstring_of_a_function_says_what_one_must_know(public: type) -> None:
    for name in vars(public):
        member = getattr(public, name)
        text = " ".join((inspect.getdoc(member) or "").split())
        for of_class, function in re.findall(r"those of `(\w+)\.(\w+)`", text):
            text += inspect.getdoc(getattr(getattr(polyai_chat, of_class), function)) or ""
        if name.startswith("_"):
            continue
        assert text, f"{public.__name__}.{name} has no docstring"
        if inspect.isroutine(member):
            for parameter in inspect.signature(member).parameters.values():
                is_named = parameter.name == "self" or re.search(rf"\b{parameter.name}\b", text)
                assert is_named, f"{public.__name__}.{name} says nothing of {parameter.name}"
            for word in ("block", "thread", "Since 0."):
                assert word in text.replace("Block", "block"), f"{public.__name__}.{name} says nothing of: {word}"
