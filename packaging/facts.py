#!/usr/bin/env python3
"""What the packages say about the library, read from the generated header and its manifest.

    facts.py version | soname       prints one of them
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/polyai_chat.h"
MANIFEST = ROOT / "include/polyai_chat.json"

manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
version = re.search(r'^#define POLYAI_VERSION "(.*)"$', HEADER.read_text(encoding="utf-8"), flags=re.M).group(1)
soname = manifest["abi"]["soname"]

# The ABI comes first, so that ldconfig prefers the file that can do more, whatever release it is of.
real_name = f"{soname}.{manifest['abi']['newest']}.{version}"

# What `rustc --print native-static-libs` says, without what every compiler adds by itself: -lc, and -lgcc_s, which does
# not exist where a program is linked with -static.
libraries_of_static = ["util", "rt", "pthread", "m", "dl"]

if __name__ == "__main__":
    print({"version": version, "soname": soname}[sys.argv[1]])
