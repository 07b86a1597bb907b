/* same: flags -fno-exceptions */
/* C's clean-up handlers, compiled as glibc's headers have them, on pthread_exit. */
#include "planted.h"
#include <pthread.h>
static void handler(void *what) { say("handler %s\n", (char *)what); }
static void *work(void *unused)
{
	pthread_cleanup_push(handler, "outer");
	pthread_cleanup_push(handler, "inner");
	pthread_cleanup_push(handler, "popped");
	pthread_cleanup_pop(1);
	pthread_cleanup_push(handler, "never");
	pthread_cleanup_pop(0);
	pthread_exit("left");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return 0;
}
RUN
{
	pthread_t thread;
	void *result;
	pthread_create(&thread, 0, work, 0);
	pthread_join(thread, &result);
	say("%s\n", (char *)result);
	DONE;
}
