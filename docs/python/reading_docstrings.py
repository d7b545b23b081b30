"""An extension of Sphinx that reads docstrings as `help()` shows them, and completes what compiled classes say.

- Sections such as `Args:` and `Raises:` are understood, by the parser of Sphinx's own napoleon.
- A name in backticks is linked if it begins like a class of the package, and must then exist; others are words of code.
- Compiled classes take types, and the order of their members, from the stub.
- A link from an included document to the README leads to where the guide says the same; other ways out become text.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polyai_chat
from sphinx import addnodes
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.pycode import ModuleAnalyzer

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

IN_THE_GUIDE = {
    "../README.md#options": "guide.md#making-a-client",
    "../README.md#errors": "guide.md#when-something-goes-wrong",
}


def members_of_the_stub() -> dict[str, ast.FunctionDef]:
    """The functions and properties of the compiled classes by their full names."""
    stub = Path(polyai_chat.__file__).with_name("_native.pyi")
    return {
        f"{of_class.name}.{member.name}": member
        for of_class in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(of_class, ast.ClassDef)
        for member in of_class.body
        if isinstance(member, ast.FunctionDef)
    }


MEMBERS = members_of_the_stub()
WRITTEN_IN = {
    "polyai_chat": ("polyai_chat._errors", "polyai_chat._headers"),
    "polyai_chat_testing": ("polyai_chat_testing._simulator", "polyai_chat_testing._store_conformance"),
    "polyai_chat_channels": ("polyai_chat_channels._errors", "polyai_chat_channels._records"),
}


def remember_order(app: Sphinx) -> None:
    """Has autodoc find order and comments of what is public where that was written."""
    for name, parts in WRITTEN_IN.items():
        public = ModuleAnalyzer.for_module(name)
        public.analyze()
        public.tagorder.update({member: line for line, member in enumerate(MEMBERS)})
        for written in parts:
            module = ModuleAnalyzer.for_module(written)
            module.analyze()
            public.tagorder.update(module.tagorder)
            public.attr_docs.update(module.attr_docs)


def shown(of_type: ast.expr) -> str:
    """A type as a reader knows it."""
    text = re.sub(r"_\w*Options", "dict[str, Any]", ast.unparse(of_type))
    return text.replace("_Outcome", "Conversation | Reply | Closed | None")


def read_sections(app: Sphinx, what: Any, name: str, obj: object, options: object, lines: list[str]) -> None:
    if what in ("class", "exception", "function", "method"):
        lines[:] = GoogleDocstring(lines, what=what).lines()


def take_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    if what == "exception":
        return "", None  # the library makes them
    member = MEMBERS.get(name.removeprefix("polyai_chat.") + (".__new__" if what == "class" else ""))
    if member is None or what not in ("class", "method"):
        return None
    arguments = member.args
    if arguments.args and arguments.args[0].arg in ("self", "cls"):
        del arguments.args[0]
    if arguments.kwarg:  # of which the stub knows the names and types; a table has them
        arguments.kwarg.annotation = None
    returned = None if what == "class" or member.returns is None else shown(member.returns)
    return f"({ast.unparse(arguments)})", returned


def add_type(app: Sphinx, domain: str, objtype: str, content: addnodes.desc_content) -> None:
    signature = content.parent[0]
    if not isinstance(signature, addnodes.desc_signature):
        return
    member = MEMBERS.get(signature.get("fullname", ""))
    if objtype in ("attribute", "property") and member is not None and member.returns is not None:
        colon = addnodes.desc_sig_punctuation("", ": ")
        of_type = addnodes.desc_sig_name("", shown(member.returns))
        signature += addnodes.desc_annotation("", "", colon, of_type)


def leave_words_of_code(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    is_class = re.match(r"polyai_chat\b|[A-Z]\w*[a-z]", node.get("reftarget", ""))
    return content if node.get("reftype") == "obj" and not is_class else None


def lead_into_the_guide(app: Sphinx, path: Path, document: str, content: list[str]) -> None:
    for link, place in IN_THE_GUIDE.items():
        content[0] = content[0].replace(f"]({link})", f"]({place})")
    content[0] = re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", content[0])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", remember_order)
    app.connect("autodoc-process-docstring", read_sections)
    app.connect("autodoc-process-signature", take_signature)
    app.connect("object-description-transform", add_type)
    app.connect("missing-reference", leave_words_of_code)
    app.connect("include-read", lead_into_the_guide)
    return {"parallel_read_safe": True}
