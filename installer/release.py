#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a release: version, changelog, commit, tag, source archive, packages, list of components, hashes.

usage: release.py X.Y.Z [--dry-run] [--out FOLDER] [--no-packages]
    --dry-run       in a copy of the repository, which is thrown away; no package is built, and the tree stays as it is
    --no-packages   no package is built: what build/release/packages has already is taken
    --out FOLDER    where all files go; else build/releases/X.Y.Z
The tree has to be clean. The version is that of project() in CMakeLists.txt; what repeats it in documents and recipes is written here.
Nothing is pushed: the last lines say how.
"""

import argparse
import datetime
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def git(root, *arguments, binary=False):
    done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, check=False, text=not binary)
    if done.returncode != 0:
        raise SystemExit(f"git {' '.join(map(str, arguments))}: {done.stderr if not binary else done.stderr.decode()}")
    return done.stdout if binary else done.stdout.strip()


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def current_version(root):
    return re.search(r"^project\(Watchword VERSION (\d+\.\d+\.\d+) ", (root / "CMakeLists.txt").read_text(encoding="utf-8"), re.M).group(1)


def check(root, version):
    """All that can be wrong, before anything is changed."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise SystemExit(f"\"{version}\" is no version: write three numbers, as 1.2.0")
    if dirty := git(root, "status", "--porcelain"):
        raise SystemExit(f"the tree is not clean; commit or remove:\n{dirty}")
    tags = [tag[1:] for tag in git(root, "tag", "--list", "v*").splitlines() if re.fullmatch(r"v\d+\.\d+\.\d+", tag)]
    newest = max(tags, key=numbers, default="0.0.0")
    if numbers(version) <= numbers(newest):
        raise SystemExit(f"{version} is not newer than the release {newest}")
    if numbers(version) < numbers(current_version(root)):
        raise SystemExit(f"{version} is older than {current_version(root)} in CMakeLists.txt")
    changes = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M | re.S)
    if not changes or not re.search(r"^- ", changes.group(1), re.M):
        raise SystemExit("CHANGELOG.md has nothing under \"## Unreleased\"")


def replace(path, pattern, text):
    before = path.read_text(encoding="utf-8")
    after, count = re.subn(pattern, text, before, flags=re.M)
    if count == 0:
        raise SystemExit(f"{path} does not have /{pattern}/")
    path.write_text(after, encoding="utf-8")


def write_version(root, version, date):
    minor = ".".join(version.split(".")[:2])
    replace(root / "CMakeLists.txt", r"^(project\(Watchword VERSION )\d+\.\d+\.\d+ ", rf"\g<1>{version} ")
    replace(root / "CHANGELOG.md", r"^## Unreleased\n", f"## Unreleased\n\n## {version} - {date}\n")
    for name in git(root, "grep", "-lE", r"find_package\(Watchword [0-9]", "--", "*.md", "*CMakeLists.txt").splitlines():
        replace(root / name, r"(find_package\(Watchword )\d+\.\d+", rf"\g<1>{minor}")
    replace(root / "sdk/docs/guide.md", r"(GIT_TAG )v\d+\.\d+\.\d+", rf"\g<1>v{version}")
    replace(root / "installer/vcpkg/watchword/vcpkg.json", r"(\"version\": )\"[\d.]+\"", rf'\g<1>"{version}"')


def source_archive(root, version):
    """The same bytes for the same tag, wherever the repository lies."""
    tar = git(root, "archive", "--format=tar", f"--prefix=watchword-{version}/", f"v{version}", binary=True)
    return gzip.compress(tar, compresslevel=9, mtime=0)


def hash_of(data, name="sha256"):
    return hashlib.new(name, data).hexdigest()


def write_recipes(root, out, version, archive):
    """The recipes of Conan and vcpkg, with the hash of the source archive in them."""
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        shutil.copytree(root / "installer/conan", work / "conan/watchword")
        shutil.copytree(root / "installer/vcpkg", work / "vcpkg")
        url = f"https://watchword.dev/releases/watchword-{version}.tar.gz"
        (work / "conan/watchword/conandata.yml").write_text(
            f'sources:\n  "{version}":\n    url: "{url}"\n    sha256: "{hash_of(archive)}"\n', encoding="utf-8")
        replace(work / "vcpkg/watchword/portfile.cmake", r"(SHA512 )0$", rf"\g<1>{hash_of(archive, 'sha512')}")
        epoch = os.environ["SOURCE_DATE_EPOCH"]
        tar = subprocess.run(["tar", "-C", work, "--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{epoch}", "--mode=u=rwX,go=rX",
                              "-cf", "-", "conan", "vcpkg"], capture_output=True, check=True).stdout
        (out / f"watchword-{version}-recipes.tar.gz").write_bytes(gzip.compress(tar, compresslevel=9, mtime=0))


def collect_packages(root, out, version):
    """What ./dev package made, for this version only, and the list of what the relocatable folder has."""
    made = [file for file in (root / "build").glob("*/packages/*") if file.is_file() and version in file.name]
    for file in made:
        shutil.copy2(file, out / file.name)
    listed = next((root / "build/release/bundle").glob("*/share/watchword/components.json"), None)
    return made, listed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--no-packages", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    version, root = arguments.version, HERE.parent
    check(root, version)
    with tempfile.TemporaryDirectory() as name:
        if arguments.dry_run:
            copy = pathlib.Path(name) / "copy"
            git(root, "clone", "--quiet", "--no-hardlinks", root, copy)
            for key, default in (("user.name", "Nobody"), ("user.email", "nobody@example.com")):
                value = subprocess.run(["git", "-C", root, "config", key], capture_output=True, text=True, check=False).stdout.strip()
                git(copy, "config", key, value or default)
            work = copy
        else:
            work = root
        out = (arguments.out or root / "build/releases" / version).resolve()
        out.mkdir(parents=True, exist_ok=True)

        write_version(work, version, datetime.datetime.now(datetime.timezone.utc).date().isoformat())
        git(work, "commit", "--quiet", "--all", "--message", f"Release {version}")
        git(work, "tag", "--annotate", f"v{version}", "--message", f"Watchword {version}")
        os.environ["SOURCE_DATE_EPOCH"] = git(work, "log", "-1", "--format=%ct")

        archive = source_archive(work, version)
        git(work, "clone", "--quiet", "--branch", f"v{version}", work, pathlib.Path(name) / "again")
        if hash_of(archive) != hash_of(source_archive(pathlib.Path(name) / "again", version)):
            raise SystemExit("the source archive is another one when it is made again")
        (out / f"watchword-{version}.tar.gz").write_bytes(archive)
        write_recipes(work, out, version, archive)

        if arguments.dry_run:
            print("packages: not built in a dry run")
            made, listed = [], None
        else:
            if not arguments.no_packages:
                subprocess.run([root / "dev", "package"], check=True)
                if "VERSION_CODENAME=bookworm" in pathlib.Path("/etc/os-release").read_text(encoding="utf-8"):
                    subprocess.run([root / "dev", "package", "--qt", "trixie", "deb"], check=True)
            made, listed = collect_packages(root, out, version)
        subprocess.run([sys.executable, HERE / "sbom.py", version, out / f"watchword-{version}.cdx.json", *([listed] if listed else [])], check=True)
        files = sorted(file for file in out.iterdir() if file.name != "SHA256SUMS")
        (out / "SHA256SUMS").write_text("".join(f"{hash_of(file.read_bytes())}  {file.name}\n" for file in files), encoding="utf-8")
        for file in files:
            print(f"{file.stat().st_size:>12} {file.name}")
        print(f"{len(made)} packages, {len(files)} files in {out}")
    if not arguments.dry_run:
        print(f"Look at it, then: git push origin HEAD v{version}")
        print(f"To take it back: git tag -d v{version} && git reset --hard HEAD~1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
