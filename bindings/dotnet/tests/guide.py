#!/usr/bin/env python3
"""Prints a program in C# that runs what docs/dotnet.md and the README show, one block after the other.

guide.py [--logging]     with --logging also the blocks that need PolyAI.Chat.Extensions.Logging
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENTS = (HERE.parent / "README.md", HERE.parents[2] / "docs/dotnet.md")
# Blocks may use `client`, `conversation`, `order` and `loggerFactory` without making them.
FRAME = """using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;

static class Guide
{
    static ChatClient client;
    static Conversation conversation;
    static readonly string order = "Cancel my order";
#if LOGGING
    static readonly Microsoft.Extensions.Logging.ILoggerFactory loggerFactory =
        Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;
#endif

    // Mono ends by stopping the threads of its pool where they are. A method that has just completed its task takes
    // that for a failure.
    [DllImport("libc")]
    static extern void _exit(int status);

    static void Run(string name, Func<Task> block)
    {
        client = ChatClient.FromEnvironment();
        conversation = client.Create();
        block().GetAwaiter().GetResult();
        client.Dispose();
        Console.WriteLine("ok: " + name);
    }
"""


def main() -> None:
    """Writes the program to standard output."""
    with_logging = sys.argv[1:] == ["--logging"]
    methods, calls = [], []
    for document in DOCUMENTS:
        blocks = re.findall(r"^```csharp\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S)
        if not blocks:
            sys.exit(f"{document.name} shows no C#")
        for number, block in enumerate(blocks, 1):
            if "loggerFactory" in block and not with_logging:
                continue
            name = f"{document.stem} {number}"
            method = f"Block{len(methods)}"
            methods.append(
                f'\n    static async Task {method}()\n    {{\n#line 1 "{name}"\n{block}#line default\n'
                "        await Task.Yield();\n    }\n"
            )
            calls.append(f'        Run("{name}", {method});\n')
    print("#define LOGGING" if with_logging else "")
    calls.append("        _exit(0);\n")
    print(FRAME + "".join(methods) + "\n    static void Main()\n    {\n" + "".join(calls) + "    }\n}")


if __name__ == "__main__":
    main()
