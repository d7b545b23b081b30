"""What C++ exposes: what clang reads in the header, and what a program that is made with it gets to hear."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import texts
from words import numbered

HEADER = "polyai_chat.hpp"
CLASSES = ("Cancel", "Client", "Completions", "Config", "Conversation", "Error", "Request", "Turn")
STRUCTS = ("Handoff",)
ENUMS = ("Delivery", "LogLevel", "State", "Status")
DECLARES_TYPE = ("CXXRecordDecl", "EnumDecl", "ClassTemplateDecl", "TypeAliasDecl")
FUNCTIONS = ("CXXMethodDecl", "CXXConstructorDecl", "FunctionTemplateDecl")
# A constructor has no name that could stand behind try_.
MADE = {"Client": "try_make", "Completions": "try_make"}

Node = dict[str, Any]


class Header:
    """The header as clang reads it."""

    def __init__(self, clang: str, include: list[Path], *flags: str) -> None:
        words = [clang, "-x", "c++", "-std=c++17", "-fsyntax-only", *flags]
        words += [word for directory in include for word in ("-I", str(directory))]
        words += ["-Xclang", "-ast-dump=json", "-Xclang", "-ast-dump-filter=polyai", "-"]
        done = subprocess.run(words, input=f"#include <{HEADER}>\n", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{clang} cannot read {HEADER}:\n{done.stderr}")
        self.nodes = list(documents(done.stdout))
        self.members: list[Node] = []
        for node in self.nodes:
            if node["kind"] == "NamespaceDecl" and node.get("name") == "polyai":
                self.members += node["inner"]

    def record(self, name: str) -> Node:
        """The definition of a class, also of one that is a template, or that others have as their base."""
        inner_parts = [n for part in self.members if part["kind"] == "NamespaceDecl" for n in part["inner"]]
        for node in self.members + inner_parts:
            if node.get("name") != name:
                continue
            if node["kind"] == "ClassTemplateDecl":
                return next(inner for inner in node["inner"] if inner["kind"] == "CXXRecordDecl")
            if node["kind"] == "CXXRecordDecl" and node.get("completeDefinition"):
                return node
        raise SystemExit(f"{HEADER} has no class {name}")

    def public(self, name: str) -> Iterator[Node]:
        """The public members of a class that can be used."""
        record = self.record(name)
        access = "public" if record.get("tagUsed") == "struct" else "private"
        for member in record["inner"]:
            if member["kind"] == "AccessSpecDecl":
                access = member["access"]
            elif access == "public" and not member.get("isImplicit") and not member.get("explicitlyDeleted"):
                yield member

    def functions(self, name: str) -> list[str]:
        """The names of its public functions. A constructor is named like the class; one that copies or moves counts as
        none, as operators do."""
        found = set()
        for member in self.public(name):
            if member["kind"] not in FUNCTIONS or member["name"].startswith("operator"):
                continue
            of_type = member.get("type", {}).get("qualType", "")
            if member["kind"] == "CXXConstructorDecl" and re.search(rf"\b{name}(<T>)? &", of_type):
                continue
            found.add(member["name"])
        return sorted(found)

    def fields(self, name: str) -> list[str]:
        return [member["name"] for member in self.public(name) if member["kind"] == "FieldDecl"]

    def enumerators(self, name: str) -> dict[str, int]:
        found = {}
        for node in self.members:
            if node["kind"] == "EnumDecl" and node.get("name") == name:
                for member in node["inner"]:
                    if member["kind"] == "EnumConstantDecl":
                        value = next(n["value"] for n in walk(member) if n.get("kind") == "ConstantExpr")
                        found[member["name"]] = int(value)
        return found

    def types(self) -> list[str]:
        return sorted({node["name"] for node in self.members if node["kind"] in DECLARES_TYPE})

    def free_functions(self) -> list[str]:
        return sorted({node["name"] for node in self.members if node["kind"] == "FunctionDecl"})

    def calls(self) -> list[str]:
        """The functions of C that the header uses."""
        found = set()
        for node in self.nodes:
            if node["kind"] == "NamespaceDecl":
                for inner in walk(node):
                    # Called, called in a template, or given to what owns a handle and frees it.
                    used = [inner.get("referencedDecl", {}), *inner.get("lookups", []), inner.get("decl", {})]
                    found |= {
                        n["name"] for n in used if n.get("kind") == "FunctionDecl" and n["name"].startswith("polyai_")
                    }
        return sorted(found)

    def comment(self, class_name: str, function: str) -> str:
        """The documentation of the first function of this name."""
        for member in self.public(class_name):
            if member.get("name") == function:
                comment = [n for n in member.get("inner", []) if n.get("kind") == "FullComment"]
                if comment:
                    return " ".join(n["text"] for n in walk(comment[0]) if n.get("kind") == "TextComment")
        return ""

    def arguments(self) -> list[str]:
        """What of a request is an argument of its call and no field."""
        names: list[set[str]] = []
        for class_name in ("Client", "Conversation"):
            for member in self.public(class_name):
                if member.get("name", "").endswith("respond"):
                    given = [n["name"] for n in member["inner"] if n["kind"] == "ParmVarDecl"]
                    names.append(set(given) - {"conversation_id", "request"})
        return [f"the argument `{name}`" for name in sorted(set.intersection(*names))]


def documents(text: str) -> Iterator[Node]:
    """The JSON objects that stand one after the other."""
    decoder, position = json.JSONDecoder(), 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return
        node, position = decoder.raw_decode(text, position)
        yield node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for inner in node.get("inner", []):
        yield from walk(inner)


def twins(with_exceptions: Header, without: Header) -> list[str]:
    """What stands against the rule that every function that can fail is there twice: one throws, and try_ does not."""
    wrong = []
    for name in CLASSES:
        throwing, quiet = with_exceptions.functions(name), without.functions(name)
        pairs = {function: MADE.get(function, f"try_{function}") for function in throwing}
        for function, twin in pairs.items():
            if function not in quiet and twin not in quiet:
                wrong.append(f"C++, {name}: `{function}` throws, and what does not is missing; right would be `{twin}`")
        for function in quiet:
            if function.startswith("try_") and function not in pairs.values():
                wrong.append(
                    f"C++, {name}: `{function}` is there, and what throws is not; right would be `{function[4:]}`"
                )
    return wrong


def surface(header: Header, answers: dict[str, str]) -> dict[str, dict[str, list[str]]]:
    """The parts of the surface. Of two functions that differ only in how they fail, that which throws."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in CLASSES:
        functions = header.functions(name)
        found[name] = {HEADER: [f for f in functions if not f.startswith("try_")]}
    found["Reply"] = {HEADER: header.functions("Reply")}
    fields = [f'set("{field}")' for field in texts.known(answers["field"])]
    requests = [word for word in found["Request"][HEADER] if word != "set"]
    found["Request"] = {HEADER: requests + fields + header.arguments()}
    found.update({name: {HEADER: header.fields(name)} for name in STRUCTS})
    for name in ENUMS:
        members = header.enumerators(name)
        found[name] = {
            HEADER: [numbered(word, number if name == "Status" else None) for word, number in members.items()]
        }
    found["types"] = {HEADER: header.types()}
    found["library"] = {HEADER: header.free_functions()}
    found["ownership"] = {HEADER: header.functions("Owner")}
    found["calls"] = {HEADER: header.calls()}
    rows = json.loads(answers["options_json"])
    found["options"] = {"options_json": [row["name"] for row in rows], "Config::set": texts.known(answers["option"])}
    found["rows"] = {"options_json": list(rows[0])}
    found["settings"] = {"Config::describe": texts.keys(header.comment("Config", "describe"))}
    found["variables"] = {"options_json": [row["environment_variable"] for row in rows]}
    found["phases"] = {"Error::phase": texts.in_backticks(header.comment("Error", "phase"))}
    found["attempt"] = {"Config::on_attempt": texts.keys(header.comment("Config", "on_attempt"))}
    of_metrics = header.comment("Client", "metrics_json")
    found["metrics"] = {"Client::metrics_json": texts.keys(of_metrics)}
    found["breaker"] = {"Client::metrics_json": texts.values(of_metrics, "breaker")}
    return found
