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
#if defined(__aarch64__)
	case _SC_THREAD_STACK_MIN: return 131072;
#else
	case _SC_THREAD_STACK_MIN: return 16384;
#endif
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

/* No hints mean other flags in glibc; flags for international names mean nothing for plain ones. */
int WFX(getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	struct addrinfo own = { .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };
	if (hints) own = *hints;
	if (own.ai_flags & 0x40 /* AI_IDN */)
		for (const char *at = node; at && *at; at++) if ((unsigned char)*at > 127) return -105; /* EAI_IDN_ENCODE */
	own.ai_flags &= ~0x3c0;
	int failed = getaddrinfo(node, service, &own, result);
	if (!failed && !(own.ai_flags & AI_CANONNAME)) for (struct addrinfo *at = *result; at; at = at->ai_next) at->ai_canonname = 0;
	return failed;
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
