#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs in README.md and testing.md are those that the tests compile, every link of a document leads somewhere,
sign-in.md answers every feature of the comparison, asvs.md every requirement of its chapters by tests that exist, and cryptography.md
names every folder that calls cryptography.

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


# Chapter and section of OWASP ASVS 5.0 -> how many requirements it has.
ASVS = {"4": [5, 5, 2, 4], "7": [3, 4, 2, 5, 3, 2], "9": [3, 4], "10": [2, 3, 5, 16, 5, 2, 3], "11": [4, 5, 5, 4, 2, 2, 2], "12": [5, 2, 5],
        "13": [4, 6, 4, 7], "16": [1, 5, 4, 3, 4]}


def check_asvs(root):
    text = (root / "sdk/docs/asvs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    wanted = [f"{chapter}.{section}.{number}" for chapter, sections in ASVS.items()
              for section, count in enumerate(sections, 1) for number in range(1, count + 1)]
    if [row[0] for row in rows] != wanted:
        missing = sorted(set(wanted) ^ {row[0] for row in rows})
        yield f"sdk/docs/asvs.md: its rows are not those of the standard in order: {', '.join(missing)}"
    tests = {path.stem: path.read_text(encoding="utf-8") for path in root.glob("tests/**/tst_*.cpp")}
    for number, _, answer, how in rows:
        named = re.findall(r"`(tst_\w+)(?:::(\w+))?`", how)
        if answer not in {"yes", "no", "not ours"} or (answer == "yes" and not named):
            yield f"sdk/docs/asvs.md: {number} says neither which test shows it nor why not"
        for program, function in named:
            if not re.search(rf"\b{function}\(\)" if function else "", tests.get(program, "")) or program not in tests:
                yield f"sdk/docs/asvs.md: {number} names {program}{'::' + function if function else ''}, which does not exist"


CRYPTOGRAPHY = re.compile(r"\b(EVP_\w+|RAND_bytes|X509_sign|HMAC|QCryptographicHash|QMessageAuthenticationCode|SSL_CTX_new)\b")


def check_cryptography(root):
    """Every folder of the product whose sources call cryptography is in the inventory, and none that does not exist."""
    text = (root / "sdk/docs/cryptography.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([\w/]+)` \|", text.partition("## Where in the sources")[2], re.M))
    for folder in sorted(named):
        if not (root / folder).is_dir():
            yield f"sdk/docs/cryptography.md: {folder} does not exist"
    for path in sorted(path for top in ("sdk", "monitor_app", "qml") for path in (root / top).glob("**/*.cpp")):
        name = path.relative_to(root).as_posix()
        if CRYPTOGRAPHY.search(path.read_text(encoding="utf-8")) and not any(name.startswith(folder + "/") for folder in named):
            yield f"{name}: calls cryptography; add its folder, and what for, to sdk/docs/cryptography.md"


def main(root):
    findings = [*check_programs(root), *check_features(root), *check_asvs(root), *check_cryptography(root)]
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
