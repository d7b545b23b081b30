"""house.py sees a command in a script that downloads what no hash is for."""

import unittest

import house


class UncheckedDownloads(unittest.TestCase):
    def faults(self, command, name="script", first="#!/usr/bin/env bash"):
        return list(house.unchecked_downloads({house.ROOT / name: f"{first}\n{command}\n"}))

    def test_what_is_refused(self):
        for command in [
            "cargo install --locked cargo-fuzz@0.13.2",
            "cargo build --release",
            "if curl -sSO https://example.org/tool; then",
            "true && wget https://example.org/tool",
            "npm ci",
            "git clone https://example.org/tool",
            '"$venv/bin/uv" pip install \\\n    --constraint list.txt pytest',
            "python3 -m pip download maturin",
        ]:
            with self.subTest(command):
                found = self.faults(command)
                self.assertEqual(len(found), 1, found)
                self.assertIn("script: downloads what no hash is for", found[0])
        self.assertEqual(len(self.faults("\tcargo build", name="Makefile", first="all:")), 1)

    def test_what_is_not(self):
        for command in [
            "cargo build --locked",
            '"$venv/bin/uv" pip install --require-hashes \\\n    --requirement list.txt',
            "pip install --no-index --find-links wheels polyai-chat",
            "# cargo install polyai-chat",
            'echo "Rust is missing: rustup toolchain install nightly"',
            "cargo clean",
        ]:
            with self.subTest(command):
                self.assertEqual(self.faults(command), [])
        self.assertEqual(self.faults("cargo build", first="#!/usr/bin/env python3"), [])


if __name__ == "__main__":
    unittest.main()
