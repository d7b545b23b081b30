"""house.py sees what is downloaded without a hash, by a command in a script or a lock file of npm, and npm packages of another version."""

import json
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
            "npm install express",
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
            "npm ci --ignore-scripts",
            "npm pack --silent",
            "cargo clean",
        ]:
            with self.subTest(command):
                self.assertEqual(self.faults(command), [])
        self.assertEqual(self.faults("cargo build", first="#!/usr/bin/env python3"), [])


class PackagesWithoutHashes(unittest.TestCase):
    def test_an_entry_without_a_hash_or_from_another_registry_is_seen(self):
        entries = {
            "": {},
            "node_modules/fine": {"integrity": "sha512-x", "resolved": "https://registry.npmjs.org/fine/-/fine-1.0.0.tgz"},
            "node_modules/unresolved": {"integrity": "sha512-x"},
            "node_modules/unchecked": {"resolved": "https://registry.npmjs.org/unchecked/-/unchecked-1.0.0.tgz"},
            "node_modules/elsewhere": {"integrity": "sha512-x", "resolved": "https://mirror.example/elsewhere-1.0.0.tgz"},
        }
        found = list(house.packages_without_hashes({house.ROOT / "package-lock.json": json.dumps({"packages": entries})}))
        self.assertEqual([fault.split("node_modules/")[1].split(",")[0] for fault in found], ["unchecked", "elsewhere"])


class NpmVersions(unittest.TestCase):
    def faults(self, **manifest):
        return list(house.npm_versions_out_of_step({house.ROOT / "package.json": json.dumps(manifest)}))

    def test_those_of_this_repository(self):
        self.assertEqual(len(self.faults(name="@polyai/chat", version="0.0.9")), 1)
        self.assertEqual(len(self.faults(name="an-example", version="9", dependencies={"@polyai/chat": "0.0.9"})), 1)
        self.assertEqual(len(self.faults(name="@polyai/chat", optionalDependencies={"@polyai/chat-a": "0", "other": "1"})), 2)

    def test_another_package_has_its_own(self):
        self.assertEqual(self.faults(name="an-example", version="9", dependencies={"express": "5.1.0"}), [])


if __name__ == "__main__":
    unittest.main()
