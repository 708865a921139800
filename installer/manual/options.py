# SPDX-License-Identifier: Apache-2.0
"""What the programs say of themselves by --help: the one source of man pages and completions."""

import dataclasses
import os
import re
import subprocess


@dataclasses.dataclass
class Option:
    names: list  # ["-h", "--help"]
    value: str  # "file", or "" for a switch
    text: str

    def choices(self):
        """The words that the text lists: "auto, always or never"."""
        if not self.value:
            return []
        found = re.search(r"(?:^|: )((?:[a-z][a-z-]*(?: \(the default\))?, )*[a-z][a-z-]*,? or [a-z][a-z-]*)(?=[.:;])", self.text)
        return re.split(r",? or |, ", found.group(1).replace(" (the default)", "")) if found else []

    def takes_file(self):
        return self.value in {"file", "FILE", "PATH"}

    def takes_folder(self):
        return self.value in {"dir", "DIR"}


@dataclasses.dataclass
class Program:
    name: str  # "watchword sign-in"
    usage: str
    description: list  # paragraphs
    options: list
    arguments: list  # (name, text)
    commands: list  # (name, text), of a program that has commands
    exit_codes: list  # (code, text)

    @property
    def page(self):
        return self.name.replace(" ", "-")


def table(lines):
    """Rows of "  name   text", whose text goes on in lines that are indented further."""
    rows = []
    for line in lines:
        row = re.match(r"^  (\S(?:.*?\S)?)(?:  +(.*))?$", line)
        if row and not line.startswith("   "):
            rows.append([row.group(1), row.group(2) or ""])
        elif line.strip() and rows:
            rows[-1][1] = f"{rows[-1][1]} {line.strip()}".strip()
    return [tuple(row) for row in rows]


def option_of(names, text):
    found = re.match(r"^(.*?)(?: <(.*)>)?$", names)
    return Option(found.group(1).split(", "), found.group(2) or "", text)


def sections_of(text):
    sections, name = {"": []}, ""
    for line in text.splitlines():
        if re.fullmatch(r"(Options|Arguments|Commands|Exit codes):", line):
            name = line[:-1]
            sections[name] = []
        else:
            sections[name].append(line)
    return sections


def parse(name, text):
    sections = sections_of(text)
    usage, *rest = sections[""]
    if not usage.startswith("Usage: "):
        raise SystemExit(f"{name} --help begins with \"{usage}\"")
    paragraphs = [" ".join(block.split()) for block in "\n".join(rest).split("\n\n") if block.strip()]
    # A row of numbers ends with the sentence about signals, which has no column.
    codes = [re.match(r"^ +(\d+|128 and .*?ended it):? +(.*)$", line) for line in sections.get("Exit codes", [])]
    return Program(name, usage.split(maxsplit=2)[2] if len(usage.split()) > 2 else "", paragraphs,
                   [option_of(*row) for row in table(sections.get("Options", []))],
                   table(sections.get("Arguments", [])),
                   table([line for line in sections.get("Commands", []) if line.startswith(" ")]),
                   [(code.group(1), code.group(2)) for code in codes if code])


def ask(program, *command):
    """What \a program says, in English whatever the builder speaks, and without a display."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en", "QT_QPA_PLATFORM": "offscreen", "COLUMNS": "80"}
    done = subprocess.run([program, *command, "--help"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0 or not done.stdout:
        raise SystemExit(f"{program} {' '.join(command)} --help ends with {done.returncode}: {done.stderr}")
    return done.stdout


def read(name, path):
    """The program and its commands."""
    program = parse(name, ask(path))
    commands = [parse(f"{name} {command}", ask(path, command)) for command, _ in program.commands]
    for each in [program, *commands]:
        if not each.options and not each.commands:
            raise SystemExit(f"{each.name} --help names no option")
    usage = re.sub(rf"^(COMMAND|{'|'.join(command for command, _ in program.commands)}) ", r"\1 ", program.usage)
    program.usage = usage
    for each in commands:
        each.usage = each.usage.removeprefix(each.name.split()[1] + " ")
    return program, commands
