/* same */
/* A thread without attributes has glibc's stack: 3 MiB of it are used. */
#include "planted.h"
#include <pthread.h>
#include <threads.h>
static void *deep(void *unused)
{
	volatile char block[3 << 20];
	for (size_t i = 0; i < sizeof block; i += 4096) block[i] = 1;
	return (void *)(long)block[4096];
}
static int deep11(void *unused) { return (int)(long)deep(unused) + 41; }
RUN
{
	pthread_t thread;
	pthread_attr_t attr;
	void *result;
	size_t size;
	thrd_t other;
	int code;
	say("create %d\n", pthread_create(&thread, 0, deep, 0));
	pthread_join(thread, &result);
	say("result %ld\n", (long)result);
	pthread_attr_init(&attr);
	pthread_attr_getstacksize(&attr, &size);
	say("default %zu\n", size >> 20);
	say("create %d\n", pthread_create(&thread, &attr, deep, 0));
	pthread_join(thread, &result);
	say("result %ld\n", (long)result);
	say("thrd %d\n", thrd_create(&other, deep11, 0));
	thrd_join(other, &code);
	say("code %d\n", code);
	pthread_getattr_default_np(&attr);
	pthread_attr_getstacksize(&attr, &size);
	say("default %zu\n", size >> 20);
	DONE;
}
