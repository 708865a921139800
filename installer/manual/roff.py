# SPDX-License-Identifier: Apache-2.0
"""Markdown of this project's documents as man(7)."""

import re
import textwrap


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("~", "\\(ti").replace("^", "\\(ha")
    text = text.replace("…", "...")
    return "\\&" + text if text.startswith(".") else text


def inline(text):
    """Code is bold, links are their text."""
    text = re.sub(r"\[([^]]*)\]\((https?:[^)]*)\)", r"\1 (\2)", text)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"`([^`]*)`", text)
    out = ""
    for index, part in enumerate(parts):
        part = re.sub(r"(?<!\w)[*_]([^*_]+)[*_](?!\w)", r"\1", part) if index % 2 == 0 else part
        if part:
            out += f"\\fB{escape(part)}\\fP" if index % 2 else escape(part).removeprefix("\\&")
    return "\\&" + out if out[:1] == "." else out


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def settings(head, rows):
    """A table with a column "setting" as a list of definitions."""
    out = []
    for row in rows:
        fields = dict(zip(head, row))
        out += [".TP", inline(row[0])]
        meaning = fields.get("meaning", "")
        sentences = [meaning[:1].upper() + meaning[1:] + ("" if meaning.endswith(".") else ".")] if meaning else []
        for column, word in (("default", "Default"), ("example", "Example")):
            if value := fields.get(column):
                sentences.append("Needed." if value == "needed" else f"{word}: {value}.")
        if when := fields.get("after a reload"):
            sentences.append("A change needs a restart." if when == "restart" else
                             f"After a reload it counts {'for new connections' if when == 'new' else when}.")
        out.append(inline(" ".join(sentences)) or "\\&")
    return out


def convert(text):
    """The body: from the first heading of level 2 on sections, before it paragraphs."""
    out, paragraph, lines, fresh = [], [], text.splitlines(), True
    index = 0

    def flush():
        nonlocal fresh
        if paragraph:
            out.extend([".PP"] * (not fresh))
            out.append(inline(" ".join(paragraph)))
            paragraph.clear()
            fresh = False

    while index < len(lines):
        line = lines[index]
        if re.match(r"#+ ", line):
            flush()
            level, title = line.split(" ", 1)
            if level != "#":
                title = re.sub(r"`", "", title)
                out.append((".SH " if level == "##" else ".SS ") + f'"{escape(title if level != "##" or "[" in title else title.upper())}"')
                fresh = True
        elif line.startswith("```"):
            flush()
            end = lines.index("```", index + 1)
            out += [] if fresh else [".PP"]
            out += [".RS 4", ".nf", *[escape(code) for code in lines[index + 1:end]], ".fi", ".RE"]
            index, fresh = end, False
        elif line.startswith("|"):
            flush()
            block = []
            while index < len(lines) and lines[index].startswith("|"):
                block.append(cells(lines[index]))
                index += 1
            index -= 1
            out += settings(block[0], block[2:])
            fresh = False
        elif line.startswith("- "):
            flush()
            out += [".IP \\(bu 2", inline(line[2:])]
            while index + 1 < len(lines) and lines[index + 1].startswith("  "):
                index += 1
                out.append(inline(lines[index].strip()))
            fresh = False
        elif line.startswith("<!--"):
            pass
        elif not line.strip():
            flush()
        else:
            paragraph.append(line.strip())
        index += 1
    flush()
    return out


def wrapped(lines):
    """Text in lines of up to 79 characters; code stays as it is."""
    code = False
    for line in lines:
        code = line == ".nf" or (code and line != ".fi")
        if code or line.startswith("."):
            yield line
            continue
        for part in textwrap.wrap(line, 79, break_long_words=False, break_on_hyphens=False):
            yield "\\&" + part if part.startswith((".", "'")) else part


def page(title, section, date, version, body):
    head = f'.TH "{escape(title.upper())}" {section} "{date}" "Watchword {version}" "Watchword"'
    return "\n".join(['.\\" SPDX-License-Identifier: Apache-2.0', head, *wrapped(body)]) + "\n"
