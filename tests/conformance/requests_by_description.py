"""Checks every request of a conformance run against the descriptions in docs/openapi.

Usage: requests_by_description.py REQUESTS DESCRIPTIONS, where REQUESTS was written by `conformance --requests`.

The other way round too: what is described must have been sent, and the core must know the fields of the answers.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = {"create": ("Create", "Greeting"), "respond": ("Respond", "Reply"), "close": ("Close", "Closed")}


class Description:
    """One dialect."""

    def __init__(self, file: Path) -> None:
        self.document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.components = self.document["components"]
        self.methods = {
            operation["operationId"]: method.upper()
            for path in self.document["paths"].values()
            for method, operation in path.items()
            if method != "parameters"
        }
        self.secrets = {scheme["name"] for scheme in self.components["securitySchemes"].values()}

    def fields(self, schema: str) -> set[str]:
        return set(self.components["schemas"][schema]["properties"])

    def wrong(self, request: dict[str, Any]) -> list[str]:
        """What the description does not allow in a request."""
        operation, headers = request["operation"], dict(request["headers"])
        if operation not in self.methods:
            return [f"there is no {operation}"]
        found = []
        if request["method"] != self.methods[operation]:
            found.append(f"the method is {request['method']}")
        found += [f"there is no header {name}" for name in self.secrets if name not in headers]
        if headers.get("Content-Type") != "application/json":
            found.append(f"the content type is {headers.get('Content-Type')}")
        sent, _ = SCHEMAS[operation]
        schema = {"$ref": f"#/components/schemas/{sent}", "components": self.components}
        found += [error.message for error in Draft202012Validator(schema).iter_errors(request["body"])]
        unknown = set(request["body"]) - self.fields(sent) - set(request["extra"])
        found += [f"the field {name} is not described" for name in sorted(unknown)]
        return found


def main() -> int:
    requests, directory = Path(sys.argv[1]), Path(sys.argv[2])
    descriptions = {dialect: Description(directory / f"{dialect}.yaml") for dialect in ("current", "legacy")}
    with requests.open(encoding="utf-8", newline="\n") as lines:
        known, *received = map(json.loads, lines)
    faults = []
    sent = defaultdict(set)
    for request in received:
        description = descriptions[request["dialect"]]
        faults += [f"{request['case']}: {request['operation']}: {fault}" for fault in description.wrong(request)]
        sent[request["dialect"], request["operation"]] |= set(request["body"] or ())
    answered = defaultdict(set)
    for dialect, description in descriptions.items():
        for operation in description.methods:
            schema, answer = SCHEMAS[operation]
            faults += [
                f"{dialect}: {operation}: no case sends {field}"
                for field in sorted(description.fields(schema) - sent[dialect, operation])
            ]
            answered[operation] |= description.fields(answer)
    for operation, fields in known.items():
        if set(fields) != answered[operation]:
            faults.append(f"{operation}: the core knows {sorted(fields)}, described are {sorted(answered[operation])}")
    for fault in sorted(set(faults)):
        print(fault)
    print(f"descriptions: {len(received)} requests, {len(set(faults))} faults")
    return 1 if faults or not received else 0


if __name__ == "__main__":
    sys.exit(main())
