# SPDX-License-Identifier: Apache-2.0
# Run by CPack between installation and packing: man pages and changelogs are compressed, always with the same result.
file(GLOB_RECURSE files LIST_DIRECTORIES false "${CPACK_TEMPORARY_DIRECTORY}/*")
list(FILTER files INCLUDE REGEX "/share/(man/man[0-9]/[^/]+\\.[0-9]|doc/[^/]+/changelog(\\.Debian)?)$")
foreach(file ${files})
    execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
