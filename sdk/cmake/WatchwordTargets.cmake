# SPDX-License-Identifier: Apache-2.0
# How every target of the project is made: one call for a library, a program or a test.
include_guard(GLOBAL)
include(GNUInstallDirs)
include(GenerateExportHeader)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
set(CMAKE_AUTOMOC ON)
set(CMAKE_AUTORCC ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# What every target of ours compiles with; BUILD_INTERFACE keeps it out of the installed package.
add_library(watchword_build_flags INTERFACE)
target_compile_definitions(watchword_build_flags INTERFACE
    QT_NO_KEYWORDS QT_NO_FOREACH QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_URL_CAST_FROM_STRING
    QT_NO_CAST_FROM_BYTEARRAY QT_NO_NARROWING_CONVERSIONS_IN_CONNECT QT_NO_CONTEXTLESS_CONNECT
    QT_DISABLE_DEPRECATED_BEFORE=0x060400)
if(Qt6Core_VERSION VERSION_GREATER_EQUAL 6.5)
    # What is deprecated later often has no replacement in 6.4 yet.
    target_compile_definitions(watchword_build_flags INTERFACE QT_WARN_DEPRECATED_UP_TO=0x060400)
    # Older ones ask for -fPIC themselves. Programs and libraries can share precompiled headers only if both have it.
    set(CMAKE_CXX_COMPILE_OPTIONS_PIE "${CMAKE_CXX_COMPILE_OPTIONS_PIC}")
endif()
# Only a shared library that is built with its tests exports what they use of its inside, see watchword/core/testexport.h.
if(BUILD_SHARED_LIBS AND (WATCHWORD_BUILD_TESTS OR WATCHWORD_BUILD_BENCH OR WATCHWORD_BUILD_FUZZERS))
    target_compile_definitions(watchword_build_flags INTERFACE
        WATCHWORD_TEST_EXPORT=$<IF:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>,Q_DECL_EXPORT,Q_DECL_IMPORT>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(watchword_build_flags INTERFACE
        -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wimplicit-fallthrough)
    # GCC 12 sees uninitialised members in std::variant and std::optional where there are none, more so with sanitizers.
    target_compile_options(watchword_build_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    if(WATCHWORD_WERROR)
        target_compile_options(watchword_build_flags INTERFACE -Werror)
    endif()
    if(WATCHWORD_BUILD_FUZZERS)
        add_compile_options(-fsanitize=fuzzer-no-link) # the libraries are what has to be explored
    endif()
    if(WATCHWORD_SANITIZE)
        add_compile_options(-fsanitize=${WATCHWORD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
        add_link_options(-fsanitize=${WATCHWORD_SANITIZE})
    endif()
endif()

# Some hundred programs are linked for the tests; mold takes a fifth of the time of GNU ld for each.
option(WATCHWORD_MOLD "Link with mold where it is installed" OFF)
find_program(WATCHWORD_MOLD_PROGRAM mold)
if(WATCHWORD_MOLD AND WATCHWORD_MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
endif()

# Most of the time of a build goes into Qt's headers: they are read once, and shared by all targets that link QtNetwork.
# The sources still include what they use; the presets "shared" and "tidy" build without it and prove that.
option(WATCHWORD_PRECOMPILE "Share precompiled Qt headers between the targets" OFF)
if(WATCHWORD_PRECOMPILE)
    find_package(Qt6 6.4 REQUIRED COMPONENTS Core Network)
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled.cpp" CONTENT "") # touched only if it is new
    add_library(watchword_precompiled OBJECT "${PROJECT_BINARY_DIR}/precompiled.cpp")
    set_target_properties(watchword_precompiled PROPERTIES AUTOMOC OFF)
    target_link_libraries(watchword_precompiled PRIVATE Qt6::Core Qt6::Network watchword_build_flags)
    target_precompile_headers(watchword_precompiled PRIVATE
        <QByteArray> <QDateTime> <QDebug> <QFuture> <QHash> <QJsonArray> <QJsonDocument> <QJsonObject> <QList>
        <QLoggingCategory> <QMap> <QMetaEnum> <QNetworkAccessManager> <QNetworkReply> <QObject> <QPointer> <QPromise>
        <QSslConfiguration> <QSslSocket> <QString> <QTimer> <QUrl>
        <algorithm> <chrono> <functional> <memory> <optional> <variant>)
endif()
function(watchword_precompile target)
    if(WATCHWORD_PRECOMPILE)
        target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:Qt6::Network>)
        target_precompile_headers(${target} REUSE_FROM watchword_precompiled)
    endif()
endfunction()

# Half of what is left goes into the same templates, once for each source: several sources of a library are compiled as one.
# They still are files of their own, which the presets "shared" and "tidy" prove; a name in an anonymous namespace is unique in its library.
option(WATCHWORD_UNITY "Compile several sources of a library together" OFF)
function(watchword_unite target)
    if(WATCHWORD_UNITY)
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
        # It takes the classes of the sources for those of a header.
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    endif()
endfunction()

# Installed programs and libraries find the shared libraries beside them, wherever the whole is moved to.
# watchword_find_beside(target FOLDER): the folder that it is installed to, relative to the prefix.
function(watchword_find_beside target folder)
    if(BUILD_SHARED_LIBS AND UNIX)
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE OUTPUT_VARIABLE from)
        file(RELATIVE_PATH path "${from}" "${CMAKE_INSTALL_FULL_LIBDIR}")
        set_target_properties(${target} PROPERTIES INSTALL_RPATH "$<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>/${path}")
    endif()
endfunction()

# watchword_add_subdirectories(FOLDER...): adds each folder; one that is missing is an error.
macro(watchword_add_subdirectories)
    foreach(folder ${ARGN})
        add_subdirectory(${folder})
    endforeach()
endmacro()

# watchword_add_library(Core SOURCES .. PUBLIC_HEADERS .. PUBLIC_LINK .. PRIVATE_LINK ..)
#   makes target WatchwordCore = Watchword::Core from the calling folder, with include/ as its only public root,
#   installs and exports it, and verifies that each public header compiles alone.
function(watchword_add_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC_HEADERS;PUBLIC_LINK;PRIVATE_LINK" ${ARGN})
    string(TOLOWER ${name} lower)
    string(TOUPPER ${name} upper)
    set(target Watchword${name})
    add_library(${target} ${ARG_SOURCES})
    add_library(Watchword::${name} ALIAS ${target})
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name} OUTPUT_NAME Watchword${name}
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
        VERIFY_INTERFACE_HEADER_SETS ON)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/include/watchword/${lower}/export.h")
    generate_export_header(${target} BASE_NAME WATCHWORD_${upper} EXPORT_FILE_NAME ${generated})
    target_sources(${target} PUBLIC FILE_SET HEADERS
        BASE_DIRS "${CMAKE_CURRENT_SOURCE_DIR}/include" "${CMAKE_CURRENT_BINARY_DIR}/include"
        FILES ${ARG_PUBLIC_HEADERS} ${generated})
    # AUTOMOC looks only at sources, so the public headers with Q_OBJECT are named once more here.
    target_sources(${target} PRIVATE ${ARG_PUBLIC_HEADERS})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC ${ARG_PUBLIC_LINK}
        PRIVATE ${ARG_PRIVATE_LINK} $<BUILD_INTERFACE:watchword_build_flags>)
    watchword_unite(${target})
    if(NOT name STREQUAL Core AND NOT name STREQUAL Jose)
        watchword_precompile(${target})
    endif()
    if(NOT BUILD_SHARED_LIBS)
        target_compile_definitions(${target} PUBLIC WATCHWORD_${upper}_STATIC_DEFINE)
    endif()
    set_property(GLOBAL APPEND PROPERTY WATCHWORD_LIBRARY_FOLDERS "${CMAKE_CURRENT_BINARY_DIR}")
    set_property(GLOBAL APPEND PROPERTY WATCHWORD_COMPONENTS ${name})
    if(NOT WATCHWORD_INSTALL)
        return()
    endif()
    watchword_find_beside(${target} "${CMAKE_INSTALL_LIBDIR}")
    install(TARGETS ${target} EXPORT WatchwordTargets COMPONENT dev
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT dev
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
endfunction()

# watchword_add_internal_library(name SOURCES .. LINK ..): a static library of one program, never installed.
# Its include root is the include/ folder beside the caller, or the folder itself when there is none.
function(watchword_add_internal_library target)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
    add_library(${target} STATIC ${ARG_SOURCES})
    if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/include")
        target_include_directories(${target} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include"
            PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    else()
        target_include_directories(${target} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
    target_link_libraries(${target} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK} watchword_build_flags)
    watchword_unite(${target})
    if(NOT target STREQUAL monitor_store)
        watchword_precompile(${target})
    endif()
endfunction()

# watchword_add_program(name COMPONENT gateway SOURCES .. LINK ..)
function(watchword_add_program name)
    cmake_parse_arguments(ARG "" "COMPONENT" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINK} watchword_build_flags)
    watchword_unite(${name})
    watchword_precompile(${name})
    target_compile_definitions(${name} PRIVATE WATCHWORD_VERSION="${PROJECT_VERSION}")
    watchword_find_beside(${name} "${CMAKE_INSTALL_BINDIR}")
    set_target_properties(${name} PROPERTIES WATCHWORD_COMPONENT "${ARG_COMPONENT}")
    if(WATCHWORD_INSTALL)
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${ARG_COMPONENT})
    endif()
endfunction()

# Moc for a target whose sources are few and known when CMake runs. AUTOMOC costs each target a scan, a run of the
# preprocessor and one more compilation, which for a hundred test programs is a fifth of the whole build. A file that
# gets its first Q_OBJECT or .moc later needs CMake to run again.
function(watchword_moc target)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_moc")
    foreach(source ${ARGN})
        cmake_path(ABSOLUTE_PATH source NORMALIZE OUTPUT_VARIABLE path)
        cmake_path(GET path STEM stem)
        if(source MATCHES "\\.h$")
            set(sign "^ *Q_(OBJECT|GADGET|NAMESPACE)")
            set(output "${folder}/moc_${stem}.cpp")
        else()
            set(sign "^#include \"${stem}\\.moc\"")
            set(output "${folder}/${stem}.moc")
        endif()
        file(STRINGS "${path}" found REGEX "${sign}")
        if(found)
            qt6_generate_moc("${path}" "${output}" TARGET ${target})
            target_sources(${target} PRIVATE "${output}")
        endif()
    endforeach()
    target_include_directories(${target} PRIVATE "${folder}")
    set_target_properties(${target} PROPERTIES AUTOMOC OFF)
endfunction()

# watchword_add_test(tst_name LABEL unit SOURCES .. LINK .. [TIMEOUT seconds] [WRAPPER command..])
#   one program = one ctest entry "<label>.tst_name".
function(watchword_add_test name)
    cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINK;WRAPPER;ENVIRONMENT" ${ARGN})
    if(NOT ARG_SOURCES)
        set(ARG_SOURCES ${name}.cpp)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    if(WATCHWORD_SANITIZE)
        math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 4") # sanitized code is that much slower
    endif()
    add_executable(${name} ${ARG_SOURCES})
    watchword_moc(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_link_libraries(${name} PRIVATE ${ARG_LINK} watchword_test_support Qt6::Test watchword_build_flags)
    watchword_precompile(${name})
    if(NOT TARGET watchword_tests_${ARG_LABEL})
        add_custom_target(watchword_tests_${ARG_LABEL})
    endif()
    add_dependencies(watchword_tests_${ARG_LABEL} ${name})
    add_test(NAME ${ARG_LABEL}.${name} COMMAND ${ARG_WRAPPER} $<TARGET_FILE:${name}>)
    set_tests_properties(${ARG_LABEL}.${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
        ENVIRONMENT "QT_QPA_PLATFORM=offscreen;${ARG_ENVIRONMENT}")
endfunction()

# watchword_add_fuzzer(fuzz_name SOURCES .. LINK ..): a libFuzzer target; its seeds lie in corpus/<name>/.
function(watchword_add_fuzzer name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    if(NOT ARG_SOURCES)
        set(ARG_SOURCES ${name}.cpp)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${ARG_LINK} watchword_build_flags)
endfunction()
