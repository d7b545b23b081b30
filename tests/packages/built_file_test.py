"""Each check of built_file.py accepts a library as it should be, and fails on one that is wrong in one respect."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import built_file

MANIFEST = json.loads((Path(__file__).resolve().parent.parent.parent / "include/polyai_chat.json").read_text(encoding="utf-8"))
FUNCTIONS = sorted(built_file.functions_of(MANIFEST))
COMPILER = os.environ.get("CC", "cc").split()

# Not exported, and not left out either.
HIDDEN = '__attribute__((visibility("hidden"), used)) '

LINKER = {
    "soname": f"-Wl,-soname,{MANIFEST['abi']['soname']}",
    "nodelete": "-Wl,-z,nodelete",
    "bind_now": "-Wl,-z,now",
    "relro": "-Wl,-z,relro",
    "stack": "-Wl,-z,noexecstack",
    "stripped": "-s",
    "stack_protector": "-fstack-protector-all",
}


class BuiltFile(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = Path(scratch.name)

    def compile(self, source, output, *flags):
        file = self.directory / "source.c"
        file.write_text(source, encoding="utf-8")
        command = [*COMPILER, "-w", "-O1", "-fPIC", *flags, str(file), "-o", str(self.directory / output)]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.directory / output

    def library(self, *flags, functions=None, more="", without=(), instead=()):
        """A library with these functions, linked as it should be but for what is left out."""
        source = f"#include <stdlib.h>\n{HIDDEN} void *(*const uses_libc)(size_t) = malloc;\n{more}\n"
        source += "".join(f"void {name}(void) {{}}\n" for name in functions or FUNCTIONS)
        linker = [flag for name, flag in LINKER.items() if name not in without]
        return self.compile(source, "libpolyai_chat.so", "-shared", "-nostartfiles", *linker, *instead, *flags)

    def wrong(self, path, check, portable=False):
        """Fails in this check, and in no other."""
        faults = built_file.faults_of_shared(path, MANIFEST, portable)
        self.assertEqual(list(faults), [check], faults)

    def test_a_library_as_it_should_be(self):
        self.assertEqual(built_file.faults_of_shared(self.library(), MANIFEST, True), {})

    def test_exports(self):
        self.wrong(self.library(more="void rust_eh_personality(void) {}"), "exports")
        self.wrong(self.library(more="int polyai_chat_secret = 1;"), "exports")
        self.wrong(self.library(functions=FUNCTIONS[1:]), "exports")

    def test_soname(self):
        self.wrong(self.library(without=["soname"]), "soname")
        self.wrong(self.library(without=["soname"], instead=["-Wl,-soname,libpolyai_chat.so.2"]), "soname")

    def test_nodelete(self):
        self.wrong(self.library(without=["nodelete"]), "nodelete")

    def test_bind_now(self):
        self.wrong(self.library(without=["bind_now"], instead=["-Wl,-z,lazy"]), "bind_now")

    def test_relro(self):
        self.wrong(self.library(without=["relro"], instead=["-Wl,-z,norelro"]), "relro")

    def test_stack(self):
        self.wrong(self.library(without=["stack"], instead=["-Wl,-z,execstack"]), "stack")

    def test_segments(self):
        # What follows the assembler's comment sign is what the compiler adds.
        more = """__attribute__((section(".both,\\"awx\\",@progbits#"), used)) static int both = 1;"""
        self.wrong(self.library(more=more), "segments")

    def test_textrel(self):
        more = f'__asm__(".text\\n.quad {FUNCTIONS[0]}\\n");'
        self.wrong(self.library("-Wl,-z,notext", more=more), "textrel")

    def test_static_tls(self):
        more = f"static __thread int own;\n{HIDDEN} int *uses_own(void) {{ return &own; }}"
        self.wrong(self.library("-ftls-model=initial-exec", more=more), "static_tls")

    def test_stack_protector(self):
        self.wrong(self.library(without=["stack_protector"], instead=["-fno-stack-protector"]), "stack_protector")

    def test_search_path(self):
        self.wrong(self.library("-Wl,-rpath,/usr/lib/elsewhere"), "search_path")

    def test_needed_and_undefined(self):
        self.compile("void foreign(void) {}", "libforeign.so", "-shared", "-Wl,-soname,libforeign.so.1")
        path = self.library(f"-L{self.directory}", "-Wl,--no-as-needed", "-lforeign")
        self.wrong(path, "needed")
        more = f"void foreign(void);\n{HIDDEN} void uses_foreign(void) {{ foreign(); }}"
        self.wrong(self.library("-Wl,--unresolved-symbols=ignore-all", more=more), "undefined")
        weak = more.replace("void foreign(void);", "void foreign(void) __attribute__((weak));")
        self.wrong(self.library(more=weak), "undefined")

    def test_size(self):
        fits = built_file.MOST_BYTES - 200_000
        more = HIDDEN + "const char filling[{}] = {{1}};"
        self.assertEqual(built_file.faults_of_shared(self.library(more=more.format(fits)), MANIFEST, False), {})
        self.wrong(self.library(more=more.format(built_file.MOST_BYTES)), "size")

    def test_stripped(self):
        self.wrong(self.library(without=["stripped"]), "stripped")

    def test_glibc(self):
        more = f"#include <sys/random.h>\n{HIDDEN} long uses_newer(void *text) {{ return getrandom(text, 1, 0); }}"
        path = self.library(more=more)  # getrandom came with glibc 2.25
        self.assertEqual(built_file.faults_of_shared(path, MANIFEST, False), {})
        self.wrong(path, "glibc", portable=True)

    def test_initializers(self):
        for section, most in [(".init_array", built_file.MOST_INITIALIZERS), (".fini_array", built_file.MOST_FINALIZERS)]:
            more = '__attribute__((section("{}"), used)) static void (*const run[{}])(void) = {{(void (*)(void))malloc}};'
            accepted = self.library(more=more.format(section, most))
            self.assertEqual(built_file.faults_of_shared(accepted, MANIFEST, False), {})
            self.wrong(self.library(more=more.format(section, most + 1)), "initializers")

    def test_traces(self):
        for trace in [
            "/home/me/src/lib.rs",
            "/packages/registry/src/x/lib.rs",
            "packages.example.org-0123456789abcdef/ring/src",
            os.path.expanduser("~") + "/lib.rs",
            str(Path(__file__).resolve().parent),
            built_file.own_directories()[-1] + "/shipped/build",
        ]:
            with self.subTest(trace):
                self.wrong(self.library(more=f'{HIDDEN} const char told[] = "{trace}";'), "traces")

    def static(self, source, *flags):
        member = self.compile(source, "member.o", "-c", "-fstack-protector-all", *flags)
        path = self.directory / "libpolyai_chat.a"
        path.unlink(missing_ok=True)
        subprocess.run(["ar", "rcs", path, member], check=True)
        return list(built_file.faults_of_static(path, MANIFEST))

    def test_static_library(self):
        functions = [f"void {name}(void) {{}}\n" for name in FUNCTIONS]
        self.assertEqual(self.static("".join(functions)), [])
        self.assertEqual(self.static("".join(functions[1:])), ["exports"])
        self.assertEqual(self.static("".join(functions) + "void rust_eh_personality(void) {}"), ["exports"])
        self.assertEqual(self.static("".join(functions) + 'const char *polyai_path(void) { return "/root/a"; }'), ["exports", "traces"])
        self.assertEqual(self.static("".join(functions), "-Wa,--execstack"), ["stack"])
        self.assertEqual(self.static("".join(functions), "-fno-stack-protector"), ["stack_protector"])

    def test_every_check_is_seen_to_fail(self):
        tested = {name[len("test_"):] for name in dir(self) if name.startswith("test_")}
        tested |= {"needed", "undefined"}
        self.assertEqual({check.__name__ for check in built_file.CHECKS} - tested, set())


if __name__ == "__main__":
    unittest.main()
