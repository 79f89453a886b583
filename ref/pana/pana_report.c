// SPDX-License-Identifier: Apache-2.0
#include "ref/pana/pana_report.h"

const char *pana_report_name(enum pana_report report)
{
	static const char *const names[] = {
#define X(symbol, name) [PANA_REPORT_##symbol] = name,
		PANA_REPORTS(X)
#undef X
	};
	return report < PANA_REPORT_COUNT ? names[report] : "?";
}

const char *pana_access_name(enum pana_access access)
{
	switch (access) {
	case PANA_UNAUTHORISED:
		return "unauthorised";
	case PANA_PREAUTHORISED:
		return "preauthorised";
	case PANA_AUTHORISED:
		return "authorised";
	case PANA_HOLDING:
		return "held";
	}
	return "?";
}

void pana_common_default(struct pana_common *common)
{
	*common = (struct pana_common){
		.prfs = { PANA_PRF_HMAC_SHA2_256, PANA_PRF_HMAC_SHA1 },
		.integrities = { PANA_AUTH_HMAC_SHA2_256_128, PANA_AUTH_HMAC_SHA1_160 },
		.nonce_size = 20,
		/* RFC 5191 §9.1 */
		.request = { .irt = BTIME_S, .mrt = 30 * BTIME_S, .mrc = 10 },
		.failed_timeout = 60 * BTIME_S,
		.ping_gap = BTIME_S,
		.linger = 35 * BTIME_S, /* REQ_MRT and a little more */
	};
}
