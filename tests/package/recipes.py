#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of Conan and vcpkg say what the sources say. Where the tools are not installed, this is all that is known of them:
    vcpkg   the port's script runs in CMake with functions of this test in place of vcpkg's; it configures the sources, and each option
            that it gives has to be one of them
    Conan   the recipe compiles, its libraries are those of sdk/, its options are those of CMakeLists.txt

usage: recipes.py SOURCE CMAKE CXX
"""

import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile

STUBS = """
set(VERSION "{version}")
set(PORT watchword)
set(CURRENT_PACKAGES_DIR "{work}/packages")
function(vcpkg_download_distfile out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILENAME;SHA512" "URLS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_URLS MATCHES "^https://" OR NOT arg_FILENAME MATCHES "{version}")
        message(FATAL_ERROR "wrong arguments of vcpkg_download_distfile")
    endif()
    set(${{out}} "${{arg_FILENAME}}" PARENT_SCOPE)
endfunction()
function(vcpkg_extract_source_archive out)
    set(${{out}} "{source}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "wrong arguments of vcpkg_cmake_configure: ${{arg_UNPARSED_ARGUMENTS}}")
    endif()
    execute_process(COMMAND "{cmake}" -S "${{arg_SOURCE_PATH}}" -B "{work}/build" -G Ninja "-DCMAKE_CXX_COMPILER={cxx}" ${{arg_OPTIONS}}
        COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_install)
    execute_process(COMMAND "{cmake}" --build "{work}/build" --target help OUTPUT_FILE "{work}/targets" COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
    file(GLOB config "{work}/build/${{arg_PACKAGE_NAME}}Config.cmake")
    if(arg_UNPARSED_ARGUMENTS OR NOT config)
        message(FATAL_ERROR "there is no ${{arg_PACKAGE_NAME}}Config.cmake")
    endif()
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    if(NOT EXISTS "${{arg_FILE_LIST}}")
        message(FATAL_ERROR "no licence")
    endif()
endfunction()
"""


def options_of(root):
    return set(re.findall(r"^option\((\w+) ", (root / "CMakeLists.txt").read_text(encoding="utf-8"), re.M))


def check_vcpkg(root, version, cmake, cxx):
    port = root / "installer/vcpkg/watchword"
    manifest = json.loads((port / "vcpkg.json").read_text(encoding="utf-8"))
    if manifest["version"] != version or manifest["name"] != "watchword" or manifest["license"] != "Apache-2.0":
        yield "vcpkg.json: name, version or licence is another one"
    if not all(isinstance(each, str) or "name" in each for each in manifest["dependencies"]):
        yield "vcpkg.json: a dependency has no name"
    with tempfile.TemporaryDirectory() as work:
        script = pathlib.Path(work) / "port.cmake"
        script.write_text(STUBS.format(version=version, work=work, source=root, cmake=cmake, cxx=cxx)
                          + f'include("{port}/portfile.cmake")\n', encoding="utf-8")
        done = subprocess.run([cmake, "-P", script], capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            yield f"portfile.cmake: {done.stderr[-2000:]}"
            return
        if "not used by the project" in done.stdout + done.stderr:
            yield "portfile.cmake: an option is unknown"
        if not (pathlib.Path(work) / "packages/share/watchword/usage").exists():
            yield "portfile.cmake: usage is not installed"
        targets = (pathlib.Path(work) / "targets").read_text(encoding="utf-8")
        for target in ("WatchwordGateway", "watchword-gateway", "watchword-monitor", "watchword_manual"):
            if re.search(f"^{target}:", targets, re.M):
                yield f"portfile.cmake: builds {target}"
        yield from (f"portfile.cmake: does not build {library}" for library in ("WatchwordClient", "WatchwordTesting")
                    if not re.search(f"^{library}:", targets, re.M))


def check_conan(root):
    recipe = (root / "installer/conan/conanfile.py").read_text(encoding="utf-8")
    tree = ast.parse(recipe)
    compile((root / "installer/conan/test_package/conanfile.py").read_text(encoding="utf-8"), "conanfile.py", "exec")
    libraries = next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "LIBRARIES")
    present = {match for file in root.glob("sdk/*/CMakeLists.txt")
               for match in re.findall(r"watchword_add_library\((\w+)", file.read_text(encoding="utf-8"))}
    if set(libraries) != present - {"Gateway"}:  # which it does not build
        yield f"conanfile.py: its libraries are not those of sdk/: {sorted(set(libraries) ^ (present - {'Gateway'}))}"
    for library, needs in libraries.items():
        links = (root / f"sdk/{library.lower()}/CMakeLists.txt").read_text(encoding="utf-8")
        for need in needs:
            if f"Watchword::{need}" not in links:
                yield f"conanfile.py: {library} does not link {need}"
    parts = re.search(r"for part in \((.*?)\):", recipe).group(1)
    wanted = {f"WATCHWORD_BUILD_{part}" for part in re.findall(r'"(\w+)"', parts)} | set(re.findall(r'cache_variables\["(\w+)"\]', recipe))
    if unknown := wanted - options_of(root):
        yield f"conanfile.py: {', '.join(sorted(unknown))} is no option"


def main(root, cmake, cxx):
    version = re.search(r"^project\(Watchword VERSION (\S+) ", (root / "CMakeLists.txt").read_text(encoding="utf-8"), re.M).group(1)
    findings = [*check_conan(root), *check_vcpkg(root, version, cmake, cxx)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]))
