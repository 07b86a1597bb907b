/* same */
#include "planted.h"
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
/* An allocator that takes memory from the program break where it can, and maps some where not. */
static char *more(size_t size)
{
	char *at = sbrk((intptr_t)size);
	if (at == (char *)-1) at = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at;
}
RUN {
	say("%d\n", sbrk(0) != (void *)-1 && sbrk(0) == sbrk(0));
	char *at = more(1 << 20);
	memset(at, 7, 1 << 20);
	say("%d %d\n", at[0], at[(1 << 20) - 1]);
	errno = 0;
	say("%d %d\n", sbrk((intptr_t)1 << 60) == (void *)-1, errno == ENOMEM);
	DONE;
}
