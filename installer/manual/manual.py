#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the man pages and the shell completions of the programs, from what they say by --help and from the documents.

usage: manual.py SOURCE_FOLDER OUT VERSION PROGRAM...
    OUT/man1, OUT/man5     pages: one a program, one a command of a program, one of the gateway's configuration
    OUT/bash, zsh, fish    completions, under the names that the shells look for
The file manual/PROGRAM.md beside this script has what --help does not say. The date of the pages is that of the newest release in
CHANGELOG.md, or SOURCE_DATE_EPOCH, or that of CHANGELOG.md itself.
"""

import datetime
import os
import pathlib
import re
import sys

import completions
import options
import roff

SETTINGS = "watchword-gateway.toml"


def date_of(root):
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).date().isoformat()
    changelog = root / "CHANGELOG.md"
    released = re.search(r"^## \S+ - (\d{4}-\d\d-\d\d)$", changelog.read_text(encoding="utf-8"), re.M)
    if released:
        return released.group(1)
    return datetime.datetime.fromtimestamp(changelog.stat().st_mtime, datetime.timezone.utc).date().isoformat()


def definitions(rows):
    out = []
    for term, text in rows:
        out += [".TP", term, roff.escape(text) or "\\&"]
    return out


def option_term(option):
    value = f" \\fI{roff.escape(option.value)}\\fP" if option.value else ""
    return ", ".join(f"\\fB{roff.escape(name)}\\fP" for name in option.names) + value


def program_page(program, commands, summary, notes, see):
    body = [".SH NAME", f"{roff.escape(program.page)} \\- {roff.escape(summary)}", ".SH SYNOPSIS",
            f".B {roff.escape(program.name)}", roff.escape(program.usage), ".SH DESCRIPTION"]
    for index, paragraph in enumerate(program.description):
        body += [".PP"] * bool(index) + [roff.escape(paragraph)]
    before, *after = re.split(r"^(?=## )", notes, maxsplit=1, flags=re.M)
    text = roff.convert(before)
    body += [".PP"] * bool(text and program.description) + text
    if commands:
        body += [".SH COMMANDS", "Each command has a page of its own, as", f".BR {roff.escape(commands[0].page)} (1)."]
        body += definitions([(f"\\fB{roff.escape(name)}\\fP", text + ".") for name, text in program.commands])
    if program.options:
        body += [".SH OPTIONS", *definitions([(option_term(option), option.text) for option in program.options])]
    if program.arguments:
        body += [".SH ARGUMENTS", *definitions([(f"\\fI{roff.escape(name)}\\fP", text) for name, text in program.arguments])]
    if program.exit_codes:
        body += [".SH EXIT STATUS", *definitions([(f"\\fB{roff.escape(code)}\\fP", text) for code, text in program.exit_codes])]
    body += roff.convert("".join(after))
    references = [f".BR {roff.escape(name)} ({section})," for name, section in see]
    return [*body, ".SH SEE ALSO", *references[:-1], references[-1].rstrip(",")]


def settings_page(root):
    text = (root / "sdk/docs/settings.md").read_text(encoding="utf-8")
    return [".SH NAME", f"{roff.escape(SETTINGS)} \\- configuration of watchword\\-gateway", ".SH DESCRIPTION", *roff.convert(text),
            ".SH FILES", ".TP", ".I /etc/watchword/gateway.toml", "the configuration that the service of the package reads",
            ".SH SEE ALSO", ".BR watchword\\-gateway (1)"]


def see_also(program, commands, names):
    if commands:
        return [(command.page, 1) for command in commands] + [(name, 1) for name in names if name != program.name]
    if " " in program.name:
        return [(program.name.split()[0], 1)]
    others = [(name, 1) for name in names if name != program.name]
    return others + [(SETTINGS, 5)] if program.name == "watchword-gateway" else others or [("watchword", 1)]


def main(root, out, version, paths):
    here = pathlib.Path(__file__).parent
    date = date_of(root)
    names = sorted(path.stem for path in paths)
    for folder in ("man1", "man5", "bash", "zsh", "fish"):
        (out / folder).mkdir(parents=True, exist_ok=True)

    def write(file, text):
        file.write_text(text, encoding="utf-8")

    for path in paths:
        program, commands = options.read(path.stem, path)
        notes = (here / f"{program.name}.md").read_text(encoding="utf-8")
        title, notes = notes.split("\n", 1)
        heads = {f"{program.name} {name}": text for name, text in program.commands}
        write(out / "man1" / f"{program.page}.1", roff.page(program.page, 1, date, version, program_page(
            program, commands, title.removeprefix("# "), notes, see_also(program, commands, names))))
        for command in commands:
            summary = heads[command.name]
            write(out / "man1" / f"{command.page}.1", roff.page(command.page, 1, date, version, program_page(
                command, [], summary[:1].lower() + summary[1:], "", see_also(command, [], names))))
        write(out / "bash" / program.name, completions.bash(program, commands))
        write(out / "zsh" / f"_{program.name}", completions.zsh(program, commands))
        write(out / "fish" / f"{program.name}.fish", completions.fish(program, commands))
        if program.name == "watchword-gateway":
            write(out / "man5" / f"{SETTINGS}.5", roff.page(SETTINGS, 5, date, version, settings_page(root)))
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], [pathlib.Path(name) for name in sys.argv[4:]]))
