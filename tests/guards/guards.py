#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that no compiler checks. Prints each finding as file:line and exits 1 if there is one.

usage: guards.py SOURCE_FOLDER [rule...]; without a rule all of them run. `guards.py --self-test` proves that each
rule finds what it is there to find.
"""

import pathlib
import re
import subprocess
import sys

FILE_LINES = 500
FUNCTION_LINES = 60
HEADER_LINES = 250

# Library -> the libraries whose headers it may include. What is missing here is forbidden.
DIRECTIONS = {
    "core": set(),
    "jose": {"core"},
    "auth": {"core", "jose"},
    "keychain": {"core", "jose", "auth"},
    "wire": set(),
    "link": {"core", "wire"},
    "client": {"core", "jose", "auth", "keychain", "link"},
    "watch": {"core", "jose", "link"},
    "gateway": {"core", "jose", "wire"},
    "doctor": {"core", "jose", "wire"},
    "testing": {"core", "jose", "auth", "link"},
    "store": set(),
    "models": {"core", "watch", "link", "doctor"},
}

PRIVATE_TYPES = re.compile(
    r"\b(QKeychain|QWebSocket|QWebSocketServer|QTcpSocket|QSslSocket|QTcpServer|QSslServer|redisContext|"
    r"redisAsyncContext|EVP_\w+|toml::|simdjson::|boost::)")
SECRET_PROPERTY = re.compile(r"Q_PROPERTY\s*\(\s*(Watchword::)?(Secret\b|\S+\s+\w*([tT]oken|[sS]ecret|[pP]assword)\b)")
SECRET_SIGNAL_ARGUMENT = re.compile(r"\bSecret\b|\b(access|refresh|id)Token\b|\bpassword\b")


def tracked(root):
    if (root / ".git").exists():
        names = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    else:  # unpacked sources, in which only building leaves something else
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")
                 if path.relative_to(root).parts[0] != "build" and "node_modules" not in path.parts]
    return [root / name for name in names if (root / name).is_file()]


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def is_source(path):
    return path.suffix in {".cpp", ".h"}


def is_public_header(path):
    return path.suffix == ".h" and "/include/watchword/" in path.as_posix()


def library_of(path):
    """The library that a file belongs to, by the folder it lies in."""
    parts = path.as_posix().split("/")
    for top in ("sdk", "monitor_app"):
        if top in parts[:-2]:
            return parts[parts.index(top) + 1]
    return None


def spdx(path, lines):
    if path.suffix in {".cpp", ".h", ".qml", ".js", ".mjs", ".py", ".sh", ".cmake"} or path.name == "CMakeLists.txt":
        if not any("SPDX-" "License-Identifier: Apache-2.0" in line for line in lines[:3]):  # in two parts, for readers of such lines
            yield 1, "the SPDX line is missing"


def sizes(path, lines):
    if not is_source(path) and path.suffix != ".qml":
        return
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines; the limit is {FILE_LINES}"
    if is_public_header(path) and len(lines) > HEADER_LINES:
        yield 1, f"a public header of {len(lines)} lines; the limit is {HEADER_LINES}"
    if path.suffix == ".cpp":
        yield from long_functions(lines)


def long_functions(lines):
    """Relies on the formatting: a body opens with '{' alone in column 0 (or at its end for lambdas inside) and
    closes with '}' in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            length = number - start + 1
            header = lines[start - 2] if start > 1 else ""
            is_type = re.match(r"^(class|struct|enum|union|namespace|extern)\b", header) or header.startswith(":")
            is_type = is_type and not re.search(r"\)\s*(const)?\s*$", header)
            if length > FUNCTION_LINES and not is_type:
                yield start, f"a function of {length} lines; the limit is {FUNCTION_LINES}"
            start = None


def private_types(path, lines):
    if not is_public_header(path):
        return
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        if not code.lstrip().startswith("*") and PRIVATE_TYPES.search(code):
            if "/*" not in code and not in_comment(lines, number):
                yield number, "a type of the implementation in a public header"


def in_comment(lines, number):
    depth = False
    for line in lines[:number]:
        if "/*" in line:
            depth = "*/" not in line.split("/*")[-1]
        elif "*/" in line:
            depth = False
    return depth


def internal_headers(path, lines):
    if not is_public_header(path):
        return
    for number, line in enumerate(lines, 1):
        if re.match(r'\s*#include\s+["<]watchword/\w+/internal/', line):
            yield number, "an internal header is not installed, so no public header can include it"


def module_includes(path, lines):
    if not is_source(path):
        return
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#include\s+<Qt[A-Z]\w*/", line):
            yield number, "a Qt include with its module hides a missing link; write <QTimer>, not <QtCore/QTimer>"


def directions(path, lines):
    library = library_of(path)
    if not is_source(path) or library not in DIRECTIONS:
        return
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include\s+["<]watchword/(\w+)/', line)
        if match and match.group(1) != library and match.group(1) not in DIRECTIONS[library]:
            yield number, f"{library} must not include {match.group(1)}"
        match = re.match(r'\s*#include\s+["<]monitor/(\w+)/', line)
        if match and not (library == "models" and match.group(1) in {"store", "models"}) and match.group(1) != library:
            yield number, f"{library} must not include monitor/{match.group(1)}"
        if re.match(r"\s*#include\s+<Q(Widget|Dialog|PushButton|TableView|Application|MainWindow)>", line):
            yield number, f"{library} must not see Widgets"


def secrets(path, lines):
    if path.suffix != ".h":
        return
    in_signals = False
    for number, line in enumerate(lines, 1):
        if SECRET_PROPERTY.search(line):
            yield number, "a secret in a property"
        if re.match(r"\s*Q_SIGNALS:", line):
            in_signals = True
        elif re.match(r"\s*(public|protected|private)\b.*:", line):
            in_signals = False
        elif in_signals and line.strip().startswith("void") and SECRET_SIGNAL_ARGUMENT.search(line.split("//")[0]):
            yield number, "a secret in a signal"


def naps(path, lines):
    if not is_source(path):
        return
    in_tests = "/tests/" in f"/{path.as_posix()}"
    for number, line in enumerate(lines, 1):
        # Where no event loop runs any more and nobody can wake the thread, the line says so.
        if not in_tests and "// nothing wakes it: " in line:
            continue
        if re.search(r"qWait\(|qSleep\(|QThread::m?sleep|sleep_for|\busleep\(", line):
            yield number, "a sleep: wait for the event, or own the clock"


def tls(path, lines):
    if not is_source(path) or "/tests/" in f"/{path.as_posix()}":
        return
    for number, line in enumerate(lines, 1):
        code, _, comment = line.partition("//")
        # A server does not ask its clients for certificates; the comment says that it is one.
        if re.search(r"ignoreSslErrors\(|VerifyNone", code) and not comment.startswith(" of clients"):
            yield number, "TLS errors are never ignored"


def exports(path, lines):
    # The libraries of the SDK share the names of internal headers, across their borders.
    if not is_source(path) or is_public_header(path) or "/internal/" in path.as_posix():
        return
    for number, line in enumerate(lines, 1):
        if re.search(r"\bWATCHWORD_(?!TEST_)[A-Z]+_EXPORT\b", line):
            yield number, "a private name is exported; WATCHWORD_TEST_EXPORT shows it to tests only"


MEMBER = re.compile(r"^(?:[^\s()=][^()=]*[\s*&])?([A-Z]\w+)::(?:\w+::)*~?\w+\(")
HOMES = {}  # library -> the stems of its sources


def homes(path, lines):
    """A class lives in name.cpp, and what is beside it in name_<concern>.cpp."""
    library = library_of(path)
    if path.suffix != ".cpp" or library is None:
        return
    for number, line in enumerate(lines, 1):
        match = MEMBER.match(line)
        home = match and match.group(1).lower()
        if home in HOMES.get(library, ()) and path.stem != home and not path.stem.startswith(home + "_"):
            yield number, f"{match.group(1)} lives in {home}.cpp; its other files are called {home}_<concern>.cpp"


def open_ends(path, lines):
    if "/tests/guards/" in path.as_posix() or path.suffix in {".png", ".json", ".svg"}:
        return
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", line):
            yield number, "an open end; finish it or say so in the documentation"


# What only Linux has: headers, and names of headers that others have too.
LINUX_HEADERS = re.compile(
    r"\s*#\s*include\s*<(linux/|asm/|sys/(epoll|eventfd|inotify|prctl|sendfile|signalfd|sysinfo|timerfd|auxv|personality)\.h|malloc\.h|"
    r"byteswap\.h|endian\.h|systemd/|libudev\.h)")
LINUX_NAMES = re.compile(
    r"\b(accept4|pipe2|dup3|prctl|gettid|mallinfo2?|malloc_trim|epoll_\w+|eventfd|signalfd|timerfd_\w+|inotify_\w+|memfd_create|getrandom|"
    r"secure_getenv|sched_getaffinity|SOCK_CLOEXEC|SOCK_NONBLOCK|MSG_NOSIGNAL|SO_PEERCRED|TCP_USER_TIMEOUT|TCP_QUICKACK|RUSAGE_THREAD|"
    r"CLOCK_BOOTTIME|PR_SET_\w+)\b")
LINUX_GUARD = re.compile(r"Q_OS_LINUX|__linux__|__GLIBC__|WATCHWORD_HAS_DBUS")


def linux_only(lines):
    """Line -> whether only Linux compiles it, and which names the conditions around it ask for."""
    around = []  # (condition, whether it is the other branch)
    for number, line in enumerate(lines, 1):
        directive = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)", line)
        if directive:
            word, condition = directive.group(1), directive.group(2)
            if word in {"if", "ifdef", "ifndef"}:
                around.append((condition, word == "ifndef"))
            elif word == "elif" and around:
                around[-1] = (condition, False)
            elif word == "else" and around:
                around[-1] = (around[-1][0], not around[-1][1])
            elif word == "endif" and around:
                around.pop()
            continue
        held = [condition for condition, is_other in around if not is_other]
        yield number, line, any(LINUX_GUARD.search(re.sub(r"!\s*(defined)?\s*\(?\s*\w+", "", condition)) for condition in held), " ".join(held)


def systems(path, lines):
    """Other systems compile the product, too: what Linux alone has stands behind a condition."""
    if not is_source(path) or path.parts[0] not in {"sdk", "monitor_app", "qml"}:
        return
    for number, line, is_linux, conditions in linux_only(lines):
        code = line.split("//")[0]
        if is_linux or code.lstrip().startswith(("*", "/*")):
            continue
        if LINUX_HEADERS.match(code):
            yield number, "a header that only Linux has; include it under #ifdef Q_OS_LINUX (or __linux__)"
        for name in LINUX_NAMES.findall(code):
            if not re.search(rf"\b{name}\b", conditions) and not code.lstrip().startswith("#") and not in_comment(lines, number):
                yield number, f"only Linux has {name}; use it under #ifdef Q_OS_LINUX, or #ifdef {name} where it is a macro"


def top_level(root, files):
    allowed = {"CMakeLists.txt", "CMakePresets.json", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
               "LICENSE", "LICENSES", "dev", "sdk", "monitor_app", "qml", "tests", "translations", "installer"}
    for name in sorted({path.relative_to(root).parts[0] for path in files}):
        if name not in allowed and not name.startswith("."):
            yield name


RULES = [spdx, sizes, private_types, internal_headers, module_includes, directions, secrets, naps, tls, exports, homes, open_ends, systems]

SELF_TEST = {
    spdx: ("sdk/core/src/a.cpp", ["int x;"]),
    sizes: ("sdk/core/src/a.cpp", ["void f()", "{"] + ["    g();"] * 70 + ["}"]),
    private_types: ("sdk/link/include/watchword/link/a.h", ["QWebSocket *socket;"]),
    internal_headers: ("sdk/link/include/watchword/link/a.h", ['#include "watchword/core/internal/futures.h"']),
    module_includes: ("sdk/core/src/a.cpp", ["#include <QtCore/QTimer>"]),
    directions: ("sdk/link/src/a.cpp", ['#include "watchword/auth/session.h"']),
    secrets: ("sdk/auth/include/watchword/auth/a.h", ["Q_PROPERTY(QString accessToken READ accessToken)"]),
    naps: ("tests/unit/a.cpp", ["QTest::qWait(10);"]),
    tls: ("sdk/link/src/a.cpp", ["socket.ignoreSslErrors();"]),
    exports: ("sdk/link/src/a.h", ["class WATCHWORD_LINK_EXPORT A"]),
    homes: ("sdk/link/src/other.cpp", ["void Connection::Private::open()"]),
    systems: ("sdk/core/src/a.cpp", ["#ifndef Q_OS_LINUX", "#include <sys/prctl.h>", "#endif"]),
    open_ends: ("sdk/link/src/a.cpp", ["// TO" + "DO: later"]),
}


def self_test():
    HOMES["link"] = {"connection"}
    blind = [rule.__name__ for rule, (name, lines) in SELF_TEST.items()
             if not list(rule(pathlib.PurePosixPath(name), lines))]
    for name in blind:
        print(f"the rule {name} finds nothing any more")
    print(f"{len(RULES) - len(blind)} of {len(RULES)} rules see what they are there for")
    return 1 if blind or len(SELF_TEST) != len(RULES) else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0]).resolve()
    chosen = [rule for rule in RULES if not arguments[1:] or rule.__name__ in arguments[1:]]
    files = tracked(root)
    for path in files:
        if path.suffix == ".cpp":
            HOMES.setdefault(library_of(path.relative_to(root)), set()).add(path.stem)
    findings = 0
    for path in files:
        if path.suffix in {".png", ".ico", ".icns", ".qm", ".ttf"} or "corpus" in path.parts:
            continue
        lines = lines_of(path)
        for rule in chosen:
            for number, text in rule(pathlib.PurePosixPath(path.relative_to(root).as_posix()), lines):
                findings += 1
                print(f"{path.relative_to(root)}:{number}: {text}")
    for name in top_level(root, files):
        findings += 1
        print(f"{name}: not part of the fixed top level")
    print(f"{len(files)} files, {len(chosen)} rules, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
