// SPDX-License-Identifier: Apache-2.0
#include "ref/cn/cn_program.h"

int main(int argc, char **argv)
{
	return program_main(&cn_program, argc, argv);
}
