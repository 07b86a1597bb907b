/* same */
#include "planted.h"
#include <execinfo.h>
#include <stdlib.h>
extern "C" __attribute__((noinline)) int planted_inner(void **to) { int n = backtrace(to, 20); asm volatile(""); return n; }
extern "C" __attribute__((noinline)) int planted_outer(void **to) { int n = planted_inner(to); asm volatile(""); return n; }
RUN
{
	void *frames[20];
	int count = planted_outer(frames);
	char **names = backtrace_symbols(frames, count);
	say("%d\n", count >= 3);
	for (int i = 0; i < 3; i++) say("%d", strstr(names[i], i == 0 ? "planted_inner+" : i == 1 ? "planted_outer+" : "run+") != 0);
	say("\n");
	DONE;
}
