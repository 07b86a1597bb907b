/* Backtraces, by the unwinder where the ported files brought one; without it there are no frames. */
#include "wfx.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct _Unwind_Context;
typedef int (*walk_function)(int (*)(struct _Unwind_Context *, void *), void *);
typedef uintptr_t (*address_function)(struct _Unwind_Context *);
struct trace { void **to; int size, count; address_function address; };
static int one_frame(struct _Unwind_Context *context, void *with)
{
	struct trace *trace = with;
	/* The first frame is wfx_backtrace's own. */
	if (trace->count >= 0) trace->to[trace->count] = (void *)trace->address(context);
	return ++trace->count == trace->size ? 5 /* _URC_END_OF_STACK */ : 0;
}
int WFX(backtrace)(void **to, int size)
{
	const void *caller = __builtin_return_address(0);
	walk_function walk = size > 0 ? (walk_function)wfx_unwinder("_Unwind_Backtrace", caller) : 0;
	struct trace trace = { to, size, -1, walk ? (address_function)wfx_unwinder("_Unwind_GetIP", caller) : 0 };
	if (!trace.address) return 0;
	walk(one_frame, &trace);
	return trace.count < 0 ? 0 : trace.count;
}
static int describe(char *to, size_t size, void *address)
{
	Dl_info info;
	if (!dladdr(address, &info) || !info.dli_fname) return snprintf(to, size, "[%#lx]", (unsigned long)address);
	if (!info.dli_sname) return snprintf(to, size, "%s(+%#lx) [%#lx]", info.dli_fname, (unsigned long)address - (unsigned long)info.dli_fbase, (unsigned long)address);
	return snprintf(to, size, "%s(%s+%#lx) [%#lx]", info.dli_fname, info.dli_sname, (unsigned long)address - (unsigned long)info.dli_saddr, (unsigned long)address);
}
char **WFX(backtrace_symbols)(void *const *from, int count)
{
	size_t bytes = (size_t)count * sizeof(char *);
	for (int i = 0; i < count; i++) bytes += (size_t)describe(0, 0, from[i]) + 1;
	char **all = malloc(bytes), *to = (char *)(all + count);
	if (!all) return 0;
	for (int i = 0; i < count; i++) {
		all[i] = to;
		to += describe(to, bytes - (size_t)(to - (char *)all), from[i]) + 1;
	}
	return all;
}
void WFX(backtrace_symbols_fd)(void *const *from, int count, int fd)
{
	char line[1024];
	for (int i = 0; i < count; i++) {
		int size = describe(line, sizeof line - 1, from[i]);
		if (size > (int)sizeof line - 2) size = (int)sizeof line - 2;
		line[size] = '\n';
		if (write(fd, line, (size_t)size + 1) < 0) return;
	}
}
