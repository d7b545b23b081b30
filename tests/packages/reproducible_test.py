"""The comparison of two builds says which file differs, and where."""

import io
import subprocess
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import reproducible


def wheel(*members, time=(1980, 1, 1, 0, 0, 0), mode=0o644):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, time)
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return file.getvalue()


def tar(time):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:xz") as archive:
        member = tarfile.TarInfo("usr/lib/a")
        member.mtime = time
        archive.addfile(member)
    return file.getvalue()


class Compared(unittest.TestCase):
    def ar(self, name, content):
        """An archive of one file, as a static library or a Debian package is one."""
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, name).write_bytes(content)
            subprocess.run(["ar", "rcsD", "archive", name], cwd=directory, check=True)
            return Path(directory, "archive").read_bytes()

    def differs(self, one, other, *faults, name="a.whl"):
        self.assertEqual(list(reproducible.differences(name, one, one)), [])
        found = list(reproducible.differences(name, one, other))
        self.assertEqual(len(found), len(faults), found)
        for said, expected in zip(found, faults):
            self.assertIn(expected, said)

    def test_plain_files(self):
        self.differs(b"/home/one/a", b"/home/other/a", "a.so: byte 7 of 11 and 13: b'/home/one/a'", name="a.so")
        self.differs(b"a", b"ab", "a.so: byte 1 of 1 and 2", name="a.so")

    def test_wheels(self):
        one = wheel(("a.py", b"1"), ("b.so", b"/one/"))
        self.differs(one, wheel(("a.py", b"1"), ("b.so", b"/two/")), "a.whl: b.so: byte 1 of 5 and 5: b'/one/' and b'/two/'")
        self.differs(one, wheel(("b.so", b"/one/"), ("a.py", b"1")), "a.whl: the order is another")
        self.differs(one, wheel(("a.py", b"1")), "a.whl: b.so is only in the first")
        self.differs(wheel(("a", b"")), wheel(("a", b""), time=(2026, 1, 1, 0, 0, 0)), "a.whl: of a they say (1980")
        self.differs(wheel(("a", b"")), wheel(("a", b""), mode=0o600), "a.whl: of a they say (1980")

    def test_npm(self):
        self.differs(tar(1), tar(2), "a.tgz: of usr/lib/a they say 1 ", name="a.tgz")

    def test_archives(self):
        one, other = self.ar("a.o", b"1"), self.ar("a.o", b"2")
        self.differs(one, other, "lib.a: a.o: byte 0 of 1 and 1", name="lib.a")
        one, other = self.ar("data.tar.xz", tar(1)), self.ar("data.tar.xz", tar(2))
        self.differs(one, other, "a.deb: data.tar.xz: of usr/lib/a they say 1", name="a.deb")

    def test_builds(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, content in {"one": b"1", "other": b"2"}.items():
                Path(directory, name).write_bytes(content)
            one, other = Path(directory, "one"), Path(directory, "other")
            self.assertEqual(list(reproducible.compared({"a": one, "b": one}, {"a": one, "b": one})), [])
            found = list(reproducible.compared({"a": one, "b": one}, {"a": other, "c": one}))
        self.assertEqual([fault.partition(":")[0] for fault in found], ["a", "b is only in the first", "c is only in the second"])


if __name__ == "__main__":
    unittest.main()
