/* same */
#include "planted.h"
#include <pthread.h>
#include <sched.h>
static void *look(void *to) { sched_getaffinity(0, sizeof(cpu_set_t), to); return 0; }
RUN
{
	cpu_set_t one, got;
	pthread_attr_t attr;
	pthread_t thread;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	pthread_attr_init(&attr);
	say("%d\n", pthread_attr_setaffinity_np(&attr, sizeof one, &one));
	CPU_ZERO(&got);
	say("%d ", pthread_attr_getaffinity_np(&attr, sizeof got, &got));
	say("%d\n", CPU_COUNT(&got));
	pthread_create(&thread, &attr, look, &got);
	pthread_join(thread, 0);
	say("count %d\n", CPU_COUNT(&got));
	say("%d\n", pthread_attr_destroy(&attr));
	DONE;
}
