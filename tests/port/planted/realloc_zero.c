/* same */
#include "planted.h"
#include <malloc.h>
#include <stdlib.h>
#include <errno.h>
RUN
{
	volatile size_t none = 0;
	char *volatile block = malloc(10);
	say("%d\n", realloc(block, none) == 0);
	block = malloc(10);
	say("%d\n", reallocarray(block, none, 4) == 0);
	say("%d\n", realloc(0, none) != 0);
	errno = 0;
	say("%d\n", reallocarray(0, (size_t)-1, 4) == 0);
	say("%d\n", errno == ENOMEM);
	void *odd = memalign(48, 100);
	say("%d %d\n", odd != 0, (int)((unsigned long)odd % 16));
	say("%d\n", malloc_usable_size(odd) >= 100);
	say("%d %d\n", pvalloc(5) != 0, valloc(5) != 0);
	void *aligned = 0;
	say("%d\n", posix_memalign(&aligned, 24, 10) == EINVAL);
	DONE;
}
