"""Tests of house_imports.py, on small trees of their own."""

import tempfile
import unittest
from pathlib import Path

import house_imports


class Imports(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def write(self, **files):
        for name, text in {"lib": "mod low; mod high;", **files}.items():
            path = self.root / "one/src" / (name.replace("__", "/") + ".rs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def faults(self, rooms="low high"):
        return list(house_imports.wrong_imports(self.root, {"one": rooms}))

    def assert_upwards(self, text, **others):
        self.write(low=text, high="pub fn work() {}", **others)
        faults = self.faults()
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("one/src/low.rs: imports upwards", faults[0])

    def test_an_import_downwards_is_right(self):
        self.write(low="pub fn work() {}", high="use crate::low::work; fn more() { crate::low::work() }")
        self.assertEqual(self.faults(), [])

    def test_every_way_to_import_upwards_is_noticed(self):
        for text in [
            "use crate::high::work;",
            "use crate::{high::{self, work as other}};",
            "use super::high;",
            "fn more() { crate::high::work() }",
            "fn more() -> super::high::Work { todo!() }",
            'fn more() { let quote = \'"\'; crate::high::work() } // "',
            "mod inner { use super::super::high::work; }",
        ]:
            with self.subTest(text):
                self.assert_upwards(text)

    def test_what_lib_shows_belongs_to_its_room(self):
        self.assert_upwards("use crate::work;", lib="mod low; mod high; pub use high::work;")

    def test_what_lib_has_itself_is_above_all(self):
        self.assert_upwards("fn more() { crate::work() }", lib="mod low; mod high; fn work() {}")

    def test_tests_comments_and_texts_may_name_what_they_like(self):
        self.write(
            low="""
            //! See [`crate::high`].
            const TEXT: &str = "use crate::high::work;";
            mod inner { use super::TEXT; }
            #[cfg(test)] use crate::high::work;
            #[cfg(all(test, feature = "x"))] mod more;
            #[cfg(test)] mod tests { use crate::high::work; fn more() { if true {} } }
            """,
            low__more="use crate::high::work;",
            high="pub fn work() {}",
        )
        self.assertEqual(self.faults(), [])

    def test_rooms_that_import_each_other_are_noticed_in_any_order(self):
        self.write(low="use crate::high::work;", high="use crate::low::more;")
        for order in ["low high", "high low"]:
            self.assertEqual(len(self.faults(order)), 1)
        self.assertEqual(self.faults("low+high"), [])

    def test_a_circle_of_four_files_in_a_room_is_noticed_and_one_of_three_is_not(self):
        circle = {f"low__{name}": f"use super::{after}::work;" for name, after in ["ab", "bc", "ca"]}
        self.write(low__mod="mod a; mod b; mod c; mod d; pub use a::work;", high="use crate::low::work;", **circle)
        self.assertEqual(self.faults(), [])
        self.write(low__c="use super::d::work;", low__d="use super::work;")
        self.assertEqual(
            self.faults(), ["one: 4 files import each other: low/a.rs, low/b.rs, low/c.rs, low/d.rs"]
        )

    def test_the_list_names_all_rooms_and_no_other(self):
        self.write(low="", high="")
        faults = self.faults("low lower")
        self.assertEqual(len(faults), 2, faults)

    def test_a_long_file_is_noticed_without_its_tests(self):
        lines = "fn work() {}\n" * house_imports.MOST_LINES
        self.write(low=lines + "#[cfg(test)]\nmod tests {\n" + lines + "}", high="")
        self.assertEqual(list(house_imports.long_files(self.root, ["one"])), [])
        self.write(low=lines + "fn more() {}\n")
        self.assertEqual(len(list(house_imports.long_files(self.root, ["one"]))), 1)

    def test_a_crate_without_a_list_of_rooms_is_noticed(self):
        (self.root / "crates/two/src").mkdir(parents=True)
        self.assertEqual(self.faults(""), ["crates/two: has no list of rooms"])

    def test_a_long_file_of_any_language_is_noticed_unless_it_is_a_test_or_generated(self):
        long = "line\n" * (house_imports.MOST_LINES + 1)
        texts = {"a.py": long, "tests/b.py": long, "c.java": "// Generated; do not edit.\n" + long, "d.c": "line\n"}
        for name, text in texts.items():
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        files = [self.root / name for name in texts]
        faults = list(house_imports.long_sources(self.root, files))
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("a.py: ", faults[0])

    def test_chores_that_have_grown_are_noticed(self):
        generators = self.root / house_imports.CHORES / "declarations"
        generators.mkdir(parents=True)
        (generators / "one.rs").write_text("\n" * house_imports.MOST_GENERATOR, encoding="utf-8")
        (generators.parent / "main.rs").write_text("\n" * house_imports.MOST_CHORES, encoding="utf-8")
        self.assertEqual(list(house_imports.large_chores(self.root)), [])
        for path in (generators / "one.rs", generators.parent / "abi.rs"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")
        self.assertEqual(len(list(house_imports.large_chores(self.root))), 2)


if __name__ == "__main__":
    unittest.main()
