#!/usr/bin/env python3
"""add_bill.py WHEEL BILL: puts a bill of materials into a wheel, as maturin does for those that it builds (PEP 770)."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path


def main():
    wheel, bill = map(Path, sys.argv[1:])
    with zipfile.ZipFile(wheel) as archive:
        entries = {entry: archive.read(entry) for entry in archive.infolist()}
    record = next(entry for entry in entries if entry.filename.endswith(".dist-info/RECORD"))
    content = bill.read_bytes()
    entry = zipfile.ZipInfo(f"{record.filename.rpartition('/')[0]}/sboms/{bill.name}", record.date_time)
    entry.external_attr = record.external_attr
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    line = f"{entry.filename},sha256={digest},{len(content)}\n"
    # The record comes last.
    lines = entries.pop(record).decode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*entries.items(), (entry, content), (record, (line + lines).encode())]:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
