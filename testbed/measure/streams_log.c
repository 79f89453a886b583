// SPDX-License-Identifier: Apache-2.0
/*
 * The log of `baton traffic serve|call`: a line "r STREAM NS" for each arrival, CLOCK_REALTIME, and
 * at the end "e STREAM SENT RECEIVED ENDED WRONG ERROR" for each stream.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/measure/streams.h"

static void add(struct streams_log *log, unsigned stream, unsigned long long ns)
{
	if ((log->count & (log->count - 1)) == 0) {
		size_t room = log->count ? 2 * log->count : 1;
		log->arrivals = realloc(log->arrivals, room * sizeof(*log->arrivals));
		if (!log->arrivals)
			abort();
	}
	log->arrivals[log->count++] = (struct stream_arrival){ (double)ns / 1e9, stream };
}

static bool take_line(struct streams_log *log, const char *line)
{
	struct stream_end end = { 0 };
	unsigned long long ns, sent, received;
	unsigned stream;
	int ended, wrong, at = 0;

	if (sscanf(line, "r %u %llu%n", &stream, &ns, &at) == 2 && stream < STREAMS_MAX &&
		line[at] == '\n') {
		add(log, stream, ns);
		return true;
	}
	if (sscanf(line, "e %u %llu %llu %d %d %31s%n", &stream, &sent, &received, &ended, &wrong,
		    end.error, &at) != 6 ||
		stream >= STREAMS_MAX || line[at] != '\n')
		return false;
	if (strcmp(end.error, "-") == 0)
		end.error[0] = '\0';
	end.sent = sent;
	end.received = received;
	end.ended = ended != 0;
	end.wrong = wrong != 0;
	log->ends[stream] = end;
	return true;
}

int streams_log_read(const char *path, struct streams_log *log, struct report_error *error)
{
	FILE *file = fopen(path, "re");
	char line[256];
	unsigned number = 0;

	*log = (struct streams_log){ 0 };
	if (!file) {
		snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!take_line(log, line)) {
			snprintf(error->text, sizeof(error->text),
				"%s:%u: not a line of baton traffic; \"r STREAM NS\" or the account of "
				"a stream",
				path, number);
			fclose(file);
			streams_log_free(log);
			return -1;
		}
	}
	fclose(file);
	return 0;
}

void streams_log_free(struct streams_log *log)
{
	free(log->arrivals);
	*log = (struct streams_log){ 0 };
}
