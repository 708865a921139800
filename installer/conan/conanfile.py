# SPDX-License-Identifier: Apache-2.0
"""Conan 2 recipe of the SDK: the libraries that applications link, without programs and tests.

In the sources:   conan create installer/conan --build=missing
Of a release:     the recipes archive has conandata.yml with the address and hash of the sources.
"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, load, rmdir

# Library -> the libraries of ours that it links; as in CONTRIBUTING.md.
LIBRARIES = {
    "Core": [], "Jose": ["Core"], "Auth": ["Jose"], "Keychain": ["Auth"], "Link": ["Core"],
    "Client": ["Auth", "Keychain", "Link"], "Watch": ["Link"], "Doctor": ["Jose"], "Testing": ["Auth", "Link"],
}


class WatchwordConan(ConanFile):
    name = "watchword"
    license = "Apache-2.0"
    url = "https://watchword.dev"
    homepage = "https://watchword.dev"
    description = "Keeps a desktop app signed in and connected: OpenID Connect, tokens in the keychain, and a WebSocket that heals"
    topics = ("qt", "openid-connect", "oauth2", "websocket", "keychain")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True, "qt/*:qtwebsockets": True, "qt/*:shared": True}

    @property
    def _tree(self):
        """The sources that this recipe lies in, or nothing for the recipe of a release."""
        tree = os.path.normpath(os.path.join(self.recipe_folder, "..", ".."))
        return tree if os.path.exists(os.path.join(tree, "sdk", "CMakeLists.txt")) else None

    def set_version(self):
        if self._tree:
            text = load(self, os.path.join(self._tree, "CMakeLists.txt"))
            self.version = self.version or re.search(r"project\(Watchword VERSION ([\d.]+) ", text).group(1)

    def export_sources(self):
        if self._tree:
            for pattern in ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "CHANGELOG.md", "sdk/*", "translations/*"):
                copy(self, pattern, src=self._tree, dst=self.export_sources_folder)

    def config_options(self):
        if self.settings.os == "Windows":
            del self.options.fPIC

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def requirements(self):
        self.requires("qt/[>=6.4 <7]", transitive_headers=True, transitive_libs=True)
        self.requires("openssl/[>=3 <4]")
        self.requires("zlib/[>=1.2.11 <2]")
        self.requires("boost/[>=1.74]", headers=True, libs=False)
        self.requires("libqrencode/[>=4]")
        self.requires("qtkeychain/[>=0.13]")

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def source(self):
        if self.conan_data and self.version in self.conan_data.get("sources", {}):
            get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("GATEWAY", "TOOLS", "MONITOR", "QML", "EXAMPLES", "TRANSLATIONS", "TESTS"):
            toolchain.cache_variables[f"WATCHWORD_BUILD_{part}"] = False
        toolchain.cache_variables["WATCHWORD_INSTALL"] = True
        toolchain.generate()
        dependencies = CMakeDeps(self)
        dependencies.set_property("qtkeychain", "cmake_file_name", "Qt6Keychain")
        dependencies.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "Watchword")
        outside = {
            "Core": ["qt::qtCore", "qt::qtNetwork"],
            "Jose": ["openssl::openssl"],
            "Auth": ["qt::qtNetwork", "boost::headers", "libqrencode::libqrencode"],
            "Keychain": ["qtkeychain::qtkeychain"],
            "Doctor": ["qt::qtNetwork", "openssl::openssl", "zlib::zlib", "boost::headers"],
            "Link": ["qt::qtWebSockets", "zlib::zlib", "boost::headers"],
        }
        for library, needs in LIBRARIES.items():
            part = self.cpp_info.components[library]
            part.set_property("cmake_target_name", f"Watchword::{library}")
            part.set_property("pkg_config_name", f"Watchword{library}")
            part.libs = [f"Watchword{library}"]
            part.requires = needs + outside.get(library, [])
            if not self.options.shared:
                part.defines = [f"WATCHWORD_{library.upper()}_STATIC_DEFINE"]
