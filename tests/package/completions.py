#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bash, zsh and fish complete what the programs name by --help: the shells themselves say so.

usage: completions.py MANUAL_FOLDER PROGRAM...; exit 77 if a shell is missing
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BASH = r"""
source "$1"; shift
while IFS= read -r line; do
    read -ra COMP_WORDS <<<"$line"; [[ $line == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    "$1"
    printf '%s\n' "${COMPREPLY[*]}"
done
"""
# Completion needs a line editor, and that a terminal: zpty is one.
ZSH = r"""
zmodload zsh/zpty zsh/zselect
export FOUND=$2/found COMPLETIONS=$1
cat >$2/setup <<'END'
PROMPT= RPROMPT= fpath=($COMPLETIONS $fpath)
unsetopt zle_bracketed_paste 2>/dev/null
autoload -Uz compinit; compinit -u -d $FOUND.dump
compadd() {
    local -a found
    builtin compadd -O found "$@"
    print -rl -- $found >>$FOUND
    builtin compadd "$@"
}
look() { zle complete-word; print -r -- END >>$FOUND; zle kill-buffer; zle -R }
zle -N look; bindkey '^T' look
print -r -- END >$FOUND
END
wait_for_end() {
    repeat 1000 do
        grep -q '^END$' $FOUND 2>/dev/null && return 0
        zpty -r -t inner heard # a full buffer would stop it
        zselect -t 1
    done
    print -u2 "no answer to: $1"; exit 1
}
zpty inner zsh -f -i
zpty -w inner "stty cols 500 rows 500; source $2/setup"
wait_for_end setup
while IFS= read -r line; do
    : >$FOUND
    zpty -w -n inner "$line"$'\C-t'
    wait_for_end $line
    print -r -- ${(j: :)${(f)"$(grep -v '^END$' $FOUND)"}}
done
"""
FISH = r"""
source $argv[1]
while read -l line
    echo (complete -C "$line" | string split -f 1 \t)
end
"""


def run(command, lines, home):
    environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), env=environment, cwd=home,
                          capture_output=True, text=True, check=False, timeout=120)
    answers = done.stdout.splitlines()
    if len(answers) != len(lines):
        sys.exit(f"{command[0]} gave {len(answers)} answers to {len(lines)} lines: {done.stderr[-2000:]}")
    return [set(answer.split()) for answer in answers]


def shells(folder, name, home):
    function = "_" + re.sub(r"\W", "_", name)
    return {"bash": ["bash", "--norc", "-c", BASH, "bash", str(folder / "bash" / name), function],
            "zsh": ["zsh", "-f", "-c", ZSH, "zsh", str(folder / "zsh"), home],
            "fish": ["fish", "--no-config", "-c", FISH, str(folder / "fish" / f"{name}.fish")]}


def help_of(program, *command):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"}
    return subprocess.run([program, *command, "--help"], env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def questions(program):
    """Lines to complete -> what has to be among the answers."""
    name = pathlib.Path(program).name
    text = help_of(program)
    commands = re.findall(r"^  ([a-z-]+) +\S", text.split("Commands:")[1].split("\n\n")[0], re.M) if "Commands:" in text else []
    if commands:
        yield f"{name} ", set(commands)
    for command in commands or [""]:
        options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", help_of(program, *([command] if command else [])), re.M))
        yield f"{name} {command} --".replace("  ", " "), options
    if name == "watchword":
        yield "watchword doctor --format ", {"text", "json", "sarif", "junit", "markdown", "html"}
        yield "watchword sign-in --ca auth", {"authority.pem"}
    elif name == "watchword-monitor":
        yield "watchword-monitor --theme ", {"system", "light", "dark", "high-contrast"}
        yield "watchword-monitor --open auth", {"authority.pem"}
        yield "watchword-monitor auth", {"authority.pem"}
    else:
        yield "watchword-gateway --config auth", {"authority.pem"}
        yield "watchword-gateway --state fol", {"folder"}


def main(folder, programs):
    missing = [shell for shell in ("bash", "zsh", "fish") if not shutil.which(shell)]
    if missing:
        print(f"skipped: {', '.join(missing)} missing; ./dev test installs them")
        return 1 if os.environ.get("CI") == "true" else 77
    findings, count = [], 0
    for program in programs:
        asked = list(questions(program))
        for shell in ("bash", "zsh", "fish"):
            with tempfile.TemporaryDirectory() as home:
                pathlib.Path(home, "authority.pem").touch()
                pathlib.Path(home, "folder").mkdir()
                answers = run(shells(folder, pathlib.Path(program).name, home)[shell], [line for line, _ in asked], home)
            for (line, wanted), answer in zip(asked, answers):
                count += len(wanted)
                if lost := wanted - {word.rstrip("/=") for word in answer}:
                    findings.append(f"{shell}: \"{line}\" does not offer {' '.join(sorted(lost))}, but {' '.join(sorted(answer)) or 'nothing'}")
    for finding in findings:
        print(finding)
    print(f"{count} words asked for, {len(findings)} findings")
    return 1 if findings or count < 300 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
