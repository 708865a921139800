# SPDX-License-Identifier: Apache-2.0
# The SDK: the libraries that applications link, without programs and tests. A release writes the hash of its sources in the place of 0.
vcpkg_download_distfile(ARCHIVE
    URLS "https://watchword.dev/releases/watchword-${VERSION}.tar.gz"
    FILENAME "watchword-${VERSION}.tar.gz"
    SHA512 0
)
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DWATCHWORD_BUILD_GATEWAY=OFF
        -DWATCHWORD_BUILD_TOOLS=OFF
        -DWATCHWORD_BUILD_MONITOR=OFF
        -DWATCHWORD_BUILD_QML=OFF
        -DWATCHWORD_BUILD_EXAMPLES=OFF
        -DWATCHWORD_BUILD_TRANSLATIONS=OFF
        -DWATCHWORD_BUILD_TESTS=OFF
        -DWATCHWORD_INSTALL=ON
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME Watchword CONFIG_PATH lib/cmake/Watchword)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
