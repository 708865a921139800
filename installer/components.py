# SPDX-License-Identifier: Apache-2.0
"""Which Debian packages files come from, with their versions and licences: for licence texts and the list of components."""

import json
import pathlib
import re
import subprocess

LICENSES = json.loads(pathlib.Path(__file__).with_name("components.json").read_text(encoding="utf-8"))


def license_of(package):
    """The SPDX expression, or None if nobody has looked at the licence of that package yet."""
    base = re.sub(r"t64$", "", package)  # Debian's mark for times of 64 bits
    plain = re.sub(r"[-.]*\d[\d.]*[a-z]?(?=-|$)", "", base)
    bare = re.sub(r"[-.]*\d[\d.]*", "", base)
    return next((LICENSES[name] for name in (package, base, plain, bare, re.sub(r"\d", "", plain)) if name in LICENSES), None)


def owners_of(files):
    """File -> package, of files of this machine. dpkg knows libraries under /lib or /usr/lib, and links or what they lead to."""
    candidates = {}
    for file in files:
        for path in (pathlib.Path(file), pathlib.Path(file).resolve()):
            for name in (str(path), "/usr" + str(path), str(path).removeprefix("/usr")):
                candidates.setdefault(name, set()).add(file)
    known = subprocess.run(["dpkg-query", "-S", *candidates], capture_output=True, text=True, check=False).stdout
    owners = {}
    for line in known.splitlines():
        packages, _, path = line.partition(": ")
        for file in candidates.get(path, ()):
            owners[file] = packages.split(",")[0].split(":")[0]
    if missing := set(files) - set(owners):
        raise SystemExit(f"no package has {', '.join(sorted(missing))}, so the licence is not known")
    return owners


def describe(packages):
    """Package -> what Debian says of it, and its licence."""
    form = "${Package}\t${Version}\t${source:Package}\t${source:Upstream-Version}\t${Homepage}\n"
    shown = subprocess.run(["dpkg-query", "-W", "-f", form, *packages], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in shown.splitlines():
        package, version, source, upstream, homepage = line.split("\t")
        found[package] = {"package": package, "version": version, "source": source, "upstream": upstream, "homepage": homepage,
                          "license": license_of(package)}
    if unknown := [package for package, each in found.items() if not each["license"]]:
        raise SystemExit(f"installer/components.json does not have the licence of {', '.join(sorted(unknown))}")
    return found


def installed(packages):
    """Those of the packages that this machine has."""
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages], capture_output=True, text=True, check=False).stdout
    return [line.split()[0] for line in shown.splitlines() if line.endswith(" installed")]
