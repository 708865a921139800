# SPDX-License-Identifier: Apache-2.0
# What an installation tells those who build against it: a CMake package with components, and a pkg-config file a library.
# Both are made from what the targets link, so that they cannot say something else.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

# How a library that a target links is found by others: the words of its CMake package, and its pkg-config module or flag.
set(watchword_package_OpenSSL::Crypto "OpenSSL 3")
set(watchword_module_OpenSSL::Crypto libcrypto)
set(watchword_package_OpenSSL::SSL "OpenSSL 3")
set(watchword_module_OpenSSL::SSL libssl)
set(watchword_package_ZLIB::ZLIB ZLIB)
set(watchword_module_ZLIB::ZLIB zlib)
set(watchword_package_Threads::Threads Threads)
set(watchword_flag_Threads::Threads -pthread)
set(watchword_package_qt6keychain Qt6Keychain)
set(watchword_flag_qt6keychain -lqt6keychain)
set(watchword_module_qrencode libqrencode)

# Sets in the caller, for one library: needs (libraries of Watchword), qt (modules), packages (of CMake), and for pkg-config
# requires, requires_private, libs_private.
macro(watchword_describe_library name)
    foreach(fact needs qt packages requires requires_private libs_private)
        set(${fact} "")
    endforeach()
    get_target_property(links Watchword${name} INTERFACE_LINK_LIBRARIES)
    foreach(link IN LISTS links)
        if(link MATCHES "BUILD_INTERFACE")
            continue()
        endif()
        set(list requires)
        if(link MATCHES "LINK_ONLY") # a static library's private libraries: others link them but do not see their headers
            set(list requires_private)
        endif()
        string(REGEX REPLACE "\\$<(LINK_ONLY|INSTALL_INTERFACE):|>" "" link "${link}")
        if(link MATCHES "^Watchword::(.+)$")
            list(APPEND needs ${CMAKE_MATCH_1})
            list(APPEND ${list} Watchword${CMAKE_MATCH_1})
        elseif(link MATCHES "^Qt6::(.+)$")
            list(APPEND qt ${CMAKE_MATCH_1})
            list(APPEND ${list} Qt6${CMAKE_MATCH_1})
        elseif(DEFINED watchword_module_${link} OR DEFINED watchword_flag_${link})
            list(APPEND packages ${watchword_package_${link}})
            list(APPEND ${list} ${watchword_module_${link}})
            list(APPEND libs_private ${watchword_flag_${link}})
        else()
            message(FATAL_ERROR "Watchword${name} links ${link}: say in WatchwordInstall.cmake how others find it")
        endif()
    endforeach()
endmacro()

function(watchword_install_pkgconfig name)
    watchword_describe_library(${name})
    string(TOUPPER ${name} upper)
    set(static_define "")
    if(NOT BUILD_SHARED_LIBS)
        set(static_define " -DWATCHWORD_${upper}_STATIC_DEFINE")
    endif()
    set(libs "")
    # What a static library links its user always has to link too, so that nobody has to say --static, which would ask the same of
    # the system's libraries: those of OpenSSL are there without all that they were built with.
    if(NOT BUILD_SHARED_LIBS)
        list(APPEND requires ${requires_private})
        set(requires_private "")
        set(libs " ${libs_private}")
        set(libs_private "")
    endif()
    foreach(list requires requires_private libs libs_private)
        list(JOIN ${list} " " ${list})
    endforeach()
    file(RELATIVE_PATH to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
    string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/pkgconfig/Watchword${name}.pc" @ONLY CONTENT
"prefix=\${pcfiledir}/@to_prefix@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: Watchword @name@
Description: @PROJECT_DESCRIPTION@ (C++20)
URL: https://watchword.dev
Version: @PROJECT_VERSION@
Requires: @requires@
Requires.private: @requires_private@
Libs: -L\${libdir} -lWatchword@name@@libs@
Libs.private: @libs_private@
Cflags: -I\${includedir}@static_define@
")
    install(FILES "${PROJECT_BINARY_DIR}/pkgconfig/Watchword${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT dev)
endfunction()

# watchword_install_package(): find_package(Watchword COMPONENTS ..) and pkg-config for all libraries that were added.
function(watchword_install_package)
    if(NOT WATCHWORD_INSTALL)
        return()
    endif()
    get_property(components GLOBAL PROPERTY WATCHWORD_COMPONENTS)
    set(facts "")
    foreach(name IN LISTS components) # in the order of dependency: what a library needs has been described before it
        watchword_describe_library(${name})
        foreach(other IN LISTS needs)
            list(APPEND qt ${${other}_qt})
            list(APPEND packages ${${other}_packages})
        endforeach()
        list(REMOVE_DUPLICATES qt)
        list(REMOVE_DUPLICATES packages)
        set(${name}_qt ${qt})
        set(${name}_packages ${packages})
        string(APPEND facts "set(watchword_${name}_qt \"${qt}\")\nset(watchword_${name}_packages \"${packages}\")\n")
        watchword_install_pkgconfig(${name})
    endforeach()
    set(dir ${CMAKE_INSTALL_LIBDIR}/cmake/Watchword)
    configure_package_config_file("${PROJECT_SOURCE_DIR}/sdk/cmake/WatchwordConfig.cmake.in"
        "${PROJECT_BINARY_DIR}/WatchwordConfig.cmake" INSTALL_DESTINATION ${dir})
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/WatchwordConfigVersion.cmake"
        COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/WatchwordConfig.cmake" "${PROJECT_BINARY_DIR}/WatchwordConfigVersion.cmake"
        DESTINATION ${dir} COMPONENT dev)
    install(EXPORT WatchwordTargets NAMESPACE Watchword:: DESTINATION ${dir} COMPONENT dev)
endfunction()
