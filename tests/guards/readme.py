#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs in README.md and testing.md are those that the tests compile, every link of a document leads somewhere, and
sign-in.md answers every feature of the comparison.

usage: readme.py SOURCE_FOLDER
"""

import pathlib
import re
import sys


def code_of(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if "SPDX-License-Identifier" not in line).strip()


PROGRAMS = {"README.md": "sdk/examples/minimal/main.cpp", "sdk/docs/testing.md": "sdk/examples/testing/tst_signin.cpp"}
FEATURES = 57


def check_programs(root):
    for document, program in PROGRAMS.items():
        block = re.search(r"```cpp\n(.*?)```", (root / document).read_text(encoding="utf-8"), re.S)
        if not block or block.group(1).strip() != code_of(root / program):
            yield f"{document}: its program is not {program}"


def check_features(root):
    text = (root / "sdk/docs/sign-in.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| (yes|no) \| ([^|]+) \|$", text, re.M)
    if [int(row[0]) for row in rows] != list(range(1, FEATURES + 1)):
        yield f"sdk/docs/sign-in.md: {len(rows)} rows that answer yes or no with how or why, not {FEATURES} in order"


def main(root):
    findings = [*check_programs(root), *check_features(root)]
    for document in [*root.glob("*.md"), *root.glob("sdk/docs/**/*.md")]:
        text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if not re.match(r"[a-z]+:", link) and not (document.parent / link).exists():
                findings.append(f"{document.relative_to(root)}: the link {link} leads nowhere")
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
