/* What every planted extension shares: text that run() gives back. Plain vsnprintf; no stdout. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
static char planted_text[65536];
static __attribute__((unused, format(printf, 1, 2))) void say(const char *format, ...)
{
	size_t used = strlen(planted_text);
	va_list rest;
	va_start(rest, format);
	vsnprintf(planted_text + used, sizeof planted_text - used, format, rest);
	va_end(rest);
}
#ifdef __cplusplus
#define RUN extern "C" const char *run(void)
#else
#define RUN const char *run(void)
#endif
#define DONE return planted_text
