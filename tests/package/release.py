#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A dry run of a release, in a copy of the repository: what it refuses, that it gives the same bytes twice, what is in them, and that the
list of components is CycloneDX 1.5 with licences that SPDX knows.

usage: release.py SOURCE; exit 77 where the sources are not in a Git repository
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

VERSION = "999.1.0"
SCHEMAS = "build/cyclonedx/node_modules/@cyclonedx/cyclonedx-library/res/schema"


def git(root, *arguments):
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def release(root, *arguments):
    return subprocess.run([sys.executable, root / "installer/release.py", *arguments], capture_output=True, text=True, check=False, timeout=300)


def refusals(root):
    """Each with a word of why, and nothing changed."""
    before = git(root, "rev-parse", "HEAD")
    (root / "left-behind").touch()
    done = release(root, VERSION, "--dry-run")
    if done.returncode == 0 or "not clean" not in done.stderr:
        yield f"a tree that is not clean: {done.returncode} {done.stderr}"
    (root / "left-behind").unlink()
    git(root, "tag", "v5.0.0")
    for version, word in (("5.0", "no version"), ("v6.0.0", "no version"), ("01.2.3", "no version"), ("5.0.0", "not newer"), ("4.9.9", "not newer")):
        done = release(root, version, "--dry-run")
        if done.returncode == 0 or word not in done.stderr:
            yield f"{version}: {done.returncode} {done.stderr}"
    git(root, "tag", "-d", "v5.0.0")
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(re.sub(r"^## Unreleased\n", "## Unreleased\n\n## 0.0.1 - 2026-01-01\n", text, flags=re.M), encoding="utf-8")
    git(root, "commit", "-qam", "Leave nothing to release")
    done = release(root, VERSION, "--dry-run")
    if done.returncode == 0 or "Unreleased" not in done.stderr:
        yield f"an empty changelog: {done.returncode} {done.stderr}"
    git(root, "reset", "-q", "--hard", before)
    if git(root, "status", "--porcelain") or git(root, "tag", "--list") or git(root, "rev-parse", "HEAD") != before:
        yield "a refusal changed something"


def check_source(out, work):
    with tarfile.open(out / f"watchword-{VERSION}.tar.gz") as archive:
        names = archive.getnames()
        archive.extractall(work)
    if any(not name.startswith(f"watchword-{VERSION}") for name in names):
        yield "a file lies outside of its folder"
    root = work / f"watchword-{VERSION}"
    if f"project(Watchword VERSION {VERSION} " not in (root / "CMakeLists.txt").read_text(encoding="utf-8"):
        yield "CMakeLists.txt has another version"
    if not re.search(rf"^## Unreleased\n\n## {VERSION} - \d{{4}}-\d\d-\d\d\n", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M):
        yield "CHANGELOG.md does not have the release"
    for name in ("README.md", "sdk/docs/guide.md", "sdk/docs/testing.md"):
        if wrong := set(re.findall(r"find_package\(Watchword ([\d.]+)", (root / name).read_text(encoding="utf-8"))) - {"999.1"}:
            yield f"{name} says version {wrong}"
    guards = subprocess.run([sys.executable, root / "tests/guards/guards.py", root], capture_output=True, text=True, check=False)
    if guards.returncode != 0:
        yield f"guards of the archive: {guards.stdout[-500:]}"


def check_recipes(out, work):
    subprocess.run(["tar", "-C", work, "-xf", out / f"watchword-{VERSION}-recipes.tar.gz"], check=True)
    archive = (out / f"watchword-{VERSION}.tar.gz").read_bytes()
    if hashlib.sha256(archive).hexdigest() not in (work / "conan/watchword/conandata.yml").read_text(encoding="utf-8"):
        yield "the recipe of Conan has another hash"
    if f"SHA512 {hashlib.sha512(archive).hexdigest()}\n" not in (work / "vcpkg/watchword/portfile.cmake").read_text(encoding="utf-8"):
        yield "the port of vcpkg has another hash"


def check_components(out, root, schemas):
    document = json.loads((out / f"watchword-{VERSION}.cdx.json").read_text(encoding="utf-8"))
    if not schemas.exists():
        if os.environ.get("CI") == "true":
            yield f"{schemas} is missing; ./dev test installs it"
        print("not validated: the schema of CycloneDX is missing; ./dev test installs it")
    else:
        import jsonschema
        store = {file.name.replace(".SNAPSHOT", ""): json.loads(file.read_text(encoding="utf-8")) for file in schemas.glob("*.schema.json")}
        schema = store["bom-1.5.schema.json"]
        base = schema["$id"].rsplit("/", 1)[0] + "/"
        resolver = jsonschema.RefResolver(schema["$id"], schema, {base + name: each for file, each in store.items()
                                                                 for name in (file, file.replace(".schema", ".SNAPSHOT.schema"))})
        validator = jsonschema.Draft7Validator(schema, resolver=resolver)
        yield from (f"CycloneDX: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document))
        broken = {**document, "components": [{"type": "library"}]}
        if validator.is_valid(broken):
            yield "the schema takes a component without a name"
    names = {part["name"]: part for part in document["components"]}
    for library in ("qt6-base-dev", "libssl-dev", "libboost-dev", "qtkeychain-qt6-dev", "zlib1g-dev"):
        if not names.get(library, {}).get("version") or not names[library]["licenses"][0].get("expression"):
            yield f"{library} has no version or licence"
    try:
        from license_expression import get_spdx_licensing
    except ImportError:
        return
    known = get_spdx_licensing()
    for expression in set(json.loads((root / "installer/components.json").read_text(encoding="utf-8")).values()):
        if re.fullmatch(r"[A-Za-z0-9. ()+-]+", expression) and "," not in expression:
            yield from (f"SPDX does not know {each}" for each in known.validate(expression).errors)


def main(source):
    if not (source / ".git").exists():
        print("skipped: no Git repository")
        return 77
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        root = work / "repository"
        # The files as they are, committed or not.
        git(source, "clone", "--quiet", "--no-hardlinks", source, root)
        git(root, "config", "user.name", "Nobody")
        git(root, "config", "user.email", "nobody@example.com")
        for tag in git(root, "tag", "--list").splitlines():
            git(root, "tag", "-d", tag)
        for file in git(source, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / file).is_file():
                shutil.copy2(source / file, target)
            elif target.exists():
                target.unlink()
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--allow-empty", "--message", "As it is")
        findings = list(refusals(root))
        outs = [work / "first", work / "second"]
        os.environ["GIT_AUTHOR_DATE"] = os.environ["GIT_COMMITTER_DATE"] = "2026-01-01T12:00:00Z"
        for out in outs:
            done = release(root, VERSION, "--dry-run", "--out", out)
            if done.returncode != 0:
                print(done.stdout, done.stderr)
                return 1
        print(done.stdout)
        sums = [(out / "SHA256SUMS").read_text(encoding="utf-8") for out in outs]
        if sums[0] != sums[1]:
            findings.append(f"made twice it is not the same:\n{sums[0]}\n{sums[1]}")
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=outs[0], check=True)
        if git(root, "status", "--porcelain") or git(root, "tag", "--list"):
            findings.append("a dry run changed the repository")
        findings += [*check_source(outs[0], work), *check_recipes(outs[0], work), *check_components(outs[0], root, source / SCHEMAS)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
