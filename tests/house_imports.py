"""Checks which file of a crate imports which, and how long a file is.

The rooms of a crate are listed from the ground up: a room is a folder in `src`, or a file where the crate is flat. An import
may point downwards or into its own room, never upwards; so no circle ties two rooms. Inside a room at most three files may
form a circle. `lib.rs` stands above all rooms and only re-exports. Files with a plus between them are one room.

Tests are left aside. Uses nothing but Python's standard library.
"""

import re

# A crate's rooms, from the ground up.
ROOMS = {
    "crates/core": "foundation model call dialect observe config transport engine client fuzzing benchmarks second_opinion",
    "crates/ffi": """
        sync text table handle sys constants arguments callback boundary+error cancel config request
        reply turn+conversation completions client by_id library
    """,
    "crates/node": "failure request events conversation+turn client",
    "crates/python": """
        calling error arguments options handoff reply interrupt shutdown listeners request turn+conversation done_calls
        client
    """,
    "crates/python-testing": "simulator",
    "crates/cli": """
        sys exit_status terminal waiting failure arguments keys interrupt configuration simulator doctor chat
    """,
    "crates/simulator": """
        operation settings wire fault page script error records shared tls control service server simulator builder
    """,
    "crates/xtask": "abi+documentation+tables c header read rules declarations",
}
LARGEST_CIRCLE = 3
MOST_LINES = 499
# The chores stay small: those beside the generators of declarations taken together, and each file of a generator.
CHORES, MOST_CHORES, MOST_GENERATOR = "crates/xtask/src", 1500, 150
# Programming languages beside Rust.
SUFFIXES = {".py", ".java", ".cs", ".js", ".mjs", ".ts", ".lua", ".c", ".h", ".cpp", ".hpp", ""}


def without_comments_and_texts(source):
    """The code with comments and the contents of texts blanked; line breaks stay."""
    tokens = re.compile(
        r"""//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^\\'])'""",
        re.S,
    )
    return tokens.sub(lambda found: " " + "\n" * found.group().count("\n"), source)


def end_of_item(code, start):
    """Where the item that begins at `start` ends: behind its block, or its semicolon."""
    depth = 0
    for found in re.compile(r"[{};]").finditer(code, start):
        depth += {"{": 1, "}": -1, ";": 0}[found.group()]
        if depth <= 0:
            return found.end()
    return len(code)


def without_tests(code):
    """The code without items that exist for tests only, and the modules among them that are files of their own."""
    kept, position, test_modules = [], 0, []
    for found in re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]").finditer(code):
        if found.start() < position:
            continue
        end = end_of_item(code, found.end())
        item = code[found.end() : end]
        test_modules += re.findall(r"\bmod\s+(\w+)\s*;", item)
        kept.append(code[position : found.start()])
        position = end
    return "".join([*kept, code[position:]]), test_modules


def leaves(tree):
    """The paths of a `use` tree, nested ones taken apart, without what they are renamed to."""
    prefix, brace, rest = tree.partition("{")
    if not brace:
        yield re.sub(r"\s+as\s+\w+", "", tree).replace(" ", "").strip()
        return
    part, depth = "", 0
    for character in rest[: rest.rindex("}")] + ",":
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            if part.strip():
                yield from leaves(prefix.strip() + part.strip())
            part = ""
        else:
            part += character


class Crate:
    def __init__(self, root, name):
        self.name = name
        self.source = root / name / "src"
        self.code, self.lines, hidden = {}, {}, set()
        for path in sorted(self.source.rglob("*.rs")):
            text = path.read_text(encoding="utf-8")
            code, test_modules = without_tests(without_comments_and_texts(text))
            file = path.relative_to(self.source).as_posix()
            self.code[file] = code
            self.lines[file] = code.count("\n")
            hidden |= {(*self.module(file), module) for module in test_modules}
        for file in list(self.code):
            module = self.module(file)
            if any(module[: length] in hidden for length in range(1, len(module) + 1)):
                del self.code[file], self.lines[file]
        self.files = {self.module(file): file for file in self.code if file != "main.rs"}
        self.shown = {}
        for file in self.code:
            for is_shown, path in self.uses(file):
                if is_shown:
                    self.shown.setdefault(self.module(file), {}).setdefault(path[-1], path)

    @staticmethod
    def module(file):
        parts = tuple(file[: -len(".rs")].split("/"))
        return parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts

    def uses(self, file):
        """Each path of this crate that a file names, and whether it only shows it to others."""
        yield from self.uses_of(self.code[file], self.module(file))

    def uses_of(self, code, module):
        inner = re.compile(r"\bmod\s+(\w+)\s*\{").search(code)
        while inner:
            end = end_of_item(code, inner.end() - 1)
            yield from self.uses_of(code[inner.end() : end - 1], (*module, inner.group(1)))
            code = code[: inner.start()] + code[end:]
            inner = re.compile(r"\bmod\s+(\w+)\s*\{").search(code)
        statement = re.compile(r"\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]*);")
        for found in statement.finditer(code):
            for leaf in leaves(" ".join(found.group(2).split())):
                path = self.absolute(leaf.split("::"), module)
                if path:
                    yield bool(found.group(1)), path
        for found in re.finditer(r"\b(?:crate|super|self)(?:\s*::\s*\w+)+", statement.sub("", code)):
            path = self.absolute(re.sub(r"\s", "", found.group()).split("::"), module)
            if path:
                yield False, path

    def absolute(self, path, module):
        """The path from the crate's root, `self` at its end left out; None where it leads out of the crate."""
        path = [part for index, part in enumerate(path) if part != "self" or index == 0]
        if path[0] == "crate":
            base, path = (), path[1:]
        elif path[0] == "super" or path[0] == "self":
            base = module
            if path[0] == "self":
                path = path[1:]
            while path and path[0] == "super":
                base, path = base[:-1], path[1:]
        elif (*module, path[0]) in self.files:
            base = module
        else:
            return None
        return (*base, *path)

    def target(self, path):
        """The file that a path leads to, through whatever shows it."""
        for _ in range(10):
            length = max(length for length in range(len(path) + 1) if path[:length] in self.files or length == 0)
            module = path[:length]
            shown = self.shown.get(module, {})
            further = shown.get(path[length]) if length < len(path) else None
            if not further or further == path:
                break
            path = (*further, *path[length + 1 :])
        return self.files.get(module, "lib.rs")

    def imports(self):
        """Which file imports which others, by what name."""
        found = {}
        for file in self.code:
            if file in ("lib.rs", "main.rs"):
                continue
            for is_shown, path in self.uses(file):
                target = self.target(path)
                if target != file and not (is_shown and file.endswith("mod.rs")):
                    found.setdefault(file, {}).setdefault(target, "::".join(path))
        return found


def room_of(file):
    return re.sub(r"\.rs$", "", file.split("/")[0])


def circles(imports):
    """The sets of files that import each other, however indirectly."""

    def reached(start):
        seen, waiting = set(), [start]
        while waiting:
            for target in imports.get(waiting.pop(), {}):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    reach = {file: reached(file) for file in imports}
    found = {frozenset(other for other in reach[file] if file in reach.get(other, ())) for file in imports}
    return sorted(sorted(circle) for circle in found if len(circle) > 1)


def crates_of(root):
    return sorted(path.parent.relative_to(root).as_posix() for path in root.glob("crates/*/src"))


def wrong_imports(root, rooms=None):
    rooms = rooms or ROOMS
    for name in crates_of(root):
        if name not in rooms:
            yield f"{name}: has no list of rooms"
    for name, listed in rooms.items():
        rank = {room: rank for rank, rooms in enumerate(listed.split()) for room in rooms.split("+")}
        crate = Crate(root, name)
        imports = crate.imports()
        present = {room_of(file) for file in crate.code} - {"lib", "main"}
        for room in sorted(present - set(rank)):
            yield f"{name}: the list of rooms says nothing of {room}"
        for room in sorted(set(rank) - present):
            yield f"{name}: the list of rooms names {room}, which is not there"
        rank["lib"] = len(rank)
        for file, targets in sorted(imports.items()):
            for target, path in sorted(targets.items()):
                if rank.get(room_of(target), 0) > rank.get(room_of(file), 0):
                    yield f"{name}/src/{file}: imports upwards: crate::{path}, of {target}"
        for circle in circles(imports):
            if len(circle) > LARGEST_CIRCLE and len({rank.get(room_of(file)) for file in circle}) == 1:
                yield f"{name}: {len(circle)} files import each other: {', '.join(circle)}"


def long_files(root, crates=None):
    for name in crates or crates_of(root):
        for file, lines in Crate(root, name).lines.items():
            if lines > MOST_LINES:
                yield f"{name}/src/{file}: {lines} lines without its tests; divide it"


def long_sources(root, files):
    """Files in other languages than Rust, without tests and what was generated."""
    for path in files:
        file = path.relative_to(root)
        if path.suffix in SUFFIXES and "tests" not in file.parts and path.is_file():
            text = path.read_bytes()
            lines = text.count(b"\n")
            if lines > MOST_LINES and b"do not edit" not in text[:400].lower():
                yield f"{file}: {lines} lines; divide it"


def large_chores(root):
    """What is too much in the chores: all lines count, whether code or not."""
    chores = 0
    for path in sorted((root / CHORES).rglob("*.rs")):
        lines = path.read_bytes().count(b"\n")
        if path.parent.name != "declarations":
            chores += lines
        elif lines > MOST_GENERATOR:
            yield f"{path.relative_to(root)}: {lines} lines; a generator has at most {MOST_GENERATOR} in a file"
    if chores > MOST_CHORES:
        yield f"{CHORES}: {chores} lines beside the generators; at most {MOST_CHORES} are wanted"
