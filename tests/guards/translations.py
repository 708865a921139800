#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every text of the sources is translated, and says the same: run lupdate on a copy and compare.

usage: translations.py SOURCE_FOLDER LUPDATE
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

FILES = {
    "watchword_sdk_de.ts": (["sdk", "qml"], ["-target-language", "de", "-extensions", "cpp,h,qml"]),
    "watchword_monitor_de.ts": (["monitor_app"], ["-target-language", "de", "-extensions", "cpp,h"]),
    "watchword_monitor_en.ts": (["monitor_app"], ["-target-language", "en", "-pluralonly", "-extensions", "cpp,h"]),
}
PLURAL_FORMS = 2  # German and English


def messages(path):
    found = {}
    for context in ElementTree.parse(path).getroot().iter("context"):
        name = context.findtext("name")
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation is not None and translation.get("type") in {"obsolete", "vanished"}:
                continue
            key = (name, message.findtext("source") or "", message.findtext("comment") or "")
            found[key] = (message.get("numerus") == "yes", translation)
    return found


def texts_of(numerus, translation):
    if numerus:
        return [form.text or "" for form in translation.iter("numerusform")]
    return [translation.text or ""]


def placeholders(text):
    return sorted(re.findall(r"%L?\d+|%n", text))


def mismatch(source, text, numerus):
    """Why a translation does not fit its source; empty if it does."""
    if not text.strip():
        return "not translated"
    wanted, has = placeholders(source), placeholders(text)
    # A plural form may spell the number out ("eine Verbindung"), so %n alone may be missing there.
    if numerus:
        wanted = [mark for mark in wanted if mark != "%n"]
        has = [mark for mark in has if mark != "%n"]
    if wanted != has:
        return f"placeholders {has} instead of {wanted}"
    if source.endswith("…") != text.endswith("…") or source.endswith(":") != text.endswith(":"):
        return "ends differently"
    if source[:1].isspace() != text[:1].isspace() or source[-1:].isspace() != text[-1:].isspace():
        return "white space at an end differs"
    return ""


def check(path, fresh):
    findings = []
    translated = messages(path)
    for key in fresh.keys() - translated.keys():
        findings.append(f"{path.name}: {key[0]}: new in the sources: {key[1]!r}")
    for key in translated.keys() - fresh.keys():
        findings.append(f"{path.name}: {key[0]}: no longer in the sources: {key[1]!r}")
    for key in fresh.keys() & translated.keys():
        numerus, translation = translated[key]
        if translation is None or translation.get("type") == "unfinished":
            findings.append(f"{path.name}: {key[0]}: unfinished: {key[1]!r}")
            continue
        texts = texts_of(numerus, translation)
        if len(texts) != (PLURAL_FORMS if numerus else 1):
            findings.append(f"{path.name}: {key[0]}: {len(texts)} plural forms: {key[1]!r}")
        if numerus and any("(s)" in text for text in texts):
            findings.append(f"{path.name}: {key[0]}: \"(s)\" is left over: {key[1]!r}")
        for text in texts:
            why = mismatch(key[1], text, numerus)
            if why:
                findings.append(f"{path.name}: {key[0]}: {key[1]!r}: {why}")
    return findings, len(translated)


def main(root, lupdate):
    root = pathlib.Path(root)
    assert mismatch("%1 of %2", "%1 von", False), "the check is blind"
    assert not mismatch("%n row(s)", "eine Zeile", True), "the check is too strict"
    findings, total = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (folders, options) in FILES.items():
            copy = pathlib.Path(folder) / name
            run = subprocess.run([lupdate, "-silent", "-locations", "none", "-no-obsolete", *options,
                                  *[str(root / part) for part in folders], "-ts", str(copy)],
                                 check=True, capture_output=True, text=True)
            # lupdate warns about texts that it cannot place, and they would never be translated.
            findings += [f"{name}: lupdate: {line}" for line in run.stderr.splitlines() if line.strip()]
            found, count = check(root / "translations" / name, messages(copy))
            findings += found
            total += count
    for finding in findings:
        print(finding)
    print(f"{total} texts, {len(findings)} findings")
    return 1 if findings or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
