/* same */
/* The main thread's stack is what it may grow to. */
#include "planted.h"
#include <pthread.h>
RUN
{
	pthread_attr_t attr;
	void *low;
	size_t size;
	say("%d\n", pthread_getattr_np(pthread_self(), &attr));
	pthread_attr_getstack(&attr, &low, &size);
	say("large %d, here inside %d\n", size >= 7u << 20, (char *)&attr > (char *)low && (char *)&attr < (char *)low + size);
	DONE;
}
