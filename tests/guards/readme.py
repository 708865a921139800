#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program in README.md is the one that the tests compile, and every link of a document leads somewhere.

usage: readme.py SOURCE_FOLDER
"""

import pathlib
import re
import sys


def code_of(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if "SPDX-License-Identifier" not in line).strip()


def main(root):
    findings = []
    readme = (root / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```cpp\n(.*?)```", readme, re.S)
    if not block or block.group(1).strip() != code_of(root / "sdk/examples/minimal/main.cpp"):
        findings.append("README.md: its program is not sdk/examples/minimal/main.cpp")
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
