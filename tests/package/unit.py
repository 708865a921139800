#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service of the gateway: systemd finds no mistake in it, judges its exposure to be small, and permits each system call that the
gateway makes while it serves clients.

usage: unit.py UNIT GATEWAY WATCHWORD; exit 77 without systemd-analyze and strace, or where tracing is forbidden
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

MOST_EXPOSURE = 1.6  # of 10


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


def members(name, known):
    """The system calls of a group, with those of the groups in it."""
    if name not in known:
        known[name] = set()
        for line in analyze("syscall-filter", name).stdout.splitlines()[1:]:
            word = line.strip()
            if word and not word.startswith("#"):
                known[name] |= members(word, known) if word.startswith("@") else {word}
    return known[name]


def permitted(unit):
    calls, known = set(members("@default", {})), {}
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        words = set().union(*(members(word, known) for word in line.lstrip("~").split()))
        calls = calls - words if line.startswith("~") else calls | words
    return calls


def traced(gateway, watchword, folder):
    """What the threads of a gateway call that serves a fleet, from its start to its end; None where tracing is forbidden."""
    trace = folder / "trace"
    with subprocess.Popen(["strace", "-f", "-qq", "-e", "signal=none", "-o", trace, gateway, "--demo", "--users", "5", "--state", folder / "state"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        if not line:
            print(process.stderr.read())
            return None
        (folder / "demo.json").write_text(line, encoding="utf-8")
        subprocess.run([watchword, "fleet", "--demo-info", folder / "demo.json", "--clients", "5", "--duration", "3s"],
                       stdout=subprocess.DEVNULL, check=True, timeout=120)
        tracee = next(int(line.split()[0]) for line in trace.open(encoding="utf-8", errors="replace"))
        os.kill(tracee, signal.SIGHUP)
        os.kill(tracee, signal.SIGTERM)
        process.communicate(timeout=60)
        if process.returncode != 0:
            sys.exit(f"the traced gateway ended with {process.returncode}")
    return set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(encoding="utf-8", errors="replace"), re.M))


def main(path, gateway, watchword):
    if not shutil.which("systemd-analyze") or not shutil.which("strace"):
        print("skipped: systemd and strace are missing; ./dev test installs them")
        return 1 if os.environ.get("CI") == "true" else 77
    unit = path.read_text(encoding="utf-8")
    findings = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        here = folder / path.name  # the programs that were built, in place of those that a package installs
        here.write_text(unit.replace("/usr/bin/watchword-gateway", str(gateway)), encoding="utf-8")
        verified = analyze("verify", "--man=no", str(here))
        findings += [line for line in (verified.stdout + verified.stderr).splitlines() if line]
        judged = analyze("security", "--offline=true", "--no-pager", str(here)).stdout
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged)
        print(exposure.group(0) if exposure else judged)
        if not exposure or float(exposure.group(1)) > MOST_EXPOSURE:
            findings.append(f"the exposure is more than {MOST_EXPOSURE}")
        for wanted in ("UMask=0077", "MemoryMax=", "NoNewPrivileges=true", "ProtectSystem=strict"):
            if not re.search(f"^{wanted}", unit, re.M):
                findings.append(f"{wanted} is missing")
        used = traced(gateway, watchword, folder)
        if used is None:
            return 1 if os.environ.get("CI") == "true" else 77
        allowed = permitted(unit)
        forbidden = used - allowed
        if os.geteuid() == 0:
            forbidden.discard("fchown")  # SQLite asks for the owner of the database, as root alone; the service is not root
        print(f"{len(used)} system calls, {len(allowed)} permitted; not permitted: {' '.join(sorted(forbidden)) or 'none'}")
        findings += [f"the service may not call {call}" for call in forbidden]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])))
