/* same */
#include "planted.h"
#include <sched.h>
RUN
{
	struct sched_param param = { 7 };
	say("%d %d ", sched_getscheduler(0), sched_getparam(0, &param));
	say("%d\n", param.sched_priority);
	param.sched_priority = 0;
	say("%d\n", sched_setscheduler(0, SCHED_BATCH, &param));
	say("%d\n", sched_getscheduler(0));
	say("%d\n", sched_setparam(0, &param));
	DONE;
}
