#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the list of components of a release as CycloneDX 1.5 (JSON): every library with version and licence.

usage: sbom.py VERSION OUT [COMPONENTS_JSON]
COMPONENTS_JSON is that of the relocatable folder (share/watchword/components.json), which names what is shipped in it. Without it the
libraries are named that the programs of this machine are built with. SOURCE_DATE_EPOCH is the time that the list tells.
"""

import datetime
import json
import os
import pathlib
import sys
import uuid

import components

# What Watchword links itself; the development packages name the libraries.
DIRECT = ["qt6-base-dev", "qt6-websockets-dev", "qt6-svg-dev", "qt6-declarative-dev", "qtkeychain-qt6-dev", "libssl-dev", "zlib1g-dev", "libzstd-dev", "libboost-dev",
          "libtomlplusplus-dev", "libsimdjson-dev", "libqrencode-dev"]


def component(each):
    one = {"type": "file" if each["package"].startswith("fonts-") else "library", "name": each["package"], "version": each["version"],
           "licenses": [{"expression": each["license"]}],
           "purl": f"pkg:deb/debian/{each['package'].replace('+', '%2B')}@{each['version'].replace('+', '%2B').replace(':', '%3A')}",
           "bom-ref": f"{each['package']}@{each['version']}",
           "properties": [{"name": "dev.watchword:source", "value": f"{each['source']} {each['upstream']}"},
                          *[{"name": "dev.watchword:file", "value": file} for file in each.get("files", [])]]}
    if each["homepage"].startswith("http"):
        one["externalReferences"] = [{"type": "website", "url": each["homepage"]}]
    return one


def main(version, out, listed):
    found = json.loads(listed.read_text(encoding="utf-8")) if listed else list(components.describe(components.installed(DIRECT)).values())
    parts = [component(each) for each in sorted(found, key=lambda each: each["package"])]
    time = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")) or datetime.datetime.now().timestamp(), datetime.timezone.utc)
    ref = f"watchword@{version}"
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        # The same for the same components, so that a release can be made twice.
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://watchword.dev/{ref}#" + json.dumps(parts, sort_keys=True))),
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                     "component": {"type": "application", "name": "watchword", "version": version, "bom-ref": ref,
                                   "supplier": {"name": "The Watchword authors", "url": ["https://watchword.dev"]},
                                   "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": parts,
        "dependencies": [{"ref": ref, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{out.name}: {len(parts)} components")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]) if len(sys.argv) == 4 else None))
