/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A library of another release, as the test of the ABI wants it. */
#include <stdint.h>

uint32_t polyai_abi_oldest(void)
{
    return 900;
}

uint32_t polyai_abi_newest(void)
{
    return 901;
}
