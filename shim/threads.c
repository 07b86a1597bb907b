/* Threads: glibc's stack size, mutexes with a kind in their static initialiser, waiting against a
   clock of choice, an orderly end of a thread. */
#include "wfx.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* --- Attributes. musl gives a thread 128 KiB unless told otherwise, glibc what RLIMIT_STACK says. --- */

static size_t default_stack, default_guard;

static size_t stack_size(void)
{
	struct rlimit limit;
	size_t size = default_stack, page = 4096;
	if (size) return size;
	if (getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur == RLIM_INFINITY) return 8u << 20;
	size = limit.rlim_cur < 16384 ? 16384 : (size_t)limit.rlim_cur;
	return (size + page - 1) & -page;
}

/* musl uses the first five words of its seven; the sixth holds the CPUs that glibc keeps there too. */
struct cpus { size_t size; unsigned char set[]; };
static struct cpus **cpus_of(const pthread_attr_t *attr) { return (struct cpus **)(uintptr_t)attr + 5; }

int WFX(pthread_attr_init)(pthread_attr_t *attr)
{
	int failed = pthread_attr_init(attr);
	if (!failed) failed = pthread_attr_setstacksize(attr, stack_size());
	if (!failed && default_guard) pthread_attr_setguardsize(attr, default_guard);
	return failed;
}
int WFX(pthread_attr_destroy)(pthread_attr_t *attr)
{
	free(*cpus_of(attr));
	*cpus_of(attr) = 0;
	return pthread_attr_destroy(attr);
}
int WFX(pthread_attr_setaffinity_np)(pthread_attr_t *attr, size_t size, const cpu_set_t *set)
{
	struct cpus *cpus = 0;
	if (set && size) {
		if (!(cpus = malloc(sizeof *cpus + size))) return ENOMEM;
		cpus->size = size;
		memcpy(cpus->set, set, size);
	}
	free(*cpus_of(attr));
	*cpus_of(attr) = cpus;
	return 0;
}
int WFX(pthread_attr_getaffinity_np)(const pthread_attr_t *attr, size_t size, cpu_set_t *set)
{
	struct cpus *cpus = *cpus_of(attr);
	if (!cpus) { memset(set, 255, size); return 0; }
	for (size_t i = size; i < cpus->size; i++) if (cpus->set[i]) return EINVAL;
	memset(set, 0, size);
	memcpy(set, cpus->set, size < cpus->size ? size : cpus->size);
	return 0;
}
int WFX(pthread_getattr_default_np)(pthread_attr_t *attr) { return wfx_pthread_attr_init(attr); }
int WFX(pthread_setattr_default_np)(const pthread_attr_t *attr)
{
	size_t stack, guard;
	void *at;
	if (pthread_attr_getstack(attr, &at, &stack) == 0 && at) return EINVAL;
	if (pthread_attr_getstacksize(attr, &stack) || pthread_attr_getguardsize(attr, &guard)) return EINVAL;
	if (stack) default_stack = stack;
	default_guard = guard;
	return 0;
}

/* The main thread's stack: musl tells what is mapped now, glibc what it may grow to. */
int WFX(pthread_getattr_np)(pthread_t thread, pthread_attr_t *attr)
{
	int failed = pthread_getattr_np(thread, attr);
	void *low;
	size_t size;
	struct rlimit limit;
	if (failed || thread != pthread_self() || syscall(SYS_gettid) != getpid()) return failed;
	if (pthread_attr_getstack(attr, &low, &size) || getrlimit(RLIMIT_STACK, &limit)) return 0;
	uintptr_t end = (uintptr_t)low + size, to, below = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	if (!maps) return 0;
	char line[512];
	while (fgets(line, sizeof line, maps)) {
		char *rest;
		strtoul(line, &rest, 16);
		to = *rest == '-' ? strtoul(rest + 1, 0, 16) : 0;
		if (to >= end) break;
		below = to;
	}
	fclose(maps);
	size_t room = end - below, want = limit.rlim_cur == RLIM_INFINITY ? room : (size_t)limit.rlim_cur & -4096ul;
	if (want > room) want = room;
	if (want > size) pthread_attr_setstack(attr, (void *)(end - want), want);
	return 0;
}

int WFX(pthread_getname_np)(pthread_t thread, char *name, size_t size)
{
	int (*since_1_2_3)(pthread_t, char *, size_t) = (int (*)(pthread_t, char *, size_t))dlsym(RTLD_DEFAULT, "pthread_getname_np");
	if (since_1_2_3) return since_1_2_3(thread, name, size);
	if (size < 16) return ERANGE;
	if (thread != pthread_self()) return ENOENT;
	return prctl(PR_GET_NAME, (unsigned long)name, 0ul, 0ul, 0ul) ? errno : 0;
}

/* --- Start and end --- */

struct start { void *(*run)(void *); int (*run_c11)(void *); void *with; struct cpus *cpus; };

static void *begin(void *given)
{
	struct start start = *(struct start *)given;
	free(given);
	if (start.cpus) {
		pthread_setaffinity_np(pthread_self(), start.cpus->size, (const cpu_set_t *)(void *)start.cpus->set);
		free(start.cpus);
	}
	void *result = start.run ? start.run(start.with) : (void *)(intptr_t)start.run_c11(start.with);
	wfx_run_thread_destructors();
	return result;
}

static int start_thread(pthread_t *thread, const pthread_attr_t *attr, struct start start)
{
	pthread_attr_t own;
	struct start *given = malloc(sizeof *given);
	int failed;
	if (!given) return EAGAIN;
	start.cpus = 0;
	if (attr && *cpus_of(attr)) {
		size_t bytes = sizeof *start.cpus + (*cpus_of(attr))->size;
		if ((start.cpus = malloc(bytes))) memcpy(start.cpus, *cpus_of(attr), bytes);
	}
	*given = start;
	if (!attr) wfx_pthread_attr_init(&own);
	failed = pthread_create(thread, attr ? attr : &own, begin, given);
	if (failed) { free(start.cpus); free(given); }
	return failed;
}
int WFX(pthread_create)(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *with)
{
	return start_thread(thread, attr, (struct start){ .run = run, .with = with });
}
int WFX(thrd_create)(thrd_t *thread, thrd_start_t run, void *with)
{
	int failed = start_thread(thread, 0, (struct start){ .run_c11 = run, .with = with });
	return failed == 0 ? thrd_success : failed == EAGAIN || failed == ENOMEM ? thrd_nomem : thrd_error;
}
/* musl's thrd_join reads the same word. */

struct _Unwind_Exception;
struct _Unwind_Context;
typedef int (*stop_function)(int, int, uint64_t, struct _Unwind_Exception *, struct _Unwind_Context *, void *);
typedef int (*leave_function)(struct _Unwind_Exception *, stop_function, void *);

static __thread void *exit_value = PTHREAD_CANCELED;
/* An _Unwind_Exception: its class, its clean-up function, two words of the unwinder's own. */
static __thread uint64_t exit_object[8] __attribute__((aligned(16)));

static int until_the_end(int version, int actions, uint64_t class, struct _Unwind_Exception *object, struct _Unwind_Context *context, void *with)
{
	(void)version; (void)class; (void)object; (void)context; (void)with;
	if (actions & 16 /* _UA_END_OF_STACK */) pthread_exit(exit_value);
	return 0;
}
/* glibc runs the destructors of the frames it leaves; musl just leaves. */
_Noreturn void WFX(pthread_exit)(void *value)
{
	exit_value = value;
	leave_function leave = (leave_function)wfx_unwinder("_Unwind_ForcedUnwind", __builtin_return_address(0));
	if (leave) {
		memset(exit_object, 0, sizeof exit_object);
		leave((struct _Unwind_Exception *)(void *)exit_object, until_the_end, 0);
	}
	pthread_exit(value);
}
_Noreturn void WFX(thrd_exit)(int value) { wfx_pthread_exit((void *)(intptr_t)value); }

/* pthread_cleanup_push in C: a jump buffer, the word that says whether the mask was saved, then four
   words that are ours. The handler goes back to where the buffer was filled. */
#if defined(__x86_64__)
enum { JUMP_WORDS = 8 };
#elif defined(__aarch64__)
enum { JUMP_WORDS = 22 };
#elif defined(__riscv)
enum { JUMP_WORDS = 26 };
#endif
struct unwind_buffer { uintptr_t jump[JUMP_WORDS], mask_was_saved, own[4]; };
_Static_assert(sizeof(struct __ptcb) <= 4 * sizeof(uintptr_t), "musl's handler fits into the buffer");
_Noreturn void wfx_jump(void *to, int value) __asm__("longjmp");
static void go_back(void *buffer) { wfx_jump(buffer, 1); }
static struct __ptcb *handler(struct unwind_buffer *buffer) { return (struct __ptcb *)(void *)buffer->own; }
void WFX(__pthread_register_cancel)(struct unwind_buffer *buffer) { _pthread_cleanup_push(handler(buffer), go_back, buffer); }
void WFX(__pthread_unregister_cancel)(struct unwind_buffer *buffer) { _pthread_cleanup_pop(handler(buffer), 0); }
_Noreturn void WFX(__pthread_unwind_next)(struct unwind_buffer *buffer) { (void)buffer; pthread_exit(exit_value); }

/* --- Once, with an exception passing: the asm in once-*.S has a frame whose personality calls
   wfx_once_failed. The values of the control word are musl's. --- */

struct running { struct running *outer; int *control; struct __ptcb handler; };
static __thread struct running *running;
void wfx_once_call(void (*init)(void));
static void wake(int *control, int value)
{
	if (__atomic_exchange_n(control, value, __ATOMIC_SEQ_CST) == 3)
		syscall(SYS_futex, control, 129 /* FUTEX_WAKE_PRIVATE */, INT_MAX);
}
__attribute__((visibility("hidden"))) void wfx_once_failed(void)
{
	struct running *left = running;
	running = left->outer;
	_pthread_cleanup_pop(&left->handler, 0);   /* an exception leaves it behind */
	wake(left->control, 0);
}
static void canceled(void *unused) { (void)unused; wfx_once_failed(); }
int WFX(pthread_once)(int *control, void (*init)(void))
{
	for (;;) {
		int was = 0;
		if (__atomic_compare_exchange_n(control, &was, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
			struct running frame = { .outer = running, .control = control };
			running = &frame;
			_pthread_cleanup_push(&frame.handler, canceled, 0);
			wfx_once_call(init);
			_pthread_cleanup_pop(&frame.handler, 0);
			running = frame.outer;
			wake(control, 2);
			return 0;
		}
		if (was == 2) return 0;
		if (was == 1) __atomic_compare_exchange_n(control, &was, 3, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
		syscall(SYS_futex, control, 128 /* FUTEX_WAIT_PRIVATE */, 3, 0);
	}
}
WFX_ALIAS(__pthread_once, pthread_once);
void WFX(call_once)(once_flag *flag, void (*init)(void)) { wfx_pthread_once(flag, init); }

/* --- Mutexes: PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP and its kin put a kind into the fifth word,
   which musl does not use; musl's type is in the first. 3 (adaptive) is a normal mutex. --- */

static pthread_mutex_t *settled(pthread_mutex_t *mutex)
{
	int *words = (int *)(void *)mutex, kind = __atomic_load_n(&words[4], __ATOMIC_RELAXED);
	if (__builtin_expect(kind == 1 || kind == 2, 0) && __atomic_load_n(&words[0], __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&words[0], kind, __ATOMIC_RELEASE);
	return mutex;
}
int WFX(pthread_mutex_lock)(pthread_mutex_t *mutex) { return pthread_mutex_lock(settled(mutex)); }
int WFX(pthread_mutex_trylock)(pthread_mutex_t *mutex) { return pthread_mutex_trylock(settled(mutex)); }
int WFX(pthread_mutex_timedlock)(pthread_mutex_t *mutex, const struct timespec *at) { return pthread_mutex_timedlock(settled(mutex), at); }
int WFX(pthread_mutex_unlock)(pthread_mutex_t *mutex) { return pthread_mutex_unlock(settled(mutex)); }
int WFX(pthread_mutexattr_settype)(pthread_mutexattr_t *attr, int type) { return pthread_mutexattr_settype(attr, type == 3 ? 0 : type); }

/* --- Waiting until a time of another clock than the object's --- */

/* The time of the clock `to` when `from` will show *at, at most an hour ahead: who still waits then asks
   again, so that a clock that was set does no lasting harm. */
static int on_clock(clockid_t from, const struct timespec *at, clockid_t to, struct timespec *result)
{
	struct timespec now, then;
	if (from != CLOCK_REALTIME && from != CLOCK_MONOTONIC) return EINVAL;
	if (at->tv_nsec < 0 || at->tv_nsec >= 1000000000) return EINVAL;
	clock_gettime(from, &now);
	clock_gettime(to, &then);
	int64_t seconds = 0;
	if (at->tv_sec >= now.tv_sec) seconds = at->tv_sec - now.tv_sec > 3600 ? 3600 : at->tv_sec - now.tv_sec;
	int64_t nanos = seconds * 1000000000 + at->tv_nsec - now.tv_nsec;
	if (at->tv_sec < now.tv_sec || nanos < 0) nanos = 0;
	nanos += then.tv_nsec;
	result->tv_sec = then.tv_sec + nanos / 1000000000;
	result->tv_nsec = nanos % 1000000000;
	return 0;
}
static int reached(clockid_t clock, const struct timespec *at)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}
/* Waits with CALL until *at of `clock`; CALL sees `until` on the object's own clock `own`. */
#define WAIT(own, call) do { \
	if (clock == (own)) { const struct timespec until = *at; return call; } \
	for (;;) { \
		struct timespec until; \
		int failed = on_clock(clock, at, own, &until); \
		if (failed) return failed; \
		failed = call; \
		if (failed != ETIMEDOUT || reached(clock, at)) return failed; \
	} \
} while (0)

int WFX(pthread_mutex_clocklock)(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *at) { WAIT(CLOCK_REALTIME, pthread_mutex_timedlock(settled(mutex), &until)); }
int WFX(pthread_rwlock_clockrdlock)(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *at) { WAIT(CLOCK_REALTIME, pthread_rwlock_timedrdlock(lock, &until)); }
int WFX(pthread_rwlock_clockwrlock)(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *at) { WAIT(CLOCK_REALTIME, pthread_rwlock_timedwrlock(lock, &until)); }
int WFX(pthread_clockjoin_np)(pthread_t thread, void **result, clockid_t clock, const struct timespec *at)
{
	if (!at) return pthread_join(thread, result);
	WAIT(CLOCK_REALTIME, pthread_timedjoin_np(thread, result, &until));
}
int WFX(pthread_cond_clockwait)(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *at)
{
	/* The fifth word is the clock that pthread_condattr_setclock chose. */
	clockid_t own = ((int *)(void *)cond)[4];
	WAIT(own, pthread_cond_timedwait(cond, mutex, &until));
}
static int sem_until(sem_t *sem, const struct timespec *at) { return sem_timedwait(sem, at) ? errno : 0; }
static int sem_clock(sem_t *sem, clockid_t clock, const struct timespec *at) { WAIT(CLOCK_REALTIME, sem_until(sem, &until)); }
int WFX(sem_clockwait)(sem_t *sem, clockid_t clock, const struct timespec *at)
{
	int failed = sem_clock(sem, clock, at);
	if (!failed) return 0;
	errno = failed;
	return -1;
}

/* glibc keeps semaphores as sem.NAME beside shared memory of the same name; musl would mix them up. */
static int sem_name(const char *name, char *to)
{
	while (*name == '/') name++;
	size_t size = strlen(name);
	if (!size || size > NAME_MAX - 4 || strchr(name, '/')) { errno = size > NAME_MAX - 4 ? ENAMETOOLONG : EINVAL; return -1; }
	memcpy(to, "/sem.", 5);
	memcpy(to + 5, name, size + 1);
	return 0;
}
sem_t *WFX(sem_open)(const char *name, int flags, ...)
{
	char path[NAME_MAX + 8];
	va_list rest;
	va_start(rest, flags);
	mode_t mode = flags & 0100 ? va_arg(rest, mode_t) : 0;
	unsigned value = flags & 0100 ? va_arg(rest, unsigned) : 0;
	va_end(rest);
	return sem_name(name, path) ? SEM_FAILED : sem_open(path, flags, mode, value);
}
int WFX(sem_unlink)(const char *name)
{
	char path[NAME_MAX + 8];
	return sem_name(name, path) ? -1 : sem_unlink(path);
}

/* --- Small ones --- */
int WFX(pthread_yield)(void) { return sched_yield(); }
int WFX(pthread_mutexattr_setprioceiling)(pthread_mutexattr_t *attr, int ceiling) { (void)attr; (void)ceiling; return EINVAL; }
int WFX(pthread_rwlockattr_getkind_np)(const pthread_rwlockattr_t *attr, int *kind) { *kind = ((const int *)attr)[1]; return 0; }
int WFX(pthread_rwlockattr_setkind_np)(pthread_rwlockattr_t *attr, int kind)
{
	if (kind < 0 || kind > 2) return EINVAL;
	((int *)attr)[1] = kind;
	return 0;
}
int WFX(pthread_sigqueue)(pthread_t thread, int signal, const union sigval value)
{
	siginfo_t info = { .si_signo = signal, .si_code = SI_QUEUE };
	if (thread != pthread_self()) return ENOSYS;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, &info) ? errno : 0;
}

/* musl answers ENOSYS to these four of POSIX, on principle; the kernel has them. */
int WFX(sched_setscheduler)(pid_t pid, int policy, const struct sched_param *param) { return (int)syscall(SYS_sched_setscheduler, pid, policy, param); }
int WFX(sched_getscheduler)(pid_t pid) { return (int)syscall(SYS_sched_getscheduler, pid); }
int WFX(sched_setparam)(pid_t pid, const struct sched_param *param) { return (int)syscall(SYS_sched_setparam, pid, param); }
int WFX(sched_getparam)(pid_t pid, struct sched_param *param) { return (int)syscall(SYS_sched_getparam, pid, param); }

/* The personality of wfx_once_call's frame: nothing to search for (1), something to clean (2). */
__attribute__((visibility("hidden"))) int wfx_once_personality(int version, int actions, uint64_t class, struct _Unwind_Exception *object, struct _Unwind_Context *context)
{
	(void)version; (void)class; (void)object; (void)context;
	if (actions & 2 /* _UA_CLEANUP_PHASE */) wfx_once_failed();
	return 8; /* _URC_CONTINUE_UNWIND */
}
