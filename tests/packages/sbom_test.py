"""A bill of materials as packaging writes it is one, for everything that is shipped, and the check fails on one that is wrong."""

import contextlib
import io
import json
import os
import sys
import unittest
from pathlib import Path

import sbom

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target", "shipped", os.environ.get("SHIPPED", "native"))
sys.path.insert(0, str(ROOT / "packaging"))

import third_party  # noqa: E402


def printed(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        function(*arguments)
    return said.getvalue()


class Written(unittest.TestCase):
    def test_that_of_the_library(self):
        bill, notices = ((SHIPPED / name).read_text(encoding="utf-8") for name in ["libpolyai_chat.cdx.json", "third-party.txt"])
        binary = (SHIPPED / "libpolyai_chat.so").read_bytes()
        self.assertGreater(len(sbom.left_in(binary)), 10)
        self.assertEqual(list(sbom.faults_of_bill(bill, notices, binary)), [])

    def test_those_of_the_wheels(self):
        runtimes = [third_party.standard_library()]
        # What other crates of the workspace want of the same packages is not linked in.
        for crate, kind, not_linked in [
            ("polyai-chat-python", "library", "hashbrown"),
            ("polyai-chat-python-testing", "library", "x509-parser"),
            ("polyai-chat-cli", "application", "pyo3"),
            ("polyai-chat-node", "library", "pyo3"),
        ]:
            with self.subTest(crate):
                linked = third_party.Linked(crate)
                notices = printed(third_party.print_notices, linked, runtimes)
                bill = printed(third_party.print_components, linked, f"pkg:pypi/{crate}", runtimes)
                self.assertEqual(list(sbom.faults_of_bill(bill, notices, b"")), [])
                self.assertEqual(json.loads(bill)["metadata"]["component"]["type"], kind)
                self.assertNotIn(not_linked, {name for name, _ in sbom.listed(notices)})


    def test_of_what_holds_nothing_of_others(self):
        needed = ["pkg:npm/%40polyai/chat-linux-x64-gnu", "pkg:maven/org.slf4j/slf4j-api@2.0.20"]
        bill = json.loads(printed(third_party.print_alone, "pkg:npm/%40polyai/chat", needed))
        self.assertEqual([error.message for error in sbom.VALIDATOR.iter_errors(bill)], [])
        (version,) = {bill["metadata"]["component"]["version"], bill["components"][0]["version"]}
        self.assertEqual([part["purl"] for part in bill["components"]], [f"{needed[0]}@{version}", needed[1]])
        self.assertEqual([part["name"] for part in bill["components"]], ["chat-linux-x64-gnu", "slf4j-api"])
        self.assertEqual(bill["dependencies"][0]["dependsOn"], [part["bom-ref"] for part in bill["components"]])


class Wrong(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text, cls.notices = ((SHIPPED / name).read_text(encoding="utf-8") for name in ["libpolyai_chat.cdx.json", "third-party.txt"])

    def faults(self, change, notices=None, binary=b""):
        bill = json.loads(self.text)
        (ring,) = (part for part in bill["components"] if part["name"] == "ring")
        change(bill, ring)
        return list(sbom.faults_of_bill(json.dumps(bill), self.notices if notices is None else notices, binary))

    def test_each_in_one_respect(self):
        version = next(version for name, version in sbom.listed(self.notices) if name == "ring")
        for change, fault in [
            (lambda bill, ring: bill.update(specVersion=1), "$.specVersion: 1 is not"),
            (lambda bill, ring: ring.update(purl="pkg:cargo/ring@0"), f"ring {version} has the package URL pkg:cargo/ring@0"),
            (lambda bill, ring: ring.pop("licenses"), f"ring {version} has no licence"),
            (lambda bill, ring: ring.pop("hashes"), f"ring {version} has no checksum"),
            (lambda bill, ring: bill["components"].remove(ring), f"ring {version} is not in the bill of materials"),
            (lambda bill, ring: [entry["dependsOn"].clear() for entry in bill["dependencies"]], "nothing needs pkg:cargo/arc-swap@"),
        ]:
            with self.subTest(fault):
                self.assertTrue(self.faults(change)[0].startswith(fault), self.faults(change))

    def test_beside_the_others(self):
        def change(*_):
            pass

        self.assertEqual(self.faults(change), [])
        self.assertIn("is missing", self.faults(change, self.notices.replace("  ring ", "  string "))[0])
        of_nobody = ["tokio 1.2.3 is linked in, and not in the bill of materials"]
        self.assertEqual(self.faults(change, binary=b"/packages/tokio-1.2.3/src/lib.rs"), of_nobody)


if __name__ == "__main__":
    unittest.main()
