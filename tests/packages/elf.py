"""Reads what the dynamic linker reads of a shared library or program for x86-64."""

import struct
from collections import namedtuple

Segment = namedtuple("Segment", "kind flags offset address file_size memory_size")
Symbol = namedtuple("Symbol", "name is_weak is_defined is_function version library")

LOAD, DYNAMIC, NOTE, STACK, RELRO = 1, 2, 4, 0x6474E551, 0x6474E552
EXECUTE, WRITE = 1, 2
NEEDED, SONAME, RPATH, RUNPATH, TEXTREL, FLAGS, FLAGS_1 = 1, 14, 15, 29, 22, 30, 0x6FFFFFFB
INIT_ARRAY_SIZE, FINI_ARRAY_SIZE = 27, 28
STRINGS, SYMBOLS, VERSIONS, VERSIONS_NEEDED, VERSIONS_NEEDED_COUNT = 5, 6, 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF
F_TEXTREL, F_BIND_NOW, F_STATIC_TLS = 4, 8, 16
F1_NOW, F1_NODELETE, F1_PIE = 1, 8, 0x08000000
SHT_SYMTAB, SHT_DYNSYM, SHT_NOTE = 2, 11, 7


class File:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is no 64-bit little-endian ELF file")
        (program_headers,) = struct.unpack_from("<Q", self.bytes, 32)
        size, count = struct.unpack_from("<HH", self.bytes, 54)
        self.segments = []
        for number in range(count):
            kind, flags, offset, address, _, file_size, memory_size, _ = struct.unpack_from(
                "<IIQQQQQQ", self.bytes, program_headers + number * size
            )
            self.segments.append(Segment(kind, flags, offset, address, file_size, memory_size))
        self.dynamic = self._dynamic()

    def segment(self, kind):
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def _dynamic(self):
        segment = self.segment(DYNAMIC)
        entries = {}
        for offset in range(segment.offset, segment.offset + segment.file_size, 16):
            tag, value = struct.unpack_from("<qQ", self.bytes, offset)
            if tag == 0:
                break
            entries.setdefault(tag, []).append(value)
        return entries

    def number(self, tag):
        return self.dynamic.get(tag, [0])[0]

    def texts(self, tag):
        return [self._text(value) for value in self.dynamic.get(tag, [])]

    def _offset(self, address):
        for segment in self.segments:
            if segment.kind == LOAD and segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset
        raise ValueError(f"nothing is loaded at {address:#x}")

    def _text(self, position):
        start = self._offset(self.number(STRINGS)) + position
        return self.bytes[start : self.bytes.index(b"\0", start)].decode()

    def section_kinds(self):
        """The kind of every section, with its size."""
        (offset,) = struct.unpack_from("<Q", self.bytes, 40)
        size, count = struct.unpack_from("<HH", self.bytes, 58)
        for number in range(count):
            fields = struct.unpack_from("<IIQQQQIIQQ", self.bytes, offset + number * size)
            yield fields[1], fields[5]

    def _versions_needed(self):
        """By index: a version and the library that has it."""
        found = {}
        if not self.number(VERSIONS_NEEDED):
            return found
        position = self._offset(self.number(VERSIONS_NEEDED))
        for _ in range(self.number(VERSIONS_NEEDED_COUNT)):
            _, count, file, first, following = struct.unpack_from("<HHIII", self.bytes, position)
            entry = position + first
            for _ in range(count):
                _, _, index, name, next_entry = struct.unpack_from("<IHHII", self.bytes, entry)
                found[index & 0x7FFF] = self._text(name), self._text(file)
                entry += next_entry
            position += following
        return found

    def symbols(self):
        """Those of the dynamic linker that are visible outside."""
        count = next(size for kind, size in self.section_kinds() if kind == SHT_DYNSYM) // 24
        table = self._offset(self.number(SYMBOLS))
        versions = self._versions_needed()
        for number in range(1, count):
            name, info, _, section, _, _ = struct.unpack_from("<IBBHQQ", self.bytes, table + number * 24)
            binding = info >> 4
            if binding == 0:
                continue
            version = (None, None)
            if versions:
                (index,) = struct.unpack_from("<H", self.bytes, self._offset(self.number(VERSIONS)) + number * 2)
                version = versions.get(index & 0x7FFF, version)
            yield Symbol(self._text(name), binding == 2, section != 0, info & 15 == 2, *version)
