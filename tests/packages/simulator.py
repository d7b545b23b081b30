"""The simulator, for programs that find it through their environment."""

import subprocess
from pathlib import Path

SCRIPT = """
greeting = "Hello {attribute.customer_name|there}."
default_reply = "You said: {message}"
"""


class Simulator:
    def __init__(self, program, directory):
        script = Path(directory, "simulator.toml")
        script.write_text(SCRIPT, encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "simulator", "--script", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.environment = {}
        for line in self.process.stdout:
            if line.startswith("export "):
                name, value = line[len("export ") :].strip().split("=", 1)
                self.environment[name] = value
                if name == "POLYAI_DIALECT":
                    break

    def stop(self):
        self.process.terminate()
        self.process.communicate()
