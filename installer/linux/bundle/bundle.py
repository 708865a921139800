#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a folder with the programs, their own Qt and all else that they need but the C library: it can be moved anywhere.

usage: bundle.py BUILD_FOLDER OUT [--components gateway,monitor,tools]
    bin/            the programs, qt.conf
    lib/, plugins/  Qt and the libraries under it. Any of them can be replaced by one of the same name: that is how LGPL libraries
                    are exchanged
    share/          manual, completions, icons, fonts, fonts.conf; licenses/ with the text of everything that is shipped;
                    components.json says which Debian package each file is of
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))
import components  # noqa: E402

# Of the system: what the C library consists of. Everything else comes along.
SYSTEM = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libutil.so.1", "ld-linux-x86-64.so.2",
          "ld-linux-aarch64.so.1", "linux-vdso.so.1", "libnsl.so.1", "libanl.so.1", "libmvec.so.1"}
# Loaded by name while running, so that no program names them: TLS, and the keychain of GNOME.
BY_NAME = ["libssl.so.3", "libcrypto.so.3", "libsecret-1.so.0"]
PLUGINS = ["platforms/libqxcb.so", "platforms/libqoffscreen.so", "platforms/libqminimal.so", "sqldrivers/libqsqlite.so", "tls/libqopensslbackend.so",
           "networkinformation/libqnetworkmanager.so", "platforminputcontexts/libcomposeplatforminputcontextplugin.so",
           "platforminputcontexts/libibusplatforminputcontextplugin.so"]
OPTIONAL_PLUGINS = ["imageformats/libqsvg.so", "iconengines/libqsvgicon.so",
                    "platforms/libqwayland-generic.so", "wayland-shell-integration/libxdg-shell.so", "wayland-decoration-client/libbradient.so"]
HEADERS = ["libboost-dev", "libtomlplusplus-dev"]  # compiled in
GUI_PLUGINS = ("platform", "imageformats", "iconengines", "wayland")
FONTS = ["/usr/share/fonts/opentype/inter/Inter-Regular.otf", "/usr/share/fonts/opentype/inter/Inter-Italic.otf",
         "/usr/share/fonts/opentype/inter/Inter-Medium.otf", "/usr/share/fonts/opentype/inter/Inter-SemiBold.otf",
         "/usr/share/fonts/opentype/inter/Inter-Bold.otf", "/usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Regular.ttf",
         "/usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Bold.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
         "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed_by(file):
    """Name -> path of all libraries below a file, as the loader of this machine finds them."""
    found = {}
    for line in output("ldd", file).splitlines():
        words = line.split()
        if "not found" in line:
            raise SystemExit(f"{file} needs {words[0]}, which is not installed")
        if len(words) >= 3 and words[1] == "=>":
            found[words[0]] = words[2]
    return {name: path for name, path in found.items() if name not in SYSTEM}


def by_name(name):
    for line in output("/sbin/ldconfig", "-p").splitlines():
        words = line.split()
        if words and words[0] == name and "64" in line:
            return words[-1]
    raise SystemExit(f"{name} is not installed")


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)  # of a link the file
    target.chmod(0o755 if ".so" in target.name else 0o644)


def set_rpath(file, path):
    subprocess.run(["patchelf", "--set-rpath", path, str(file)], check=True)


def install(build, out, names):
    for name in names:
        subprocess.run(["cmake", "--install", build, "--prefix", out, "--component", name, "--strip"], stdout=subprocess.DEVNULL, check=True)
    shutil.rmtree(out / "share/doc", ignore_errors=True)  # Debian's; the licences of this folder are below share/licenses
    shutil.rmtree(out / "lib/systemd", ignore_errors=True)


def collect(out, sources):
    """Libraries and plugins; \a sources gets where each file is from."""
    plugins = pathlib.Path(output("qtpaths6", "--query", "QT_INSTALL_PLUGINS").strip())
    has_window = (out / "bin/watchword-monitor").exists()
    wanted = [*PLUGINS, *[name for name in OPTIONAL_PLUGINS if (plugins / name).exists()]]
    libraries = {}
    for name in wanted:
        if has_window or not name.startswith(GUI_PLUGINS):
            copy(plugins / name, out / "plugins" / name)
            sources[f"plugins/{name}"] = str(plugins / name)
            libraries |= needed_by(plugins / name)
            set_rpath(out / "plugins" / name, "$ORIGIN/../../lib")
    for program in (out / "bin").iterdir():
        libraries |= needed_by(program)
        set_rpath(program, "$ORIGIN/../lib")
    for library in (out / "lib").glob("libWatchword*.so.*.*"):
        libraries |= needed_by(library)
        set_rpath(library, "$ORIGIN")
    for name in BY_NAME:
        libraries[name] = by_name(name)
        libraries |= needed_by(libraries[name])
    for name, path in libraries.items():
        if pathlib.Path(path).resolve().is_relative_to(out):
            continue  # a library of ours, which is there already
        copy(path, out / "lib" / name)
        set_rpath(out / "lib" / name, "$ORIGIN")
        sources[f"lib/{name}"] = path


def add_texts(out, sources):
    (out / "bin/qt.conf").write_text("[Paths]\nPrefix = ..\nPlugins = plugins\nTranslations = share/qt6/translations\n", encoding="utf-8")
    translations = pathlib.Path(output("qtpaths6", "--query", "QT_INSTALL_TRANSLATIONS").strip())
    for file in translations.glob("qtbase_de.qm"):
        copy(file, out / "share/qt6/translations" / file.name)
        sources[f"share/qt6/translations/{file.name}"] = str(file)
    if (out / "bin/watchword-monitor").exists():
        for font in FONTS:
            copy(font, out / "share/watchword/fonts" / pathlib.Path(font).name)
            sources[f"share/watchword/fonts/{pathlib.Path(font).name}"] = font
        copy(HERE / "fonts.conf", out / "share/watchword/fonts.conf")
    copy(HERE / "README", out / "README")


def add_licenses(root, out, sources):
    """The texts of Debian's packages, which name authors and licences of every file, and the licences that they refer to."""
    owners = components.owners_of(set(sources.values()))
    found = components.describe([*dict.fromkeys(owners.values()), *HEADERS])
    for each in found.values():
        each["files"] = sorted(file for file, source in sources.items() if owners[source] == each["package"])
    licenses = out / "share/licenses"
    for package in found:
        # A package that only names the one of a version has its text there.
        real = output("dpkg-query", "-W", "-f", "${Depends}", package).split()[0] if package == "libboost-dev" else package
        copy(f"/usr/share/doc/{real}/copyright", licenses / package / "copyright")
    for text in pathlib.Path("/usr/share/common-licenses").iterdir():
        copy(text, licenses / "common" / text.name)
    copy(root / "LICENSE", licenses / "watchword/LICENSE")
    (out / "share/watchword/components.json").write_text(
        json.dumps(sorted(found.values(), key=lambda each: each["package"]), indent=1) + "\n", encoding="utf-8")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--components", default="gateway,monitor,tools")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} has files already")
    out.mkdir(parents=True, exist_ok=True)
    sources = {}
    parts = arguments.components.split(",")
    if re.search(r"^BUILD_SHARED_LIBS:BOOL=(ON|TRUE|1)$", (arguments.build / "CMakeCache.txt").read_text(encoding="utf-8"), re.M):
        parts.append("runtime")
    install(arguments.build, out, parts)
    collect(out, sources)
    add_texts(out, sources)
    found = add_licenses(HERE.parent.parent.parent, out, sources)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file() and not file.is_symlink())
    print(f"{len(sources)} files of {len(found)} packages, {size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
