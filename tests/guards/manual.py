#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual with Doxygen: the guides in front, the public headers behind. A warning, or a link that leads nowhere, is a
failure. Doxygen's versions read Markdown differently: 1.9.4 decides, the one of Debian 12; findings of others are shown only.

usage: manual.py SOURCE_FOLDER OUT     exit 77: Doxygen is not installed, or another version has findings
       manual.py --filter FILE         a document as Doxygen has to read it, see Doxyfile
"""

import html
import os
import pathlib
import re
import shutil
import subprocess
import sys


def anchor(document, heading):
    """The name of a heading, as GitHub makes it, made unique over all documents."""
    text = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
    return f"{document.stem.lower()}-{text}"


def link(document, text, target):
    if re.match(r"[a-z]+:", target):
        return f"[{text}]({target})"
    path, _, heading = target.partition("#")
    other = document.parent / path if path else document
    if heading:
        return f"[{text}](@ref {anchor(other, heading)})"
    if path.endswith((".md", ".png")):
        return f"[{text}]({target})"
    if path.endswith(".h"):
        return f"[{text}](@ref {pathlib.PurePath(path).name})"
    return text if text == path else f"{text} (`{pathlib.PurePath(os.path.normpath(other))}`)" # part of the sources


def public_classes():
    """Name -> the name with its namespace, of all classes of the installed headers."""
    found = {}
    for header in pathlib.Path("sdk").glob("*/include/watchword/*/*.h"):
        text = header.read_text(encoding="utf-8")
        space = re.search(r"^namespace (Watchword[\w:]*) \{", text, re.M)
        for name in re.findall(r"^(?:class|struct) WATCHWORD_\w+_EXPORT (\w+)(?!\w*;)", text, re.M):
            found[name] = f"{space.group(1)}::{name}"
    return found


def reference(classes, match):
    """`Connection` and `Connection::open()` lead to the class. Doxygen warns if there is no such member."""
    text = match.group(1)
    name = re.match(r"^(\w+)(?:::(\w+)(?:\(\))?)?$", text)
    if not name or name.group(1) not in classes:
        return match.group(0)
    if classes.get(name.group(2), "").endswith("::" + text): # a namespace and its class
        return f"[`{text}`](@ref {classes[name.group(2)]})"
    member = f"::{name.group(2)}" if name.group(2) else ""
    return f"[`{text}`](@ref {classes[name.group(1)]}{member})"


def filtered(document):
    """Headings get the names that GitHub gives them, links lead into the manual, names of classes to their pages."""
    classes = {} if document.name == "CHANGELOG.md" else public_classes() # it names what is gone, too
    parts = re.split(r"(```.*?```|`[^`\n]*`)", document.read_text(encoding="utf-8"), flags=re.S)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", lambda match: link(document, *match.groups()), parts[index])
    text = "".join(parts)
    parts = re.split(r"(```.*?```)", text, flags=re.S)
    for index in range(0, len(parts), 2):
        # not inside of a link, and not in a heading
        parts[index] = re.sub(r"^(?!#)(.*)$", lambda line: re.sub(r"(?<!\[)`([^`\n]+)`(?!\])", lambda match: reference(classes, match),
                                                                 line.group(1)), parts[index], flags=re.M)
        parts[index] = re.sub(r"^(##+ )(.*)$", lambda match: f"{match.group(0)} {{#{anchor(document, match.group(2))}}}", parts[index],
                              flags=re.M)
    return "".join(parts)


def dead_links(folder):
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    for name, text in sorted(pages.items()):
        for target in sorted(set(re.findall(r'<a [^>]*href="([^"]+)"', text))):
            path, _, place = html.unescape(target).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            if path and not (folder / path).exists():
                yield f"{name}: the link {target} leads nowhere"
            elif place and re.match(r"(index|md_)", name) and path.endswith(".html") and f'id="{place}"' not in pages[path] and f'name="{place}"' not in pages[path]:
                yield f"{name}: the link {target} leads to no place on its page"


def make(root, out):
    program = shutil.which("doxygen")
    if not program:
        print("doxygen is not installed")
        return 1 if os.environ.get("CI") == "true" else 77
    shutil.rmtree(out / "html", ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    options = (root / "sdk/docs/Doxyfile").read_text(encoding="utf-8") + f"\nOUTPUT_DIRECTORY = \"{out}\"\n"
    result = subprocess.run([program, "-"], cwd=root, input=options, capture_output=True, text=True)
    findings = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    if result.returncode == 0 and (out / "html/index.html").exists():
        findings += dead_links(out / "html")
    else:
        findings.append(f"doxygen ended with {result.returncode}")
    for finding in findings[:100]:
        print(finding)
    print(f"{len(list((out / 'html').glob('*.html')))} pages in {out / 'html'}, {len(findings)} findings")
    if findings and not subprocess.run([program, "--version"], capture_output=True, text=True).stdout.startswith("1.9.4"):
        return 77
    return 1 if findings else 0


if __name__ == "__main__":
    if sys.argv[1] == "--filter":
        print(filtered(pathlib.Path(sys.argv[2])))
        sys.exit(0)
    sys.exit(make(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
