# SPDX-License-Identifier: Apache-2.0
"""Completions for bash, zsh and fish from the options of a program and of its commands."""

import re

SPDX = "# SPDX-" + "License-Identifier: Apache-2.0"  # in two parts: this line is no statement about this file


def identifier(program):
    return "_" + re.sub(r"\W", "_", program.name)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def takes_file(program):
    return any(name == "file" for name, _ in program.arguments)


def summary(text):
    """The first sentence, short enough for a list."""
    return re.split(r"(?<=[a-z)])[.;] ", text.rstrip("."))[0]


# --- bash ------------------------------------------------------------------------------------------------------


def bash_values(options, indent):
    lines = []
    for option in options:
        names = "|".join(option.names)
        if option.choices():
            lines.append(f"{names}) COMPREPLY=($(compgen -W {quoted(' '.join(option.choices()))} -- \"$cur\")); return ;;")
        elif option.takes_file():
            lines.append(f"{names}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;")
        elif option.takes_folder():
            lines.append(f"{names}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;")
        elif option.value:
            lines.append(f"{names}) return ;;")
    if not lines:
        return []
    return [indent + 'case $prev in', *[indent + "    " + line for line in lines], indent + "esac"]


def bash_body(program, indent):
    words = " ".join(name for option in program.options for name in option.names)
    files = [f"{indent}if [[ $cur != -* ]]; then",
             f"{indent}    compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return", f"{indent}fi"]
    return [*bash_values(program.options, indent), *(files if takes_file(program) else []),
            f"{indent}COMPREPLY=($(compgen -W {quoted(words)} -- \"$cur\"))"]


def bash(program, commands):
    lines = [SPDX, f"# bash completion of {program.name}",
             "# shellcheck shell=bash disable=SC2207 # no word has a blank", f"{identifier(program)}()", "{",
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}", "    COMPREPLY=()"]
    if commands:
        names = [command for command, _ in program.commands]
        lines += ['    if [ "$COMP_CWORD" -eq 1 ]; then',
                  f"        COMPREPLY=($(compgen -W {quoted(' '.join([*names, '--help', '--version']))} -- \"$cur\"))", "        return", "    fi",
                  "    case ${COMP_WORDS[1]} in"]
        for command in commands:
            lines += [f"    {command.name.split()[1]})", *bash_body(command, "        "), "        ;;"]
        lines += ["    esac"]
    else:
        lines += bash_body(program, "    ")
    return "\n".join([*lines, "}", f"complete -F {identifier(program)} {program.name}"]) + "\n"


# --- zsh -------------------------------------------------------------------------------------------------------


def zsh_spec(option):
    text = re.sub(r"([\[\]:\\])", r"\\\1", summary(option.text))
    value = ""
    if option.value:
        action = "_files" if option.takes_file() else "_files -/" if option.takes_folder() else f"({' '.join(option.choices())})"
        value = f":{option.value}:{action if action != '()' else ' '}"
    several = "*" if re.search(r"repeated|several times", option.text) else ""
    names = option.names
    return [quoted(f"{several if several else '(' + ' '.join(names) + ')' if len(names) > 1 else ''}{name}[{text}]{value}") for name in names]


def zsh_arguments(program, indent):
    specs = [spec for option in program.options for spec in zsh_spec(option)]
    specs += [quoted(f"{index}:{name}:{'_files' if name == 'file' else ' '}") for index, (name, _) in enumerate(program.arguments, 1)]
    return " \\\n".join([f"{indent}_arguments", *[f"{indent}    {spec}" for spec in specs]])


def zsh(program, commands):
    lines = [f"#compdef {program.name}", SPDX]
    if not commands:
        return "\n".join([*lines, zsh_arguments(program, "")]) + "\n"
    rows = [quoted(f"{name}:{summary(text)}") for name, text in program.commands]
    lines += [f"{identifier(program)}_commands() {{", "    local -a commands", "    commands=(", *[f"        {row}" for row in rows], "    )",
              "    _describe command commands", "}", "local curcontext=$curcontext state line", "_arguments -C \\",
              "    '(- *)--help[Shows the commands]' '(- *)--version[Shows the version]' \\",
              f"    '1:command:{identifier(program)}_commands' '*::argument:->argument'", "[[ $state == argument ]] || return",
              "case $words[1] in"]
    for command in commands:
        lines += [f"{command.name.split()[1]})", zsh_arguments(command, "    "), "    ;;"]
    return "\n".join([*lines, "esac"]) + "\n"


# --- fish ------------------------------------------------------------------------------------------------------


def fish_option(program, option, condition):
    words = [f"complete -c {program}", *([f"-n {quoted(condition)}"] if condition else [])]
    words += [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.value:
        words.append("-r -F" if option.takes_file() else f"-x -a {quoted(' '.join(option.choices()))}" if option.choices()
                     else "-x -a '(__fish_complete_directories)'" if option.takes_folder() else "-x")
    return " ".join([*words, f"-d {quoted(summary(option.text))}"])


def fish(program, commands):
    lines = [SPDX, f"complete -c {program.name} {'-F' if takes_file(program) else '-f'}"]
    for name, text in program.commands:
        lines.append(f"complete -c {program.name} -n __fish_use_subcommand -a {name} -d {quoted(summary(text))}")
    if commands:
        lines += [f"complete -c {program.name} -n __fish_use_subcommand -l help -d 'Shows the commands'",
                  f"complete -c {program.name} -n __fish_use_subcommand -l version -d 'Shows the version'"]
    for command in commands:
        lines += [fish_option(program.name, option, f"__fish_seen_subcommand_from {command.name.split()[1]}") for option in command.options]
    lines += [fish_option(program.name, option, "") for option in program.options]
    return "\n".join(lines) + "\n"
