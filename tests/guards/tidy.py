#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over what a change touches, in bounded time.

A change is what is not on the main branch yet: commits since the merge base with origin/main or main, and what is not
committed. On the main branch itself, as in a clean checkout of CI, it is the newest commit, and those before it as long as
they touch up to 20 sources together. A warning in a line of the change is a finding; .clang-tidy says which warnings there are. After the time is up the
sources that were not looked at are named. The preset "tidy" looks at all of them.

usage: tidy.py SOURCE_FOLDER BUILD_FOLDER [--seconds N] [--base COMMIT]; exit 77: nothing could be looked at
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

MOST_SOURCES = 20
PATTERNS = ["sdk/*.cpp", "sdk/*.h", "monitor_app/*.cpp", "monitor_app/*.h", "qml/*.cpp", "qml/*.h", "tests/*.cpp", "tests/*.h"]


def git(root, *arguments):
    result = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def sources_since(root, base):
    changed = git(root, "diff", "--name-only", "--diff-filter=d", base, "--", *PATTERNS) or ""
    new = git(root, "ls-files", "--others", "--exclude-standard", "--", *PATTERNS) or ""
    return sorted(set(changed.split() + new.split()))


def base_of_change(root):
    head = git(root, "rev-parse", "HEAD")
    for branch in ("origin/main", "main"):
        base = git(root, "merge-base", "HEAD", branch)
        if base and base != head:
            return base
    if sources_since(root, "HEAD"):
        return "HEAD"
    base = "HEAD"
    for commit in (git(root, "rev-list", "--first-parent", "-n", "30", "HEAD") or "").split()[1:]:
        if base != "HEAD" and len(sources_since(root, commit)) > MOST_SOURCES:
            break
        base = commit
    return base


def changed_lines(root, base):
    """File -> ranges of lines that the change wrote; a new file as a whole."""
    lines = {}
    name = None
    for line in (git(root, "diff", "-U0", base, "--", *PATTERNS) or "").splitlines():
        if line.startswith("+++ "):
            name = line[6:] if line.startswith("+++ b/") else None
        match = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if match and name and match.group(2) != "0":
            first = int(match.group(1))
            lines.setdefault(name, []).append([first, first + int(match.group(2) or 1) - 1])
    for name in (git(root, "ls-files", "--others", "--exclude-standard", "--", *PATTERNS) or "").split():
        lines[name] = [[1, 1000000]]
    return lines


def commands_of(build):
    """Source -> (folder, arguments) that compile it alone, also where several sources are compiled as one."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        arguments, skip = [], False
        for argument in shlex.split(entry["command"])[1:]:
            if skip or argument in {"-c", "-Winvalid-pch", entry["file"]}:
                skip = False
            elif argument in {"-o", "-include"}: # precompiled headers are the other compiler's
                skip = True
            else:
                arguments.append(argument)
        path = pathlib.Path(entry["directory"], entry["file"])
        sources = [path]
        if path.name.startswith("unity_") and path.exists():
            sources += map(pathlib.Path, re.findall(r'#include "(.*)"', path.read_text(encoding="utf-8")))
        for source in sources:
            commands.setdefault(source.resolve(), (entry["directory"], arguments))
    return commands


def compiled_for(root, names, commands):
    """The sources to look at: those that changed, and for each header the source of its name or one that includes it."""
    chosen = []
    for name in names:
        path = (root / name).resolve()
        if path.suffix == ".h":
            include = re.compile(r'#include [<"](\S*/)?' + re.escape(path.name) + '[>"]')
            near = [source for source in commands if source.stem == path.stem and source.suffix == ".cpp"]
            near += [source for source in commands if str(source).startswith(str(root)) and "build" not in source.parts
                     and source.exists() and include.search(source.read_text(encoding="utf-8", errors="replace"))]
            path = near[0] if near else None
        if path in commands and path not in chosen:
            chosen.append(path)
    return chosen


def look_at(program, root, source, command, lines, seconds):
    with tempfile.TemporaryDirectory() as folder:
        entry = {"directory": command[0], "file": str(source), "arguments": ["clang++", *command[1], str(source)]}
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps([entry]), encoding="utf-8")
        kept = [{"name": str(root / name), "lines": ranges} for name, ranges in lines.items()]
        result = subprocess.run([program, "-p", folder, "--quiet", "--warnings-as-errors=*", f"--line-filter={json.dumps(kept)}",
                                 "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-everything", str(source)],
                                cwd=root, capture_output=True, text=True, timeout=seconds)
    return result.returncode, result.stdout.strip() or (result.stderr.strip() if result.returncode else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--base")
    arguments = parser.parse_args()
    program = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not program:
        print("clang-tidy is not installed")
        return 1 if os.environ.get("CI") == "true" else 77
    if git(arguments.root, "rev-parse", "HEAD") is None or not (arguments.build / "compile_commands.json").exists():
        print("there is no git history or no compile_commands.json that would say what to look at")
        return 77
    base = arguments.base or base_of_change(arguments.root)
    commands = commands_of(arguments.build)
    sources = compiled_for(arguments.root, sources_since(arguments.root, base), commands)
    lines = changed_lines(arguments.root, base)
    end = time.monotonic() + arguments.seconds
    failed, left = 0, sources[MOST_SOURCES:]
    for index, source in enumerate(sources[:MOST_SOURCES]):
        try:
            code, text = look_at(program, arguments.root, source, commands[source], lines, max(1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            left = sources[index:]
            break
        failed += code != 0
        if code:
            print(text)
    for source in left:
        print(f"not looked at: {source.relative_to(arguments.root)}")
    print(f"the change since {base[:12]}: {len(sources) - len(left)} of {len(sources)} sources, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
