// SPDX-License-Identifier: Apache-2.0
#include "ref/ar/ar_program.h"

int main(int argc, char **argv)
{
	return program_main(&ar_program, argc, argv);
}
