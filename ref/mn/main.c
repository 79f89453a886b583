// SPDX-License-Identifier: Apache-2.0
#include "ref/mn/mn_program.h"

int main(int argc, char **argv)
{
	return program_main(&mn_program, argc, argv);
}
