// SPDX-License-Identifier: Apache-2.0
#pragma once

/*!
    \file
    WATCHWORD_TEST_EXPORT stands at classes and functions of private headers that tests use. A shared library that is built
    together with its tests exports them; CMake then says so on the command line. All other builds keep them inside: they have
    no place in the binary interface of an installed library. This header is not installed.
*/
#ifndef WATCHWORD_TEST_EXPORT
#define WATCHWORD_TEST_EXPORT
#endif
