/* same */
/* Waiting against a clock of choice. */
#include "planted.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
static long waited(clockid_t clock, int (*wait)(clockid_t, const struct timespec *), int *result)
{
	struct timespec from, at, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	clock_gettime(clock, &at);
	at.tv_nsec += 50000000;
	if (at.tv_nsec >= 1000000000) { at.tv_nsec -= 1000000000; at.tv_sec++; }
	*result = wait(clock, &at);
	clock_gettime(CLOCK_MONOTONIC, &to);
	long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	return ms >= 49 && ms < 2000;
}
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, steady;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int on_cond(clockid_t c, const struct timespec *at) { return pthread_cond_clockwait(&cond, &mutex, c, at); }
static int on_steady(clockid_t c, const struct timespec *at) { return pthread_cond_clockwait(&steady, &mutex, c, at); }
static int on_mutex(clockid_t c, const struct timespec *at) { return pthread_mutex_clocklock(&mutex, c, at); }
static int on_write(clockid_t c, const struct timespec *at) { return pthread_rwlock_clockwrlock(&lock, c, at); }
static int on_read(clockid_t c, const struct timespec *at) { return pthread_rwlock_clockrdlock(&lock, c, at); }
static int on_sem(clockid_t c, const struct timespec *at) { return sem_clockwait(&sem, c, at) ? errno : 0; }
static void *hold(void *unused) { pthread_rwlock_wrlock(&lock); return 0; }
RUN
{
	int (*all[])(clockid_t, const struct timespec *) = { on_cond, on_steady, on_mutex, on_write, on_read, on_sem };
	pthread_condattr_t attr;
	pthread_t thread;
	int result;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&steady, &attr);
	pthread_mutex_lock(&mutex);
	sem_init(&sem, 0, 0);
	pthread_create(&thread, 0, hold, 0);
	pthread_join(thread, 0);
	for (int i = 0; i < 6; i++) for (int clock = 0; clock < 2; clock++) {
		long good = waited(clock, all[i], &result);
		say("%d %d: %ld %d\n", i, clock, good, result == ETIMEDOUT);
	}
	struct timespec past = { 1, 0 };
	say("past %d bad %d\n", pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &past) == ETIMEDOUT, pthread_cond_clockwait(&cond, &mutex, 77, &past) == EINVAL);
	sem_post(&sem);
	say("there %d\n", on_sem(CLOCK_MONOTONIC, &past));
	DONE;
}
