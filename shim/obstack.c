/* Obstacks: the functions behind the macros of glibc's <obstack.h>, whose structures these are. */
#include "wfx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk { char *limit; struct chunk *prev; char contents[4]; };
struct obstack {
	long chunk_size;
	struct chunk *chunk;
	char *object_base, *next_free, *chunk_limit;
	union { intptr_t number; void *pointer; } temp;
	int alignment_mask;
	union { void *(*plain)(long); void *(*extra)(void *, long); } allocate;
	union { void (*plain)(void *); void (*extra)(void *, void *); } release;
	void *extra_arg;
	unsigned use_extra_arg : 1, maybe_empty_object : 1, alloc_failed : 1;
};

int WFX(obstack_exit_failure) = 1;
static _Noreturn void failed(void)
{
	fputs("memory exhausted\n", stderr);
	exit(wfx_obstack_exit_failure);
}
void (*WFX(obstack_alloc_failed_handler))(void) = failed;

static struct chunk *get(struct obstack *stack, long size)
{
	struct chunk *chunk = stack->use_extra_arg ? stack->allocate.extra(stack->extra_arg, size) : stack->allocate.plain(size);
	if (!chunk) wfx_obstack_alloc_failed_handler();
	return chunk;
}
static void put(struct obstack *stack, struct chunk *chunk)
{
	if (stack->use_extra_arg) stack->release.extra(stack->extra_arg, chunk);
	else stack->release.plain(chunk);
}
static char *aligned(const struct obstack *stack, char *at)
{
	uintptr_t mask = (uintptr_t)stack->alignment_mask;
	return (char *)(((uintptr_t)at + mask) & ~mask);
}
static int begin(struct obstack *stack, int size, int alignment)
{
	stack->alignment_mask = (alignment ? alignment : 16) - 1;
	stack->chunk_size = size ? size : 4064;
	struct chunk *chunk = stack->chunk = get(stack, stack->chunk_size);
	stack->next_free = stack->object_base = aligned(stack, chunk->contents);
	stack->chunk_limit = chunk->limit = (char *)chunk + stack->chunk_size;
	chunk->prev = 0;
	stack->maybe_empty_object = 0;
	stack->alloc_failed = 0;
	return 1;
}
int WFX(_obstack_begin)(struct obstack *stack, int size, int alignment, void *(*allocate)(long), void (*release)(void *))
{
	stack->allocate.plain = allocate;
	stack->release.plain = release;
	stack->use_extra_arg = 0;
	return begin(stack, size, alignment);
}
int WFX(_obstack_begin_1)(struct obstack *stack, int size, int alignment, void *(*allocate)(void *, long), void (*release)(void *, void *), void *arg)
{
	stack->allocate.extra = allocate;
	stack->release.extra = release;
	stack->extra_arg = arg;
	stack->use_extra_arg = 1;
	return begin(stack, size, alignment);
}
/* A larger chunk, with the growing object moved into it. */
void WFX(_obstack_newchunk)(struct obstack *stack, int length)
{
	struct chunk *old = stack->chunk;
	long object = stack->next_free - stack->object_base;
	long size = object + length + (object >> 3) + stack->alignment_mask + 100;
	if (size < stack->chunk_size) size = stack->chunk_size;
	struct chunk *chunk = stack->chunk = get(stack, size);
	chunk->prev = old;
	chunk->limit = stack->chunk_limit = (char *)chunk + size;
	char *base = aligned(stack, chunk->contents);
	memcpy(base, stack->object_base, (size_t)object);
	/* The old one held nothing else: it goes. */
	if (!stack->maybe_empty_object && stack->object_base == aligned(stack, old->contents)) {
		chunk->prev = old->prev;
		put(stack, old);
	}
	stack->object_base = base;
	stack->next_free = base + object;
	stack->maybe_empty_object = 0;
}
int WFX(_obstack_allocated_p)(struct obstack *stack, void *object)
{
	struct chunk *at = stack->chunk;
	while (at && ((void *)at >= object || (void *)at->limit < object)) at = at->prev;
	return at != 0;
}
void WFX(obstack_free)(struct obstack *stack, void *object)
{
	struct chunk *at = stack->chunk;
	while (at && ((void *)at >= object || (void *)at->limit < object)) {
		struct chunk *before = at->prev;
		put(stack, at);
		at = before;
		stack->maybe_empty_object = 1;
	}
	if (at) {
		stack->object_base = stack->next_free = object;
		stack->chunk_limit = at->limit;
		stack->chunk = at;
	} else if (object) abort();
}
WFX_ALIAS(_obstack_free, obstack_free);
int WFX(_obstack_memory_used)(struct obstack *stack)
{
	long bytes = 0;
	for (struct chunk *at = stack->chunk; at; at = at->prev) bytes += at->limit - (char *)at;
	return (int)bytes;
}
static void grow(struct obstack *stack, const char *from, int length)
{
	if (stack->next_free + length > stack->chunk_limit) wfx__obstack_newchunk(stack, length);
	memcpy(stack->next_free, from, (size_t)length);
	stack->next_free += length;
}
int WFX(obstack_vprintf)(struct obstack *stack, const char *format, va_list args)
{
	char *text;
	int length = vasprintf(&text, format, args);
	if (length < 0) return length;
	grow(stack, text, length);
	free(text);
	return length;
}
int WFX(obstack_printf)(struct obstack *stack, const char *format, ...)
{
	va_list rest;
	va_start(rest, format);
	int length = wfx_obstack_vprintf(stack, format, rest);
	va_end(rest);
	return length;
}
int WFX(__obstack_vprintf_chk)(struct obstack *stack, int flag, const char *format, va_list args) { (void)flag; return wfx_obstack_vprintf(stack, format, args); }
int WFX(__obstack_printf_chk)(struct obstack *stack, int flag, const char *format, ...)
{
	(void)flag;
	va_list rest;
	va_start(rest, format);
	int length = wfx_obstack_vprintf(stack, format, rest);
	va_end(rest);
	return length;
}
