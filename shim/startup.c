/* What glibc does at the start and end of programs and threads. */
#include "wfx.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int WFX(__register_atfork)(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso)
{
	(void)dso;   /* musl unloads nothing, so nothing must be taken back. */
	return pthread_atfork(prepare, parent, child);
}
int WFX(__cxa_at_quick_exit)(void (*function)(void *), void *dso)
{
	(void)dso;
	return at_quick_exit((void (*)(void))function);
}

/* Says that there may be threads: those that Python itself starts are not seen here. */
__attribute__((visibility("default"))) char wfx___libc_single_threaded = 0;

const char *WFX(gnu_get_libc_version)(void) { return "2.36"; }
const char *WFX(gnu_get_libc_release)(void) { return "stable"; }

/* --- Destructors of thread_local objects: at the end of begin() in threads.c; by a key's destructor in
   threads that others started; by exit in the main thread. --- */

extern int __cxa_atexit(void (*)(void *), void *, void *);

struct destructor { struct destructor *next; void (*run)(void *); void *object; };
static __thread struct destructor *destructors;
static __thread int announced;
static pthread_key_t at_end;
static int have_key;

void wfx_run_thread_destructors(void)
{
	struct destructor *one;
	while ((one = destructors)) {
		destructors = one->next;
		one->run(one->object);
		free(one);
	}
}
static void of_key(void *unused) { (void)unused; announced = 0; wfx_run_thread_destructors(); }
static void of_exit(void *unused) { (void)unused; wfx_run_thread_destructors(); }
__attribute__((constructor)) static void make_key(void) { have_key = !pthread_key_create(&at_end, of_key); }

int WFX(__cxa_thread_atexit_impl)(void (*run)(void *), void *object, void *dso)
{
	struct destructor *one = malloc(sizeof *one);
	if (!one) return -1;
	*one = (struct destructor){ destructors, run, object };
	destructors = one;
	if (!announced) {
		announced = 1;
		if (syscall(SYS_gettid) == getpid()) __cxa_atexit(of_exit, 0, dso);
		if (have_key) pthread_setspecific(at_end, &announced);
	}
	return 0;
}

/* --- Arguments for initialisers. glibc hands argc, argv and the environment to every function in
   DT_INIT_ARRAY; musl hands nothing, and Rust's standard library for glibc stores what it finds. A ported
   file's slot for such a function holds wfx_init_arguments instead, and the dynamic entry TAG tells where
   the function is. Which file a call is for cannot be known: each call serves all that are mapped. --- */

enum { TAG = 0x6ffff766 };
static char **argv_read;
static int argc_read;

static void read_arguments(void)
{
	size_t size = 4096, used = 0;
	char *text = 0, *more;
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0) return;
	for (;;) {
		if (!(more = realloc(text, size + 1))) break;
		text = more;
		ssize_t got = read(fd, text + used, size - used);
		if (got <= 0) break;
		used += (size_t)got;
		if (used == size) size *= 2;
	}
	close(fd);
	if (!text) return;
	text[used] = 0;
	int count = 0;
	for (size_t i = 0; i < used; i++) count += !text[i];
	char **argv = calloc((size_t)count + 1, sizeof *argv);
	if (!argv) return;
	char *at = text;
	for (int i = 0; i < count; i++) { argv[i] = at; at += strlen(at) + 1; }
	argv_read = argv;
	argc_read = count;
}

static uintptr_t served[512];
static size_t served_count;

static int serve(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size; (void)unused;
	const ElfW(Dyn) *dynamic = 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) dynamic = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; dynamic && dynamic->d_tag; dynamic++) {
		if (dynamic->d_tag != TAG) continue;
		uintptr_t function = info->dlpi_addr + dynamic->d_un.d_ptr;
		size_t i = 0;
		while (i < served_count && served[i] != function) i++;
		if (i < served_count || served_count == sizeof served / sizeof *served) continue;
		served[served_count++] = function;
		((void (*)(int, char **, char **))function)(argc_read, argv_read, environ);
	}
	return 0;
}
void WFX(init_arguments)(void)
{
	static char *none[1];
	if (!argv_read) { argv_read = none; read_arguments(); }
	dl_iterate_phdr(serve, 0);
}
/* For an initialiser that must not run. */
void WFX(init_nothing)(void) { }
