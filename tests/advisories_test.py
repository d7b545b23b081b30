"""A release is refused for an advisory against a package of Cargo.lock, and where there are no current advisories."""

import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_RUN_HERE = 3
A_DAY = 24 * 3600

ADVISORY = """```toml
[advisory]
id = "RUSTSEC-2001-0001"
package = "{package}"
date = "2001-01-01"
url = "https://example.org/"
{more}
[versions]
patched = ["> {version}"]
unaffected = ["< {version}"]
```

# Made up for a test

It says nothing of the package.
"""


def locked(name):
    return re.search(rf'^name = "{name}"\nversion = "(.*)"$', (ROOT / "Cargo.lock").read_text(encoding="utf-8"), flags=re.M).group(1)


class Advisories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([ROOT / "tests/environment"], capture_output=True, text=True, check=False)
        if done.returncode == NOT_RUN_HERE:
            reason = done.stderr.strip().splitlines()[-1]
            if "POLYAI_NOT_RUN" in os.environ:
                Path(os.environ["POLYAI_NOT_RUN"]).write_text(reason + "\n", encoding="utf-8")
            raise unittest.SkipTest(reason)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.database = Path(scratch.name, "database")
        self.database.mkdir()

    def git(self, *arguments, **environment):
        identity = {f"GIT_{who}_{what}": "somebody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        command = ["git", "-c", "init.defaultBranch=main", *arguments]
        subprocess.run(command, cwd=self.database, env={**os.environ, **identity, **environment}, check=True, capture_output=True)

    def publish(self, package, version, more="", age=0):
        """The database, in the layout of RustSec's, with one advisory against this version, and an age in seconds."""
        file = self.database / "crates" / package / "RUSTSEC-2001-0001.md"
        file.parent.mkdir(parents=True)
        file.write_text(ADVISORY.format(package=package, version=version, more=more), encoding="utf-8")
        when = f"{int(time.time()) - age} +0000"
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Advise", GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)

    def check(self):
        done = subprocess.run([ROOT / "tests/advisories", self.database], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def refused(self, *reasons):
        status, said = self.check()
        self.assertEqual(status, 1, said)
        for reason in ("REFUSED", *reasons):
            self.assertIn(reason, said)

    def test_one_against_a_locked_version(self):
        self.publish("ring", locked("ring"))
        self.refused("RUSTSEC-2001-0001", f"ring {locked('ring')}", "Made up for a test")

    def test_one_that_only_says_unmaintained(self):
        self.publish("ring", locked("ring"), 'informational = "unmaintained"')
        self.refused("RUSTSEC-2001-0001", f"ring {locked('ring')}")

    def test_one_against_another_version(self):
        self.publish("ring", "0.0.1")
        status, said = self.check()
        self.assertEqual((status, "advisories: passed" in said), (0, True), said)

    def test_no_database(self):
        self.refused("there is no database of advisories")

    def test_a_stale_database(self):
        self.publish("ring", "0.0.1", age=31 * A_DAY)
        self.refused("stale: its newest is 31 days old")


if __name__ == "__main__":
    unittest.main()
