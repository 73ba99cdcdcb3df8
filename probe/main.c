/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmonc: captures, classifies and meters the flows of one link, and sends their records to a collector. */
#include "lib/log.h"
#include "probe/endpoint.h"
#include "probe/options.h"
#include "probe/run.h"
#include "probe/sandbox.h"

int
main(int argc, char **argv)
{
	struct options options;

	log_init("netmonc", LOG_LEVEL_WARN);
	options_parse(argc, (const char *const *)argv, &options);
	if (options.verbose)
		log_set_level(options.verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	int status = 1;
	if (options.check)
		status = run_check(&options);
	else if (options.endpoint)
		status = endpoint_explain(&options);
	else if (sandbox_reach(&options) == 0)
		status = run_probe(&options);
	options_free(&options);
	return status;
}
