/* What every file of the shim shares. The shim stands in for what glibc has and musl has not, or has
   with another meaning; docs/port.md says of each export why it is there. It is built against musl's
   headers, needs no library, and imports only what musl 1.2.2 exports already. */
#ifndef WFX_H
#define WFX_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* An export: a ported file asks for wfx_NAME where it asked glibc for NAME. */
#define WFX(name) __attribute__((visibility("default"))) wfx_##name
/* A second name of an export in the same file. */
#define WFX_ALIAS(second, name) \
	extern __typeof(wfx_##name) wfx_##second __attribute__((alias("wfx_" #name), visibility("default")))

/* glibc's answer to a buffer that is too small: a line on stderr and SIGABRT. */
_Noreturn void wfx___chk_fail(void);
/* Runs the destructors of thread_local objects that are left in this thread. */
void wfx_run_thread_destructors(void);
/* A function of the unwinder (libgcc_s or libunwind): of the one that the caller's file uses, else of any
   that is loaded, else of libgcc_s.so.1 as glibc loads it. Null where there is none. */
void *wfx_unwinder(const char *name, const void *caller);
/* The number of CPUs that a list such as "0-3,5" in a file of /sys names, or 0. */
int wfx_count_cpus(const char *path);
/* Up to size-1 bytes of a file, with a NUL behind them; their number, or -1. */
long wfx_read_file(const char *path, char *to, size_t size);
#endif
