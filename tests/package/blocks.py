#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the code out of README.md, guide.md, providers.md and testing.md and writes projects that hold it as printed.

usage: blocks.py SOURCE_FOLDER OUT
    OUT/<document>-<n>/     each cmake block as CMakeLists.txt, beside its program
    OUT/fragments.cpp       each other cpp block in a function of its own
    OUT/<document>-<n>.sh   each block without a language that has commands for a shell
    OUT/<document>.qml      the elements of the qml blocks, in an Item
A cpp block with a main() is the program of the cmake block that follows; without one it is that of README.md. A comment before a block,
`<!-- with: T name, .. -->`, names what a fragment finds declared.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```", re.S)


def fragment(document, number, mark, text):
    parameters = mark[len("with: "):] if mark.startswith("with: ") else ""
    return (f"void {document}Fragment{number}({parameters});\n"
            f"void {document}Fragment{number}({parameters})\n{{\n{text}}}\n")


def qml(texts):
    imports = [line for text in texts for line in text.splitlines() if line.startswith("import ")]
    rest = ["\n".join(line for line in text.splitlines() if not line.startswith("import ")) for text in texts]
    elements = [text for text in rest if re.match(r"\s*[A-Z]\w* \{", text)]
    scripts = [f"function block{index}() {{\n{text}\n}}" for index, text in enumerate(rest) if text not in elements]
    return "\n".join([*dict.fromkeys(["import QtQuick", *imports]), "Item {", "property QtObject log: null",
                      "property QtObject note: null", "property QtObject members: null", *elements, *scripts, "}"]) + "\n"


def main(root, out):
    fragments = ['#include "watchword/auth/accounts.h"', '#include "watchword/client/client.h"', "using namespace Watchword;", "using namespace std::chrono_literals;"]
    counts = {"projects": 0, "fragments": 0, "scripts": 0}
    readme_program = re.search(r"```cpp\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.S).group(1)
    documents = {"readme": root / "README.md", **{name: root / f"sdk/docs/{name}.md" for name in ("guide", "providers", "testing")}}
    for document, path in documents.items():
        program, qml_blocks = readme_program, []
        for number, block in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8"))):
            language, text, mark = block["language"], block["text"], block["mark"] or ""
            if language == "cmake":
                folder = out / f"{document}-{number}"
                folder.mkdir(parents=True)
                (folder / "CMakeLists.txt").write_text(text, encoding="utf-8")
                source = re.search(r"add_executable\(\w+ (\S+)\)", text).group(1)
                if source.startswith("tst_"): # its program comes later in the document
                    program = next(other["text"] for other in BLOCK.finditer(path.read_text(encoding="utf-8")) if "QTEST_" in other["text"])
                (folder / source).write_text(program, encoding="utf-8")
                counts["projects"] += 1
                program = readme_program
            elif language == "cpp" and "int main(" in text:
                program = text
            elif language == "cpp" and "QTEST_" not in text and (mark or document != "testing"):
                includes = [line for line in text.splitlines() if line.startswith("#include")]
                body = "".join(line + "\n" for line in text.splitlines() if not line.startswith("#include"))
                fragments = [*includes, *fragments, fragment(document, number, mark, body)]
                counts["fragments"] += 1
            elif language == "qml":
                qml_blocks.append(text)
            elif language == "" and re.search(r"^(cmake|export|g\+\+) ", text, re.M):
                (out / f"{document}-{number}.sh").write_text("set -eu\n" + text, encoding="utf-8")
                counts["scripts"] += 1
        if qml_blocks:
            (out / f"{document}.qml").write_text(qml(qml_blocks), encoding="utf-8")
    (out / "fragments.cpp").write_text("\n".join(fragments) + "\n", encoding="utf-8")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0 if min(counts.values()) > 0 else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
