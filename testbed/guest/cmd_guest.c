// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/guest/cmd.h"
#include "testbed/guest/guest.h"
#include "testbed/guest/hoard.h"
#include "testbed/guest/tool.h"

#define USAGE_STATUS 2

static const char usage[] =
	"usage: baton guest [OPTION]... -- COMMAND [ARGUMENT]...\n"
	"\n"
	"Runs COMMAND in a guest: Debian's stock kernel under QEMU on this machine's files, which\n"
	"the guest can read but not change. Its exit status is COMMAND's; 123: the guest\n"
	"died under it; 124: the time was over; 125: no guest.\n"
	"\n"
	"  --clock virtual|real  time: an instruction a nanosecond, or as outside (default: real)\n"
	"  --memory MB           of the guest (default: 1024)\n"
	"  --timeout SECONDS     ends the guest after that time (default: never)\n"
	"  --results FOLDER      the one folder that the guest can write to; BATON_RESULTS in it\n"
	"  --timings             how long each phase took\n"
	"  --verbose             the guest kernel's messages\n";

enum {
	OPT_CLOCK = 1,
	OPT_MEMORY,
	OPT_TIMEOUT,
	OPT_RESULTS,
	OPT_TIMINGS,
	OPT_VERBOSE,
	OPT_HOARD,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "clock", required_argument, NULL, OPT_CLOCK },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "results", required_argument, NULL, OPT_RESULTS },
	{ "timings", no_argument, NULL, OPT_TIMINGS },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "hoard", no_argument, NULL, OPT_HOARD }, /* what init.sh starts, inside */
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* A whole number between the bounds. 0, or -1 after a message. */
static int number(const char *option, const char *text, unsigned min, unsigned max, unsigned *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max)
		return tool_complain("%s %s: must be a whole number from %u to %u", option, text,
			min, max);
	*out = (unsigned)value;
	return 0;
}

static int clock_of(const char *text, enum guest_clock *clock)
{
	if (strcmp(text, "virtual") == 0)
		*clock = GUEST_CLOCK_VIRTUAL;
	else if (strcmp(text, "real") == 0)
		*clock = GUEST_CLOCK_REAL;
	else
		return tool_complain("--clock %s: must be virtual or real", text);
	return 0;
}

static int take_option(struct guest_options *o, int option)
{
	switch (option) {
	case OPT_CLOCK:
		return clock_of(optarg, &o->clock);
	case OPT_MEMORY:
		return number("--memory", optarg, 256, 1048576, &o->memory);
	case OPT_TIMEOUT:
		return number("--timeout", optarg, 1, 1000000, &o->timeout);
	case OPT_RESULTS:
		o->results = optarg;
		return 0;
	case OPT_TIMINGS:
		o->timings = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	}
	return -1;
}

int cmd_guest(int argc, char **argv)
{
	struct guest_options options = { .clock = GUEST_CLOCK_REAL };
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (option == OPT_HOARD && guest_inside())
			return hoard_run();
		if (take_option(&options, option) != 0)
			return USAGE_STATUS;
	}
	if (optind == argc) {
		tool_complain("guest: no command; write 'baton guest -- COMMAND'");
		return USAGE_STATUS;
	}
	return guest_run(&options, argv + optind);
}
