"""The check of the npm packages accepts what packaging/npm makes, and fails on what is wrong in one respect."""

import contextlib
import io
import json
import os
import sys
import unittest
from pathlib import Path

import npm

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target", "shipped", os.environ.get("SHIPPED", "native"))
sys.path.insert(0, str(ROOT / "packaging"))

import third_party  # noqa: E402


def bill(name):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        third_party.print_alone(f"pkg:npm/%40polyai/{name}", [])
    return said.getvalue().encode()


def package():
    """That in JavaScript, as it should be."""
    chat = ROOT / "bindings/node/chat"
    sources = [*chat.glob("*.js"), *chat.glob("*.d.ts"), chat / "package.json", ROOT / "bindings/node/README.md"]
    sources += [ROOT / licence for licence in npm.LICENCES]
    return {**{file.name: file.read_bytes() for file in sources}, npm.BILL: bill("chat")}


class Packages(unittest.TestCase):
    def wrong(self, changes, *faults):
        found = list(npm.faults_of_package({**package(), **changes}))
        self.assertEqual(len(found), len(faults), found)
        for fault, expected in zip(found, faults):
            self.assertIn(expected, fault)

    def test_that_in_javascript(self):
        self.wrong({})
        self.wrong({"more.js": b""}, "more.js is not known")
        self.wrong({"index.js": b"// /home/me/index.js"}, "index.js: it tells of the machine that built it: /home/me/index.js")
        self.wrong({npm.BILL: bill("other")}, "the bill of materials is that of pkg:npm/%40polyai/other@")
        self.wrong({npm.BILL: json.dumps({**json.loads(bill("chat")), "version": "x"}).encode()}, "$.version: 'x' is not of type 'integer'")
        files = package()
        del files["LICENSE-MIT"]
        self.assertEqual(list(npm.faults_of_package(files)), ["LICENSE-MIT is missing"])

    def test_another_library_is_no_module(self):
        faults = list(npm.faults_of_module(SHIPPED / "libpolyai_chat.so", False))
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("it exports ", faults[0])


if __name__ == "__main__":
    unittest.main()
