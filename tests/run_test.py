"""The runner of the front door: no part hides another, and nothing that was not run counts as passed."""

import contextlib
import importlib.machinery
import importlib.util
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock


def loaded(name):
    path = str(Path(__file__).resolve().parent / name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


runner = loaded("run")
runner.show = lambda output: None


class TheRunner(unittest.TestCase):
    def run_parts(self, *commands, in_ci=False, **options):
        with tempfile.TemporaryDirectory() as logs, mock.patch.multiple(runner, LOGS=Path(logs), IN_CI=in_ci):
            parts = [runner.Part(f"part-{i}", "test", f"sh {self.script(logs, i, command)}", **options) for i, command in enumerate(commands)]
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                status = runner.table("test", runner.run(parts))
            return status, said.getvalue()

    def script(self, logs, number, command):
        path = Path(logs, f"script-{number}")
        path.write_text(command)
        return path

    def test_parts_behind_a_failure_run_all_the_same(self):
        status, said = self.run_parts("exit 1", "exit 0")
        self.assertEqual(status, 1)
        self.assertRegex(said, "part-0 +FAILED .*alone: tests/run part-0")
        self.assertRegex(said, "part-1 +passed")
        self.assertIn("1 passed, 1 failed, 0 skipped", said)

    def test_a_part_that_lacks_something_is_not_run_and_in_ci_failed(self):
        for in_ci, result in ((False, "not run"), (True, "FAILED")):
            status, said = self.run_parts("echo missing: a thing; exit 3", in_ci=in_ci)
            self.assertEqual(status, int(in_ci))
            self.assertRegex(said, f"part-0 +{result}")
            self.assertIn("not run: missing: a thing", said)

    def test_what_a_passing_part_left_out_is_listed_and_in_ci_failed(self):
        for in_ci, result in ((False, "passed"), (True, "FAILED")):
            status, said = self.run_parts('echo "without a compiler" >>"$POLYAI_NOT_RUN"', in_ci=in_ci)
            self.assertEqual(status, int(in_ci))
            self.assertRegex(said, f"part-0 +{result}")
            self.assertIn("not run: without a compiler", said)

    def test_parts_that_run_beside_others_count_as_much(self):
        status, said = self.run_parts("exit 1", beside=True)
        self.assertEqual(status, 1)
        self.assertRegex(said, "part-0 +FAILED")


if __name__ == "__main__":
    unittest.main()
