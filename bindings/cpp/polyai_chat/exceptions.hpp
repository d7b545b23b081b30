/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/* Whether the program is compiled with exceptions. Part of polyai_chat.hpp: include that, which takes these names back. */

#ifndef POLYAI_CPP_EXCEPTIONS

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define POLYAI_CPP_EXCEPTIONS 1
#else
#define POLYAI_CPP_EXCEPTIONS 0
#endif

/* A program may have files with and without exceptions. Code that is compiled differently in the two needs two names for the linker. */
#if !POLYAI_CPP_EXCEPTIONS && defined(__GNUC__)
#define POLYAI_CPP_MODE __attribute__((abi_tag("no_exceptions")))
#else
#define POLYAI_CPP_MODE
#endif

#endif /* POLYAI_CPP_EXCEPTIONS */
