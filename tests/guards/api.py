#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The public API as text, made from the installed headers, and whether sdk/docs/api.txt still says it.

usage: api.py SOURCE_FOLDER            compares; exit 1 if the file says something else
       api.py SOURCE_FOLDER --write    writes the file

It reads the subset of C++ that the headers are written in: after comments and preprocessor lines are gone, a scope is a row
of statements that end with ';' or a block. What it cannot read is an error, not a gap.
"""

import difflib
import pathlib
import re
import sys

LIBRARIES = ["core", "jose", "auth", "keychain", "link", "client", "watch", "testing", "gateway", "doctor"]
NOISE = re.compile(r"\b(WATCHWORD_\w+_EXPORT|Q_DECL_\w+|inline)\b|\[\[\w+(\(.*?\))?\]\]")
SKIPPED = re.compile(r"^(Q_ENUM|Q_FLAG|Q_CLASSINFO|Q_OBJECT|Q_GADGET|Q_NAMESPACE|Q_DISABLE_COPY|Q_DECLARE|Q_ENUM_NS|static_assert|friend class|QT_)")
LABEL = re.compile(r"^(public|protected|private)( Q_SLOTS)?\s*:|^(Q_SIGNALS)\s*:")
PAIRS = {"(": ")", "{": "}", "[": "]"}


class Unreadable(Exception):
    pass


def without_comments(text):
    text = re.sub(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', lambda match: match.group(1) or " ", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    return re.sub(r"\bQ_(OBJECT|GADGET(_EXPORT\(\w+\))?|NAMESPACE(_EXPORT\(\w+\))?)(?![\w(])", "", text)


def end_of(text, start):
    """The place after the bracket that closes the one at start."""
    stack = []
    position = start
    while position < len(text):
        character = text[position]
        if character == '"':
            position = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, position).end() - 1
        elif character == "'" and text[position + 1:position + 4].find("'") >= 0 and not text[position - 1].isalnum():
            position = text.index("'", position + (3 if text[position + 1] == "\\" else 2))
        elif character in PAIRS:
            stack.append(PAIRS[character])
        elif stack and character == stack[-1]:
            stack.pop()
            if not stack:
                return position + 1
        position += 1
    raise Unreadable("a bracket is never closed: " + text[start:start + 60])


def statements(text):
    """(head, block or None) for each statement of a scope; labels of access come as statements of their own."""
    position = start = 0
    while position < len(text):
        head = text[start:position].strip()
        character = text[position]
        if character == ":" and LABEL.match(head + ":") and text[position:position + 2] != "::":
            yield head + ":", None
            start = position + 1
        elif character == ";":
            if head:
                yield head, None
            start = position + 1
        elif character == "(" or character == "[":
            position = end_of(text, position) - 1
            # A macro without ';' behind it, for example Q_PROPERTY(...).
            if re.match(r"^(WATCHWORD_\w+_EXPORT\s+)?Q_\w+$", head):
                yield text[start:position + 1].strip(), None
                start = position + 1
        elif character == "{":
            end = end_of(text, position)
            block = text[position + 1:end - 1]
            opens = re.match(r"^(template\s*<.*>\s*)?(inline )?(namespace|class|struct|enum|union|extern)\b", head)
            is_value = not opens and (head.endswith(("=", ",")) or not re.search(r"\)(\s*(const|noexcept|override|final|&&?|->[^{]*|:.*))*\s*$", head, re.S))
            if is_value:
                position = end - 1
            else:
                yield head, block
                start = end
                position = end - 1
                if opens and not head.startswith(("namespace", "inline namespace", "extern")):
                    start = text.index(";", end) + 1
                    position = start - 1
        position += 1
    rest = text[start:].strip()
    if rest and not SKIPPED.match(rest):
        raise Unreadable("what is this? " + rest[:80])


def plain(text):
    text = re.sub(r"\s+", " ", NOISE.sub("", text)).strip()
    return re.sub(r"([(<]) | (?=[)>,])", r"\1", text)


def kind_of(head, access):
    if head.startswith("Q_PROPERTY"):
        return ""
    if access == "Q_SIGNALS":
        return "signal"
    if access.endswith("Q_SLOTS"):
        return "slot"
    return "protected" if access == "protected" else ""


def without_initialisers(head):
    """A constructor that is written in the class: its members are nobody's business."""
    match = re.match(r"^(.*?\))(\s*noexcept)?\s*:(?!:)", head, re.S)
    return match.group(1) if match and not head.startswith("template") else head


def read_scope(text, name, api, where, access="public"):
    lines = api.setdefault(name, {"where": where, "head": "", "lines": []})["lines"] if name else []
    for head, block in statements(text):
        if block is None and LABEL.match(head):
            access = re.sub(r"\s*:$", "", head)
            continue
        if SKIPPED.match(head) or (access.startswith("private") and not head.startswith("Q_PROPERTY")):
            continue
        read_statement(plain(head), block, name, lines, api, where, access)


def read_statement(head, block, name, lines, api, where, access):
    scope = re.match(r"^(?:template ?<.*?> ?)?(namespace|class|struct|union) ?([\w:]*(?:<.*>)?)(?: final)?(.*)$", head)
    if scope and block is not None:
        inner = f"{name}::{scope.group(2)}" if name else scope.group(2)
        if scope.group(1) == "namespace":
            if scope.group(2):
                read_scope(block, inner, api, where)
        else:
            entry = api.setdefault(inner, {"where": where, "head": "", "lines": []})
            entry["head"] = head
            read_scope(block, inner, api, where, "private" if scope.group(1) == "class" else "public")
    elif head.startswith("enum") and block is not None:
        values = [re.sub(r"\s+", " ", value).strip() for value in block.split(",") if value.strip()]
        lines.append("\n        ".join([head, *values]))
    elif re.match(r"^(class|struct|enum)[^(]*$", head) and block is None and "=" not in head and not re.match(r"^(struct|class) \w+ \w+", head):
        pass # declared here, defined elsewhere
    elif head.startswith("namespace"):
        lines.append(head)
    else:
        kind = kind_of(head, access)
        lines.append((kind + " " if kind else "") + without_initialisers(head))


def api_of(root):
    parts = ["# The public API of the SDK, made from the installed headers by `./dev api`. A change here is a change for users:",
             "# CHANGELOG.md names it.", ""]
    count = 0
    for library in LIBRARIES:
        api = {}
        for path in sorted((root / "sdk" / library / "include/watchword" / library).glob("*.h")):
            if path.name in {"export.h", "testexport.h"}:
                continue
            try:
                text = without_comments(path.read_text(encoding="utf-8"))
                read_scope(text, "", api, f"watchword/{library}/{path.name}")
                seen = "\n".join(line for entry in api.values() for line in [entry["head"], *entry["lines"]])
                for name in re.findall(r"Q_PROPERTY\(\S+ \w+|class WATCHWORD_\w+_EXPORT (?:\w+)(?!\w*;)", text):
                    if NOISE.sub("", name).replace("  ", " ") not in seen:
                        raise Unreadable(f"{name} was lost")
            except (Unreadable, ValueError) as error:
                raise Unreadable(f"{path.relative_to(root)}: {error}") from error
        for name in sorted(api):
            entry = api[name]
            if not entry["lines"] and not entry["head"]:
                continue
            title = re.sub(r"\b(class|struct|union) [\w:]+(<.*>)?", lambda match: f"{match.group(1)} {name}", entry["head"], count=1)
            parts.append(f"{title}    <{entry['where']}>" if entry["head"] else f"namespace {name} in {library}")
            parts += ["    " + line for line in sorted(set(entry["lines"]))]
            parts.append("")
            count += len(entry["lines"])
    return "\n".join(parts).rstrip() + "\n", count


def main(arguments):
    root = pathlib.Path(arguments[0]).resolve()
    path = root / "sdk/docs/api.txt"
    text, count = api_of(root)
    if "--write" in arguments:
        path.write_text(text, encoding="utf-8")
        print(f"sdk/docs/api.txt: {count} names")
        return 0
    said = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = list(difflib.unified_diff(said.splitlines(), text.splitlines(), "sdk/docs/api.txt", "the headers", lineterm="", n=1))
    for line in difference[:200]:
        print(line)
    print(f"{count} names" + ("; the public API changed: ./dev api writes sdk/docs/api.txt, CHANGELOG.md says it to users" if difference else ""))
    return 1 if difference or count < 500 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
