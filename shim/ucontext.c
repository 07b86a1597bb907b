/* makecontext over glibc's ucontext_t; the rest is in ucontext.S. */
#include "wfx.h"
#include <stdlib.h>

void wfx_context_end(void);
int wfx_setcontext(const void *context);

/* The head that all machines share. */
struct context { unsigned long flags; struct context *link; void *stack; int stack_flags; size_t stack_size; };

__attribute__((visibility("hidden"))) void wfx_context_over(struct context *link)
{
	if (link) wfx_setcontext(link);
	exit(0);
}

/* The words of the registers for arguments, in order, and of those that a start needs. */
#if defined(__x86_64__)
static const int argument[] = { 104, 112, 136, 152, 40, 48 };
enum { ARGUMENTS = 6, STACK = 160, START = 168, LINK = 128, BACK = 0 };
#elif defined(__aarch64__)
static const int argument[] = { 184, 192, 200, 208, 216, 224, 232, 240 };
enum { ARGUMENTS = 8, STACK = 432, START = 440, LINK = 184 + 19 * 8, BACK = 184 + 30 * 8 };
#elif defined(__riscv)
static const int argument[] = { 256, 264, 272, 280, 288, 296, 304, 312 };
enum { ARGUMENTS = 8, STACK = 176 + 2 * 8, START = 176, LINK = 176 + 9 * 8, BACK = 176 + 8 };
#endif

static void put(struct context *context, int at, uintptr_t value) { *(uintptr_t *)(void *)((char *)context + at) = value; }

void WFX(makecontext)(struct context *context, void (*function)(void), int count, ...)
{
	uintptr_t top = (uintptr_t)context->stack + context->stack_size, *stack;
	int more = count > ARGUMENTS ? count - ARGUMENTS : 0;
	va_list rest;
	stack = (uintptr_t *)((top - (uintptr_t)more * 8) & -16ul);
	va_start(rest, count);
	for (int i = 0; i < count; i++) {
		/* Whole words: callers pass pointers here although the standard speaks of int. */
		uintptr_t value = va_arg(rest, uintptr_t);
		if (i < ARGUMENTS) put(context, argument[i], value);
		else stack[i - ARGUMENTS] = value;
	}
	va_end(rest);
	/* On x86-64 the return address lies on the stack. */
	if (!BACK) *--stack = (uintptr_t)wfx_context_end;
	else put(context, BACK, (uintptr_t)wfx_context_end);
	put(context, STACK, (uintptr_t)stack);
	put(context, START, (uintptr_t)function);
	put(context, LINK, (uintptr_t)context->link);
}
