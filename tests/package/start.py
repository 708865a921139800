#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a program, waits for a line that holds a text, and ends it.

usage: start.py SECONDS TEXT PROGRAM [argument...]; exit 0 if the line came
The program gets neither a screen nor a session bus, and says all that it logs.
"""

import os
import subprocess
import sys
import tempfile
import threading


def main(seconds, text, command):
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home,
                       "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/nobody-listens-here", "QT_QPA_PLATFORM": "offscreen",
                       "QT_LOGGING_RULES": "watchword.*=true", "QT_MESSAGE_PATTERN": "%{category}: %{message}",
                       "QT_FORCE_STDERR_LOGGING": "1"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.start()
        seen = []
        for line in process.stdout:
            seen.append(line)
            if text in line:
                break
        else:
            print("".join(seen) + f"{command[0]} did not say \"{text}\" in {seconds} s")
        found = bool(seen) and text in seen[-1]
        process.kill()
        process.wait()
        watchdog.cancel()
        return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
