/* same */
/* Weak names that nobody has stay null; those that glibc has are there. */
#include "planted.h"
#include <pthread.h>
extern int __pthread_key_create(pthread_key_t *, void (*)(void *)) __attribute__((weak));
extern void _ITM_registerTMCloneTable(void) __attribute__((weak)), nobody_has_this(void) __attribute__((weak)), mallctl(void) __attribute__((weak));
RUN
{
	say("%d %d %d %d\n", __pthread_key_create != 0, _ITM_registerTMCloneTable != 0, nobody_has_this != 0, mallctl != 0);
	DONE;
}
