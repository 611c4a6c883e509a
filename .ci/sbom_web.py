"""Adds what the pages are made of to the bill of materials: the packages of web-src/package-lock.json, and the files of
others in the desk's static folder. What only builds the bundle is there as "excluded" from what is shipped."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "web-src" / "package-lock.json"
STATIC = ROOT / "bot" / "desk" / "static"
# File, package, licence, and where the file itself says its version.
VENDORED = (
    ("bootstrap.min.css", "bootstrap", "MIT", re.compile(r"Bootstrap +v([\d.]+)")),
    ("htmx.min.js", "htmx.org", "0BSD", re.compile(r'version:"([\d.]+)"')),
)
Component = dict[str, Any]


def main(bill: Path) -> None:
    """Put the components into a CycloneDX file, in place of those of an earlier run."""
    data = json.loads(bill.read_text(encoding="utf-8"))
    others = [one for one in data.get("components", []) if not str(one.get("purl", "")).startswith("pkg:npm/")]
    data["components"] = [*others, *npm(json.loads(LOCK.read_text(encoding="utf-8"))), *vendored(STATIC)]
    bill.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def npm(lock: dict[str, Any]) -> list[Component]:
    """The packages of a package-lock.json."""
    return [
        _component(path.rpartition("node_modules/")[2], one["version"], one.get("license", ""))
        | {"hashes": [_integrity(one["integrity"])], "scope": "excluded" if one.get("dev") else "required"}
        for path, one in sorted(lock["packages"].items())
        if path
    ]


def vendored(folder: Path) -> list[Component]:
    """The files of others that are shipped as they are; raises ValueError where one does not say its version."""
    found = []
    for file, name, licence, says in VENDORED:
        text = (folder / file).read_text(encoding="utf-8")
        version = says.search(text)
        if version is None:
            raise ValueError(f"{file} does not say its version")
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        hashes = [{"alg": "SHA-256", "content": digest}]
        found.append(_component(name, version[1], licence) | {"hashes": hashes, "scope": "required"})
    return found


def _component(name: str, version: str, licence: str) -> Component:
    address = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    known = {"licenses": [{"license": {"name": licence}}]} if licence else {}
    return {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address, **known}


def _integrity(value: str) -> dict[str, str]:
    kind, _, digest = value.partition("-")
    return {"alg": kind.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
