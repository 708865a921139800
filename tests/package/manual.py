#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man pages have every option, command and argument that the programs name by --help, in their words, and render without a warning.

usage: manual.py MANUAL_FOLDER SETTINGS_MD PROGRAM...; exit 77 without man and mandoc
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys


def run(*command):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en", "MANWIDTH": "1000", "QT_QPA_PLATFORM": "offscreen", "MAN_KEEP_FORMATTING": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def rendered(page):
    """The text of a page with single blanks, and what was warned of."""
    shown = run("man", "--warnings", "--no-hyphenation", "-l", page)
    lint = run("mandoc", "-T", "lint", "-W", "style", page)
    text = re.sub(r"\s+", " ", shown.stdout.replace("‐\n", "").replace("−", "-").replace("’", "'"))
    return text, (shown.stderr + lint.stdout + lint.stderr).strip() or ("" if shown.returncode == 0 else "it does not render")


def words_of(help_text):
    """Each option with its value, and each sentence that begins a line of the table."""
    joined = re.sub(r"\n {3,}(?=\S)", " ", help_text)
    for line in joined.splitlines():
        row = re.match(r"^  (\S(?:.*?\S)?)  +(\S.*)$", line)
        if row:
            yield re.sub(r"[<>]", "", row.group(1))
            yield re.sub(r"\s+", " ", row.group(2))


def main(folder, settings, programs):
    if not shutil.which("mandoc") or not shutil.which("man"):
        print("skipped: man-db and mandoc are missing; ./dev test installs them")
        return 1 if os.environ.get("CI") == "true" else 77
    findings, checked = [], 0
    pages = sorted(folder.glob("man?/*"))
    texts = {}
    for page in pages:
        texts[page.name], warning = rendered(str(page))
        if warning:
            findings.append(f"{page.name}: {warning}")
    for program in programs:
        name = pathlib.Path(program).name
        overview = run(program, "--help").stdout
        commands = re.findall(r"^  ([a-z-]+) +\S", overview.split("Commands:")[1].split("\n\n")[0], re.M) if "Commands:" in overview else []
        for command in [None, *commands]:
            page = f"{name}-{command}.1" if command else f"{name}.1"
            said = run(program, *([command] if command else []), "--help").stdout
            for words in words_of(said):
                checked += 1
                if words not in texts.get(page, ""):
                    findings.append(f"{page}: --help says \"{words}\"")
    toml = texts.get("watchword-gateway.toml.5", "")
    for line in settings.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"^#{2,3} (.*)$", line):
            if heading.group(1).replace("`", "") not in toml:
                findings.append(f"watchword-gateway.toml.5: no section {heading.group(1)}")
        elif row := re.match(r"^\| `(\w+)` \|", line):
            checked += 1
            if f" {row.group(1)} " not in toml:
                findings.append(f"watchword-gateway.toml.5: no setting {row.group(1)}")
    for finding in findings:
        print(finding)
    print(f"{len(pages)} pages, {checked} texts compared, {len(findings)} findings")
    return 1 if findings or checked < 150 or len(pages) < 13 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]))
