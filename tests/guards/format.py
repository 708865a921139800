#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C++ source has the form that `./dev format` gives it.

clang-format changes its mind between versions, so that one version decides: 14, which is the one of Debian 12. Elsewhere
this is a skip (exit 77) that says so; on Debian 12 in CI its absence is a failure.

usage: format.py SOURCE_FOLDER
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

VERSION = "14"


def clang_format():
    """The program of our version, or None with the reason."""
    seen = []
    for name in (f"clang-format-{VERSION}", "clang-format"):
        path = shutil.which(name)
        if not path:
            continue
        found = re.search(r"version (\d+)", subprocess.run([path, "--version"], capture_output=True, text=True).stdout)
        if found and found.group(1) == VERSION:
            return path, ""
        seen.append(f"{name} is version {found.group(1) if found else 'unknown'}")
    return None, "; ".join(seen) or "clang-format is not installed"


def is_bookworm():
    try:
        return "VERSION_CODENAME=bookworm" in pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False


def check(program, root, names):
    result = subprocess.run([program, "--dry-run", "--Werror", *names], cwd=root, capture_output=True, text=True)
    return [line for line in result.stderr.splitlines() if "error:" in line], result.returncode


def main(root):
    program, reason = clang_format()
    if not program:
        print(f"the form was not checked: {reason}, and version {VERSION} decides")
        return 1 if is_bookworm() and os.environ.get("CI") == "true" else 77
    listed = subprocess.run(["git", "-C", root, "ls-files", "*.cpp", "*.h"], capture_output=True, text=True)
    if listed.returncode != 0:
        print("the form was not checked: this is no git checkout")
        return 77
    names = [name for name in listed.stdout.splitlines() if (root / name).is_file()]
    parts = [names[first:first + 40] for first in range(0, len(names), 40)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda part: check(program, root, part), parts))
    findings = [line for lines, _ in results for line in lines]
    for line in findings[:50]:
        print(line)
    print(f"{len(names)} sources, {len(findings)} findings" + ("; ./dev format mends them" if findings else ""))
    return 1 if not names or any(code for _, code in results) else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
