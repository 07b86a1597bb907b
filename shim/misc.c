/* The rest: system values, messages, signals, options. */
#include "wfx.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- sysconf: constants of glibc beyond musl's, and values that mean something else --- */

int wfx_count_cpus(const char *path)
{
	char text[4096], *at = text;
	int count = 0;
	if (wfx_read_file(path, text, sizeof text) <= 0) return 0;
	while (*at >= '0' && *at <= '9') {
		long first = strtol(at, &at, 10), last = first;
		if (*at == '-') last = strtol(at + 1, &at, 10);
		count += (int)(last - first + 1);
		if (*at == ',') at++;
	}
	return count;
}
static int cpus(const char *path)
{
	int count = wfx_count_cpus(path);
	return count > 0 ? count : (int)sysconf(_SC_NPROCESSORS_ONLN);
}
int WFX(get_nprocs)(void) { return cpus("/sys/devices/system/cpu/online"); }
int WFX(get_nprocs_conf)(void) { return cpus("/sys/devices/system/cpu/present"); }

/* Size, associativity or line of a cache of the first CPU: 0 where the system does not tell. */
static long cache(int level, int data, const char *what)
{
	for (int i = 0; i < 8; i++) {
		char path[96], text[64], *end;
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/level", i);
		if (wfx_read_file(path, text, sizeof text) <= 0) return 0;
		if (atoi(text) != level) continue;
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/type", i);
		if (wfx_read_file(path, text, sizeof text) <= 0) return 0;
		if (*text != 'U' && *text != (data ? 'D' : 'I')) continue;
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, what);
		if (wfx_read_file(path, text, sizeof text) <= 0) return 0;
		long value = strtol(text, &end, 10);
		return *end == 'K' ? value * 1024 : *end == 'M' ? value * 1024 * 1024 : value;
	}
	return 0;
}
long WFX(sysconf)(int name)
{
	static const char *const what[] = { "size", "ways_of_associativity", "coherency_line_size" };
	/* 185: the first level's instructions; 188: its data; 191, 194, 197: levels 2, 3, 4. */
	if (name >= 185 && name < 200) {
		int cache_number = (name - 185) / 3;
		return cache(cache_number < 2 ? 1 : cache_number, cache_number != 0, what[(name - 185) % 3]);
	}
	switch (name) {
	case _SC_NPROCESSORS_ONLN: return wfx_get_nprocs();
	case _SC_NPROCESSORS_CONF: return wfx_get_nprocs_conf();
	case 69: case 70: return 1024;      /* _SC_GETGR_R_SIZE_MAX, _SC_GETPW_R_SIZE_MAX */
	case _SC_THREAD_STACK_MIN: return 16384;
	case _SC_THREAD_KEYS_MAX: return sysconf(name);
	}
	return sysconf(name);
}
WFX_ALIAS(__sysconf, sysconf);

size_t WFX(confstr)(int name, char *to, size_t size)
{
	const char *text = name == 2 ? "glibc 2.36" : name == 3 ? "NPTL 2.36" : 0;
	if (!text) return confstr(name, to, size);
	if (to && size) snprintf(to, size, "%s", text);
	return strlen(text) + 1;
}

/* --- Texts --- */

char *WFX(strerror_r)(int number, char *to, size_t size)
{
	/* glibc's may answer with a text of its own instead of using the buffer; so does this. */
	(void)to; (void)size;
	return strerror(number);
}
WFX_ALIAS(__strerror_r, strerror_r);

unsigned WFX(error_message_count);
int WFX(error_one_per_line);
void (*WFX(error_print_progname))(void);
static void say(int status, int number, const char *file, unsigned line, const char *format, va_list args)
{
	fflush(stdout);
	if (wfx_error_print_progname) wfx_error_print_progname();
	else fprintf(stderr, file ? "%s:" : "%s: ", program_invocation_name);
	if (file) fprintf(stderr, "%s:%u: ", file, line);
	vfprintf(stderr, format, args);
	wfx_error_message_count++;
	if (number) fprintf(stderr, ": %s", strerror(number));
	putc('\n', stderr);
	fflush(stderr);
	if (status) exit(status);
}
void WFX(error)(int status, int number, const char *format, ...)
{
	va_list rest;
	va_start(rest, format);
	say(status, number, 0, 0, format, rest);
	va_end(rest);
}
void WFX(error_at_line)(int status, int number, const char *file, unsigned line, const char *format, ...)
{
	static const char *last_file;
	static unsigned last_line;
	if (wfx_error_one_per_line) {
		if (last_line == line && (file == last_file || (file && last_file && !strcmp(file, last_file)))) return;
		last_file = file;
		last_line = line;
	}
	va_list rest;
	va_start(rest, format);
	say(status, number, file, line, format, rest);
	va_end(rest);
}
_Noreturn void WFX(__assert_perror_fail)(int number, const char *file, unsigned line, const char *function)
{
	fprintf(stderr, "%s: %s:%u: %s: Unexpected error: %s.\n", program_invocation_short_name, file, line, function, strerror(number));
	abort();
}
_Noreturn void WFX(__assert)(const char *text, const char *file, int line)
{
	fprintf(stderr, "%s: %s:%d: Assertion `%s' failed.\n", program_invocation_short_name, file, line, text);
	abort();
}

/* --- Signals --- */
void (*WFX(__sysv_signal)(int number, void (*handler)(int)))(int)
{
	/* System V: the handler serves once and is not shielded from itself; musl's is BSD's. */
	struct sigaction now = { .sa_handler = handler, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) }, before;
	sigemptyset(&now.sa_mask);
	return sigaction(number, &now, &before) ? SIG_ERR : before.sa_handler;
}
WFX_ALIAS(sysv_signal, __sysv_signal);
static const char *const abbreviations[32] = { 0, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
	"ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS" };
const char *WFX(sigabbrev_np)(int number) { return number > 0 && number < 32 ? abbreviations[number] : 0; }
const char *WFX(sigdescr_np)(int number) { return number > 0 && number < 32 ? strsignal(number) : 0; }
const char *WFX(strerrordesc_np)(int number) { return strerror(number); }

/* --- getopt moves what is no option to the end, as musl's getopt_long does. --- */
/* musl's leaves optind behind the end where the last option lacks its argument. */
static int settled(int argc, int found)
{
	if (optind > argc) optind = argc;
	return found;
}
int WFX(getopt)(int argc, char *const *argv, const char *options) { return settled(argc, getopt_long(argc, argv, options, 0, 0)); }
int WFX(getopt_long)(int argc, char *const *argv, const char *options, const struct option *longs, int *which) { return settled(argc, getopt_long(argc, argv, options, longs, which)); }
int WFX(getopt_long_only)(int argc, char *const *argv, const char *options, const struct option *longs, int *which) { return settled(argc, getopt_long_only(argc, argv, options, longs, which)); }

/* --- Backtraces, by the unwinder where the ported files brought one --- */
struct _Unwind_Context;
extern int _Unwind_Backtrace(int (*)(struct _Unwind_Context *, void *), void *) WEAK;
extern uintptr_t _Unwind_GetIP(struct _Unwind_Context *) WEAK;
struct trace { void **to; int size, count; };
static int one_frame(struct _Unwind_Context *context, void *with)
{
	struct trace *trace = with;
	/* The first frame is wfx_backtrace's own. */
	if (trace->count >= 0) trace->to[trace->count] = (void *)_Unwind_GetIP(context);
	return ++trace->count == trace->size ? 5 /* _URC_END_OF_STACK */ : 0;
}
int WFX(backtrace)(void **to, int size)
{
	struct trace trace = { to, size, -1 };
	if (size <= 0 || !_Unwind_Backtrace || !_Unwind_GetIP) return 0;
	_Unwind_Backtrace(one_frame, &trace);
	return trace.count < 0 ? 0 : trace.count;
}
#include <dlfcn.h>
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

/* --- Strings that only glibc has --- */
#include <wchar.h>
void *WFX(rawmemchr)(const void *from, int c)
{
	const unsigned char *at = from;
	while (*at != (unsigned char)c) at++;
	return (void *)at;
}
WFX_ALIAS(__rawmemchr, rawmemchr);
int WFX(__memcmpeq)(const void *a, const void *b, size_t size) { return memcmp(a, b, size); }
wchar_t *WFX(wmempcpy)(wchar_t *to, const wchar_t *from, size_t size) { return wmemcpy(to, from, size) + size; }
wchar_t *WFX(wcschrnul)(const wchar_t *from, wchar_t c)
{
	while (*from && *from != c) from++;
	return (wchar_t *)from;
}
void *WFX(memfrob)(void *block, size_t size)
{
	for (size_t i = 0; i < size; i++) ((char *)block)[i] ^= 42;
	return block;
}
int WFX(timespec_getres)(struct timespec *to, int base)
{
	if (base != TIME_UTC) return 0;
	if (to) clock_getres(CLOCK_REALTIME, to);
	return base;
}
void *WFX(__sched_cpualloc)(size_t count) { return calloc((count + 63) / 64, 8); }
void WFX(__sched_cpufree)(void *set) { free(set); }
int WFX(group_member)(gid_t group)
{
	gid_t some[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, some);
	for (int i = 0; i < count; i++) if (some[i] == group) return 1;
	return 0;
}
void WFX(aio_init)(const void *hints) { (void)hints; }

/* printf of one's own: musl's cannot be taught, and says so. */
int WFX(register_printf_specifier)(int spec, void *print, void *size) { (void)spec; (void)print; (void)size; errno = ENOSYS; return -1; }
int WFX(register_printf_modifier)(const void *text) { (void)text; errno = ENOSYS; return -1; }
int WFX(register_printf_type)(void *take) { (void)take; errno = ENOSYS; return -1; }
WFX_ALIAS(register_printf_function, register_printf_specifier);

/* --- Things that musl answers with nothing --- */
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
long WFX(gethostid)(void)
{
	char name[HOST_NAME_MAX + 1], file[8];
	int32_t id;
	if (wfx_read_file("/etc/hostid", file, sizeof file) >= 4) { memcpy(&id, file, 4); return id; }
	if (gethostname(name, sizeof name) || !*name) return 0;
	struct hostent *host = gethostbyname(name);
	if (!host || host->h_addrtype != AF_INET) return 0;
	uint32_t address;
	memcpy(&address, host->h_addr_list[0], 4);
	return (int32_t)(address << 16 | address >> 16);
}

/* The next entry of a database, its texts copied into a buffer. */
struct room { char *at; size_t left; };
static char *keep(struct room *room, const char *text)
{
	size_t size = strlen(text) + 1;
	if (size > room->left) return 0;
	char *to = memcpy(room->at, text, size);
	room->at += size;
	room->left -= size;
	return to;
}
int WFX(getgrent_r)(struct group *to, char *buffer, size_t size, struct group **result)
{
	struct group *found = getgrent();
	size_t members = 0, skip = -(uintptr_t)buffer & 7;
	*result = 0;
	if (!found) return ENOENT;
	while (found->gr_mem && found->gr_mem[members]) members++;
	if (size < skip + (members + 1) * sizeof(char *)) return ERANGE;
	char **list = (char **)(void *)(buffer + skip);
	struct room room = { (char *)(list + members + 1), size - skip - (members + 1) * sizeof(char *) };
	*to = *found;
	to->gr_mem = list;
	for (size_t i = 0; i < members; i++) if (!(list[i] = keep(&room, found->gr_mem[i]))) return ERANGE;
	list[members] = 0;
	if (!(to->gr_name = keep(&room, found->gr_name)) || !(to->gr_passwd = keep(&room, found->gr_passwd))) return ERANGE;
	*result = to;
	return 0;
}
int WFX(getpwent_r)(struct passwd *to, char *buffer, size_t size, struct passwd **result)
{
	struct passwd *found = getpwent();
	struct room room = { buffer, size };
	*result = 0;
	if (!found) return ENOENT;
	*to = *found;
	if (!(to->pw_name = keep(&room, found->pw_name)) || !(to->pw_passwd = keep(&room, found->pw_passwd)) || !(to->pw_gecos = keep(&room, found->pw_gecos))
		|| !(to->pw_dir = keep(&room, found->pw_dir)) || !(to->pw_shell = keep(&room, found->pw_shell))) return ERANGE;
	*result = to;
	return 0;
}

/* BSD's sigpause takes a mask; so do the names below. */
static void of_mask(int mask, sigset_t *set)
{
	sigemptyset(set);
	memcpy(set, &(unsigned long){ (unsigned)mask }, sizeof(long));
}
int WFX(sigpause)(int mask) { sigset_t set; of_mask(mask, &set); return sigsuspend(&set); }
int WFX(__sigpause)(int what, int is_signal)
{
	if (!is_signal) return wfx_sigpause(what);
	return sigpause(what);
}
static int change_mask(int how, int mask)
{
	sigset_t set, before;
	unsigned long bits;
	of_mask(mask, &set);
	if (sigprocmask(how, &set, &before)) return -1;
	memcpy(&bits, &before, sizeof bits);
	return (int)bits;
}
int WFX(sigblock)(int mask) { return change_mask(SIG_BLOCK, mask); }
int WFX(sigsetmask)(int mask) { return change_mask(SIG_SETMASK, mask); }
int WFX(siggetmask)(void) { return change_mask(SIG_BLOCK, 0); }
