# SPDX-License-Identifier: Apache-2.0
# The .deb packages. Those of two Debian releases differ in their revision, so that an upgrade of Debian brings the newer one.
file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
string(REGEX REPLACE "[^0-9.]" "" release "${release}")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
if(EXISTS /etc/debian_version AND release)
    set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${release}u1")
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_SOURCE_DIR}/compress.cmake")

set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME watchword-gateway)
set(CPACK_DEBIAN_GATEWAY_DESCRIPTION "authenticating gateway for WebSocket servers
 Stands in front of any WebSocket server: validates tokens before the
 upgrade, checks Origin and scopes, limits, audits with a hash chain, and
 lets operators watch.")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_DEPENDS "libqt6sql6-sqlite, openssl, adduser")
set(CPACK_DEBIAN_MONITOR_PACKAGE_NAME watchword-monitor)
set(CPACK_DEBIAN_MONITOR_DESCRIPTION "watch and manage live WebSocket connections
 Shows every live connection, every token's lifetime and the audit stream of a
 Watchword gateway, verifies the audit chain, and lets operators act.")
set(CPACK_DEBIAN_MONITOR_PACKAGE_DEPENDS "libqt6svg6, qt6-qpa-plugins")
set(CPACK_DEBIAN_MONITOR_PACKAGE_RECOMMENDS "fonts-inter, fonts-jetbrains-mono, gnome-keyring | kwalletmanager")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME watchword-tools)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "sign in, connect and tail from the command line
 The program watchword: signs a person in, keeps the tokens in the keychain,
 and opens authenticated WebSocket connections from scripts.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libwatchword-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION "keeps a desktop app signed in and connected (development files)
 C++20 and Qt 6 SDK: OpenID Connect sign-in, tokens in the keychain, refresh,
 and an authenticated WebSocket connection that heals.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "qt6-base-dev, qt6-websockets-dev, libssl-dev, zlib1g-dev, libqrencode-dev, qtkeychain-qt6-dev")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libwatchword${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "keeps a desktop app signed in and connected (libraries)
 What programs need that are linked with the shared libraries of Watchword.")
if(BUILD_SHARED_LIBS)
    set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
    set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_SOURCE_DIR}/debian/triggers")
    # dpkg-shlibdeps does not know packages that are being made.
    get_property(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS GLOBAL PROPERTY WATCHWORD_LIBRARY_FOLDERS)
    foreach(component GATEWAY MONITOR TOOLS DEV)
        string(JOIN ", " CPACK_DEBIAN_${component}_PACKAGE_DEPENDS ${CPACK_DEBIAN_${component}_PACKAGE_DEPENDS}
            "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
    endforeach()
endif()

# The formats of the state on disk that this version reads, from where the programs say them.
file(STRINGS "${PROJECT_SOURCE_DIR}/sdk/gateway/src/audit/auditdatabase.cpp" AUDIT_FORMAT REGEX "^constexpr int kSchemaVersion = [0-9]+;")
file(STRINGS "${PROJECT_SOURCE_DIR}/sdk/gateway/src/issuer/sessionstore.cpp" SESSION_FORMAT REGEX "^constexpr int kSessionSchema = [0-9]+;")
string(REGEX REPLACE "[^0-9]" "" AUDIT_FORMAT "${AUDIT_FORMAT}")
string(REGEX REPLACE "[^0-9]" "" SESSION_FORMAT "${SESSION_FORMAT}")
if(NOT AUDIT_FORMAT OR NOT SESSION_FORMAT)
    message(FATAL_ERROR "The formats of the audit file and of the issuer's session file are not where debian.cmake looks for them")
endif()
configure_file(debian/preinst.in debian/preinst @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(scripts "${CMAKE_CURRENT_SOURCE_DIR}/debian")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_BINARY_DIR}/debian/preinst;${scripts}/postinst;${scripts}/prerm;${scripts}/postrm")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_STRICT_PERMISSION ON)

string(TIMESTAMP PACKAGE_TIME "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(debian/changelog.in debian/changelog @ONLY)
foreach(component ${packages})
    string(TOUPPER ${component} upper)
    set(documents ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
    install(FILES debian/copyright DESTINATION ${documents} COMPONENT ${component})
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/debian/changelog" DESTINATION ${documents} RENAME changelog.Debian COMPONENT ${component})
    install(FILES "${PROJECT_SOURCE_DIR}/CHANGELOG.md" DESTINATION ${documents} RENAME changelog COMPONENT ${component})
endforeach()
