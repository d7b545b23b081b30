"""How Sphinx makes the documentation of the Python packages: the guide, and the reference from the docstrings.

The packages must be importable. Nothing is fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polyai_chat

sys.path.insert(0, str(Path(__file__).parent))

project = "polyai-chat for Python"
version = release = polyai_chat.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "reading_docstrings"]
html_theme = "furo"
html_title = f"polyai-chat {version} for Python"
html_show_copyright = False
html_copy_source = False
templates_path: list[str] = []

nitpicky = True
# Python's own names, which would have to be fetched to be linked to, and names of types that are nobody's business.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections\.abc|contextlib|datetime|os|pathlib|types|typing|typing_extensions)\..+"),
    (r"py:class", r"(polyai_chat(_testing)?\.)?(_\w+\.)?_\w+"),
]
nitpick_ignore = [
    ("py:class", name)
    for name in (
        *("Any", "BaseException", "Callable", "ConnectionError", "Exception", "Iterator", "Literal", "Mapping"),
        *("PathLike", "Self", "TracebackType", "TypeError", "ValueError", "timedelta"),
        *("Delivery", "CallFields", "CreateFields", "RespondFields"),  # ours, of which the text says enough
    )
]
nitpick_ignore += [("py:obj", "CancelledError")]
default_role = "py:obj"
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 100
