/* same */
/* Static initialisers with a kind: recursive, error checking, adaptive. */
#include "planted.h"
#include <errno.h>
#include <pthread.h>
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
	adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, plain = PTHREAD_MUTEX_INITIALIZER, made;
#define TRY(call) say("%s: %d\n", #call, call)
RUN
{
	TRY(pthread_mutex_lock(&recursive));
	TRY(pthread_mutex_trylock(&recursive));
	TRY(pthread_mutex_unlock(&recursive));
	TRY(pthread_mutex_unlock(&recursive));
	TRY(pthread_mutex_unlock(&recursive));
	TRY(pthread_mutex_lock(&checking));
	TRY(pthread_mutex_lock(&checking));
	TRY(pthread_mutex_unlock(&checking));
	TRY(pthread_mutex_unlock(&checking));
	TRY(pthread_mutex_trylock(&adaptive));
	TRY(pthread_mutex_trylock(&adaptive));
	TRY(pthread_mutex_unlock(&adaptive));
	TRY(pthread_mutex_lock(&plain));
	TRY(pthread_mutex_trylock(&plain));
	TRY(pthread_mutex_unlock(&plain));
	pthread_mutexattr_t attr;
	TRY(pthread_mutexattr_init(&attr));
	TRY(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP));
	TRY(pthread_mutex_init(&made, &attr));
	TRY(pthread_mutex_lock(&made));
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec at = { 1, 0 };
	TRY(pthread_mutex_lock(&recursive));
	TRY(pthread_cond_timedwait(&cond, &recursive, &at));
	TRY(pthread_mutex_timedlock(&checking, &at));
	TRY(pthread_mutex_timedlock(&made, &at));
	DONE;
}
