"""Checks a bill of materials: what CycloneDX's own schema asks, and that it lists what is linked in, with what identifies each part."""

import json
import re
import sysconfig
from pathlib import Path
from urllib.parse import quote

from jsonschema import Draft7Validator
from referencing import Registry, Resource

SCHEMAS = Path(sysconfig.get_path("purelib"), "cyclonedx/schema/_res")  # of cyclonedx-python-lib


def schema(name):
    return json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))


# That of a bill calls the others by these names.
OTHERS = Registry().with_resources(
    (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", Resource.from_contents(schema(name))) for name in ("spdx", "jsf-0.82")
)
VALIDATOR = Draft7Validator(schema("bom-1.5"), registry=OTHERS)


def listed(notices):
    """Name and version of each package that has its licence in third-party.txt."""
    return set(re.findall(r"^  (\S+) (\d\S*) \(", notices, flags=re.M))


def left_in(binary):
    """Name and version of each package of cargo's whose sources a binary names."""
    return {(name.decode(), version.decode()) for name, version in re.findall(rb"/packages/([\w-]+?)-(\d[\w.+-]*)/", binary)}


def faults_of_whole(text, purl):
    """Whether that is a bill, and the one of this package."""
    bill = json.loads(text)
    if (found := bill.get("metadata", {}).get("component", {}).get("purl")) != purl:
        yield f"the bill of materials is that of {found}"
    yield from (f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(bill))


def faults_of_part(part):
    what = f"{part['name']} {part.get('version')}"
    if not part.get("purl", "").endswith(f"/{part['name']}@{quote(part.get('version', ''), safe='')}"):
        yield f"{what} has the package URL {part.get('purl')}"
    if not part.get("licenses"):
        yield f"{what} has no licence"


def faults_of_bill(text, notices, binary):
    """`notices` is the third-party.txt of the same artefact, `binary` what is compiled in it."""
    bill = json.loads(text)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(bill)]
    if errors:
        yield from errors
        return
    parts = bill["components"]
    packages = {(part["name"], part["version"]) for part in parts}
    for name, version in sorted(packages - listed(notices)):
        yield f"the licence of {name} {version} is missing"
    for name, version in sorted(listed(notices) - packages):
        yield f"{name} {version} is not in the bill of materials"
    for name, version in sorted(left_in(binary) - packages):
        yield f"{name} {version} is linked in, and not in the bill of materials"
    for part in [bill["metadata"]["component"], *parts]:
        yield from faults_of_part(part)
    for part in parts:
        digests = [digest["content"] for digest in part.get("hashes", []) if digest["alg"] == "SHA-256"]
        commits = part.get("pedigree", {}).get("commits", [])
        if not (commits if part["name"] == "rust-std" else digests):
            yield f"{part['name']} {part['version']} has no checksum"
    known = {part["bom-ref"] for part in [bill["metadata"]["component"], *parts]}
    reached = {name for entry in bill["dependencies"] for name in entry["dependsOn"]}
    for name in sorted(known - reached - {bill["metadata"]["component"]["bom-ref"]}):
        yield f"nothing needs {name}"
