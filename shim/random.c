/* glibc's sequences of pseudo-random numbers: random() is the additive feedback generator of BSD
   (r[i] = r[i-3] + r[i-31] for the default type), rand() the same, rand_r() three steps of a linear
   congruence. Programs print these numbers and test against them. */
#include "wfx.h"
#include <string.h>

/* struct random_data of glibc's <stdlib.h>. */
struct random_data { int32_t *front, *rear, *state; int type, degree, separation; int32_t *end; };

static const int degrees[5] = { 0, 7, 15, 31, 63 }, separations[5] = { 0, 3, 1, 3, 1 };
static const size_t sizes[5] = { 8, 32, 64, 128, 256 };
enum { TYPES = 5 };

int WFX(random_r)(struct random_data *data, int32_t *result)
{
	if (!data || !result) { errno = EINVAL; return -1; }
	int32_t *state = data->state;
	if (data->type == 0) {
		int32_t value = (int32_t)(((uint32_t)state[0] * 1103515245u + 12345u) & 0x7fffffff);
		state[0] = value;
		*result = value;
		return 0;
	}
	int32_t *front = data->front, *rear = data->rear;
	uint32_t value = (uint32_t)*front + (uint32_t)*rear;
	*front = (int32_t)value;
	*result = (int32_t)(value >> 1);
	if (++front >= data->end) { front = state; ++rear; }
	else if (++rear >= data->end) rear = state;
	data->front = front;
	data->rear = rear;
	return 0;
}

int WFX(srandom_r)(unsigned seed, struct random_data *data)
{
	if (!data || (unsigned)data->type >= TYPES) return -1;
	int32_t *state = data->state;
	if (seed == 0) seed = 1;
	state[0] = (int32_t)seed;
	if (data->type == 0) return 0;
	int32_t word = (int32_t)seed;
	for (int i = 1; i < data->degree; i++) {
		/* 16807 times the last one modulo 2^31-1, without overflow. */
		long high = word / 127773, low = word % 127773;
		word = (int32_t)(16807 * low - 2836 * high);
		if (word < 0) word += 2147483647;
		state[i] = word;
	}
	data->front = &state[data->separation];
	data->rear = &state[0];
	for (int i = 0; i < 10 * data->degree; i++) {
		int32_t dropped;
		wfx_random_r(data, &dropped);
	}
	return 0;
}

/* The word in front of the state says the type and where the rear pointer stands. */
static void note(struct random_data *data)
{
	if (data->state) data->state[-1] = data->type == 0 ? 0 : (int32_t)(TYPES * (data->rear - data->state) + data->type);
}

int WFX(initstate_r)(unsigned seed, char *buffer, size_t size, struct random_data *data)
{
	if (!data || size < sizes[0]) { errno = EINVAL; return -1; }
	note(data);
	int type = 0;
	while (type + 1 < TYPES && size >= sizes[type + 1]) type++;
	data->type = type;
	data->degree = degrees[type];
	data->separation = separations[type];
	data->state = (int32_t *)(void *)buffer + 1;
	data->end = &data->state[data->degree];
	wfx_srandom_r(seed, data);
	note(data);
	return 0;
}

int WFX(setstate_r)(char *buffer, struct random_data *data)
{
	if (!data || !buffer) { errno = EINVAL; return -1; }
	int32_t *state = (int32_t *)(void *)buffer + 1;
	note(data);
	int type = state[-1] % TYPES;
	if (type < 0) { errno = EINVAL; return -1; }
	data->type = type;
	data->degree = degrees[type];
	data->separation = separations[type];
	if (type != 0) {
		int rear = state[-1] / TYPES;
		data->rear = &state[rear];
		data->front = &state[(rear + data->separation) % data->degree];
	}
	data->state = state;
	data->end = &state[data->degree];
	return 0;
}

/* The process's own generator, seeded with 1 at its first use. */
static int32_t own_state[32];
static struct random_data own;
static volatile int own_lock;
static void take(void)
{
	while (__atomic_exchange_n(&own_lock, 1, __ATOMIC_ACQUIRE)) ;
	if (!own.state) wfx_initstate_r(1, (char *)own_state, sizeof own_state, &own);
}
static void give(void) { __atomic_store_n(&own_lock, 0, __ATOMIC_RELEASE); }

long WFX(random)(void)
{
	int32_t value;
	take();
	wfx_random_r(&own, &value);
	give();
	return value;
}
void WFX(srandom)(unsigned seed) { take(); wfx_srandom_r(seed, &own); give(); }
int WFX(rand)(void) { return (int)wfx_random(); }
WFX_ALIAS(srand, srandom);
char *WFX(initstate)(unsigned seed, char *buffer, size_t size)
{
	take();
	char *before = (char *)&own.state[-1];
	int failed = wfx_initstate_r(seed, buffer, size, &own);
	give();
	return failed ? 0 : before;
}
char *WFX(setstate)(char *buffer)
{
	take();
	char *before = (char *)&own.state[-1];
	int failed = wfx_setstate_r(buffer, &own);
	give();
	return failed ? 0 : before;
}

int WFX(rand_r)(unsigned *seed)
{
	unsigned next = *seed, result;
	next = next * 1103515245 + 12345;
	result = next / 65536 % 2048;
	next = next * 1103515245 + 12345;
	result = result << 10 ^ next / 65536 % 1024;
	next = next * 1103515245 + 12345;
	result = result << 10 ^ next / 65536 % 1024;
	*seed = next;
	return (int)result;
}

/* The 48-bit family, whose functions ending in _r musl has not. struct drand48_data of glibc. */
struct drand48_data { unsigned short x[3], old_x[3], c, init; unsigned long long a; };

static uint64_t step(unsigned short x[3], struct drand48_data *data)
{
	if (!data->init) { data->a = 0x5deece66dull; data->c = 0xb; data->init = 1; }
	uint64_t value = (uint64_t)x[2] << 32 | (uint32_t)x[1] << 16 | x[0];
	value = value * data->a + data->c;
	x[0] = (unsigned short)value;
	x[1] = (unsigned short)(value >> 16);
	x[2] = (unsigned short)(value >> 32);
	return value & 0xffffffffffffull;
}
static double fraction(uint64_t value)
{
	union { uint64_t bits; double number; } one = { .bits = 0x3ff0000000000000ull | value << 4 };
	return one.number - 1.0;
}
int WFX(erand48_r)(unsigned short x[3], struct drand48_data *data, double *result) { *result = fraction(step(x, data)); return 0; }
int WFX(nrand48_r)(unsigned short x[3], struct drand48_data *data, long *result) { *result = (long)(step(x, data) >> 17); return 0; }
int WFX(jrand48_r)(unsigned short x[3], struct drand48_data *data, long *result) { *result = (int32_t)(step(x, data) >> 16); return 0; }
int WFX(drand48_r)(struct drand48_data *data, double *result) { return wfx_erand48_r(data->x, data, result); }
int WFX(lrand48_r)(struct drand48_data *data, long *result) { return wfx_nrand48_r(data->x, data, result); }
int WFX(mrand48_r)(struct drand48_data *data, long *result) { return wfx_jrand48_r(data->x, data, result); }
int WFX(srand48_r)(long seed, struct drand48_data *data)
{
	data->x[0] = 0x330e;
	data->x[1] = (unsigned short)seed;
	data->x[2] = (unsigned short)(seed >> 16);
	data->a = 0x5deece66dull;
	data->c = 0xb;
	data->init = 1;
	return 0;
}
int WFX(seed48_r)(unsigned short seed[3], struct drand48_data *data)
{
	memcpy(data->old_x, data->x, sizeof data->x);
	memcpy(data->x, seed, sizeof data->x);
	data->a = 0x5deece66dull;
	data->c = 0xb;
	data->init = 1;
	return 0;
}
int WFX(lcong48_r)(unsigned short with[7], struct drand48_data *data)
{
	memcpy(data->x, with, sizeof data->x);
	data->a = (uint64_t)with[5] << 32 | (uint32_t)with[4] << 16 | with[3];
	data->c = with[6];
	data->init = 1;
	return 0;
}
static struct drand48_data own48;
double WFX(drand48)(void) { double value; wfx_drand48_r(&own48, &value); return value; }
long WFX(lrand48)(void) { long value; wfx_lrand48_r(&own48, &value); return value; }
long WFX(mrand48)(void) { long value; wfx_mrand48_r(&own48, &value); return value; }
double WFX(erand48)(unsigned short x[3]) { double value; wfx_erand48_r(x, &own48, &value); return value; }
long WFX(nrand48)(unsigned short x[3]) { long value; wfx_nrand48_r(x, &own48, &value); return value; }
long WFX(jrand48)(unsigned short x[3]) { long value; wfx_jrand48_r(x, &own48, &value); return value; }
void WFX(srand48)(long seed) { wfx_srand48_r(seed, &own48); }
unsigned short *WFX(seed48)(unsigned short seed[3]) { wfx_seed48_r(seed, &own48); return own48.old_x; }
void WFX(lcong48)(unsigned short with[7]) { wfx_lcong48_r(with, &own48); }

/* arc4random: the kernel's numbers, in a process that may fork. */
#include <stdlib.h>
#include <sys/random.h>
#include <fcntl.h>
#include <unistd.h>
void WFX(arc4random_buf)(void *to, size_t size)
{
	char *at = to;
	while (size) {
		ssize_t got = getrandom(at, size, 0);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) {
			int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
			got = fd < 0 ? -1 : read(fd, at, size);
			if (fd >= 0) close(fd);
			if (got <= 0) abort();
		}
		at += got;
		size -= (size_t)got;
	}
}
uint32_t WFX(arc4random)(void) { uint32_t value; wfx_arc4random_buf(&value, sizeof value); return value; }
uint32_t WFX(arc4random_uniform)(uint32_t bound)
{
	if (bound < 2) return 0;
	uint32_t least = -bound % bound, value;
	do value = wfx_arc4random(); while (value < least);
	return value % bound;
}
