"""The lists of defects name texts that stand once in the sources: a list that is out of date is noticed before it is run."""

import sys
import unittest
from pathlib import Path

MUTANTS = Path(__file__).parent / "conformance/mutants"
sys.path.insert(0, str(MUTANTS))

import mutants  # noqa: E402

LISTS = {
    "cpp_header.txt": ("C++",),
    "lua_module.txt": ("Lua",),
    "node.txt": tuple(mutants.NODE_RUNNERS),
    "python.txt": tuple(mutants.PYTHON_RUNNERS),
    "java.txt": mutants.JAVA_RUNNERS,
    "dotnet.txt": mutants.DOTNET_RUNNERS,
}


class Lists(unittest.TestCase):
    def test_every_text_stands_once(self):
        self.assertEqual({path.name for path in MUTANTS.glob("*.txt")}, set(LISTS))
        for name, runners in LISTS.items():
            for defect in mutants.replacements(name, runners, ""):
                with self.subTest(defect.what):
                    self.assertNotEqual(defect.applied(), (mutants.REPOSITORY / defect.file).read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
