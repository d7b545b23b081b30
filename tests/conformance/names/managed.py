"""What Java and .NET expose: what reflection finds in their compiled classes, and what their objects say."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import texts
from class_languages import SETTERS_OF_JAVA
from words import camel, lower_camel, numbered

# The enums whose members are compared by their names; those of ErrorKind also by their numbers.
ENUMS = ("ConversationState", "Delivery", "LogLevel")
CLASSES = ("ChatClient", "Conversation", "Turn", "Greeting", "Reply", "Handoff", "Closed", "ChatLibrary")
Surface = dict[str, dict[str, list[str]]]


class Lines:
    """The lines that Names.java and Names.cs print: what a name is, whose it is, and the name."""

    def __init__(self, printed: str) -> None:
        self.names: dict[tuple[str, str], list[str]] = defaultdict(list)
        for line in printed.splitlines():
            what, whose, name = line.split("\t", 2)
            if name not in self.names[what, whose]:
                self.names[what, whose].append(name)

    def members(self, of_class: str) -> list[str]:
        return self.names["member", of_class]

    def text(self, of_what: str) -> str:
        (text,) = self.names["text", of_what]
        return text

    def kinds(self) -> list[str]:
        """The members of ErrorKind, and the class of exceptions for each that has one of its own."""
        found = []
        for word in self.names["number", "ErrorKind"]:
            name, _, number = word.partition(" = ")
            (exception,) = self.names["exception", name]
            found += [word, *([numbered(exception, int(number))] if exception != "ChatException" else [])]
        return found


def surface(lines: Lines, source: str, word: Callable[[str], str]) -> Surface:
    """The parts that both languages have, whose words for a name of the core are made by `word`."""
    found: Surface = {name: {source: lines.members(name)} for name in CLASSES}
    for name in ENUMS:
        if ("number", name) in lines.names:
            found[name] = {source: [number.partition(" = ")[0] for number in lines.names["number", name]]}
    found["kinds"] = {source: lines.kinds()}
    found["types"] = {source: lines.names["type", ""]}
    found["calls"] = {source: lines.names["call", ""]}
    methods = lines.members("Request")
    known = texts.known(lines.text("field"))
    others = [name for name in known if word(name) not in methods and word(f"{name}_json") not in methods]
    arguments = [f"the argument `{name}`" for name in lines.names["argument", "respond"]]
    # What sets any field is how those are set that have no method.
    methods = [method for method in methods if method != word("field")]
    found["Request"] = {source: methods + [f'{word("field")}("{name}")' for name in others] + arguments}
    rows: list[dict[str, Any]] = json.loads(lines.text("options"))
    found["rows"] = {source: list(rows[0])}
    found["variables"] = {source: [row["environment_variable"] for row in rows]}
    found["settings"] = {source: list(json.loads(lines.text("settings"))[0])}
    found["metrics"] = {source: list(json.loads(lines.text("metrics")))}
    found["attempt"] = {source: list(json.loads(lines.text("attempts"))[0])}
    return found


def java(command: str, here: Path) -> Surface:
    """What a program in Java says that is started by this command, which ends with its class path."""
    program, *_, class_path = words = shlex.split(command)
    folder = Path(class_path.rpartition(":")[2]).parent
    (jar,) = folder.glob("polyai-chat-[0-9]*.jar")
    lines = Lines(output_of(*words, here / "Names.java", jar))
    with zipfile.ZipFile(jar) as inside:
        paths = [Path(name) for name in inside.namelist() if re.fullmatch(r"ai/polyai/chat/[\w$]+\.class", name)]
    names = [f"ai.polyai.chat.{path.stem}" for path in paths if path.stem not in ("Raw", "RawJna")]
    pools = output_of(Path(program).parent / "javap", "-p", "-v", "-cp", jar, *names)
    called = set(re.findall(r"= InterfaceMethodref .*// ai/polyai/chat/Raw\.(polyai_\w+):", pools))
    # Beside the functions, Raw makes pointers to functions.
    lines.names["call", ""] = sorted(name for name in called if not re.fullmatch(r"polyai_[a-z]+_callback", name))
    found = surface(lines, jar.name, lower_camel)
    setters, others = [], []
    of_setters = {lower_camel(name.removesuffix("_ms")) for name in SETTERS_OF_JAVA}
    for member in lines.members("ChatClientBuilder"):
        (setters if member in of_setters else others).append(member)
    known = [f'option("{name}")' for name in texts.known(lines.text("option"))]
    found["options"] = {jar.name: known + setters}
    found["ChatClientBuilder"] = {jar.name: others}
    found["ChatException"] = {jar.name: lines.members("ChatException")}
    found["CancelToken"] = {jar.name: lines.members("CancelToken")}
    return found


def dotnet(command: str) -> Surface:
    """What Names.cs says, started by this command."""
    lines = Lines(output_of(*shlex.split(command)))
    source = "PolyAI.Chat.dll"
    found = surface(lines, source, camel)
    options = {camel(name.removesuffix("_ms")) for name in texts.known(lines.text("option"))}
    members = lines.members("ChatClientBuilder")
    found["options"] = {source: [member for member in members if member in options]}
    found["ChatClientBuilder"] = {source: [member for member in members if member not in options]}
    # All that is known of a failure, whether it is a ChatException or a cancellation.
    found["IChatError"] = {
        name: lines.members(name) for name in ("IChatError", "ChatException", "ChatCanceledException")
    }
    return found


def output_of(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr}")
    return done.stdout
