/* The allocator's edges. The heap itself is musl's. */
#include "wfx.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc frees at size 0 and answers null; musl keeps a block. */
void *WFX(realloc)(void *block, size_t size)
{
	if (block && !size) { free(block); return 0; }
	return realloc(block, size);
}
void *WFX(reallocarray)(void *block, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) { errno = ENOMEM; return 0; }
	return wfx_realloc(block, bytes);
}
WFX_ALIAS(__libc_realloc, realloc);

static size_t power_of_two(size_t at_least)
{
	size_t power = 16;
	while (power < at_least && power) power *= 2;
	return power;
}
/* glibc takes any alignment and rounds it up. */
void *WFX(memalign)(size_t alignment, size_t size)
{
	if (alignment > SIZE_MAX / 2 + 1) { errno = EINVAL; return 0; }
	return aligned_alloc(power_of_two(alignment), size);
}
WFX_ALIAS(__libc_memalign, memalign);
WFX_ALIAS(aligned_alloc, memalign);
void *WFX(__libc_valloc)(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }
void *WFX(pvalloc)(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (size > SIZE_MAX - page) { errno = ENOMEM; return 0; }
	return memalign(page, (size + page - 1) & -page);
}
WFX_ALIAS(__libc_pvalloc, pvalloc);
void WFX(free_sized)(void *block, size_t size) { (void)size; free(block); }
void WFX(free_aligned_sized)(void *block, size_t alignment, size_t size) { (void)alignment; (void)size; free(block); }

/* musl's allocator tells nothing and has nothing to tune: no numbers, nothing given back, not done. */
struct mallinfo { int words[10]; };
struct mallinfo2 { size_t words[10]; };
struct mallinfo WFX(mallinfo)(void) { return (struct mallinfo){ { 0 } }; }
struct mallinfo2 WFX(mallinfo2)(void) { return (struct mallinfo2){ { 0 } }; }
WFX_ALIAS(__libc_mallinfo, mallinfo);
int WFX(malloc_trim)(size_t pad) { (void)pad; return 0; }
int WFX(mallopt)(int option, int value) { (void)option; (void)value; return 0; }
WFX_ALIAS(__libc_mallopt, mallopt);
void WFX(malloc_stats)(void) { fputs("malloc_stats: not known of this allocator\n", stderr); }
