/* Numbers: text to number as glibc leaves errno, C23's binary prefix, tests on floats that glibc has as
   functions, floating-point traps. */
#include "wfx.h"
#include <fenv.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* musl sets EINVAL where no digits are found, glibc only where the base is wrong. */
#define KEEP(type, call, from, type_of_end) \
	int before = errno; \
	type_of_end *stop; \
	type value = call; \
	if (errno == EINVAL && stop == (type_of_end *)(from) && (base == 0 || (base > 1 && base < 37))) errno = before; \
	if (end) *end = stop; \
	return value

#define INTEGER(type, name, wide_name) \
	type WFX(name)(const char *from, char **end, int base) { KEEP(type, name(from, &stop, base), from, char); } \
	type WFX(name##_l)(const char *from, char **end, int base, locale_t locale) { (void)locale; return wfx_##name(from, end, base); } \
	WFX_ALIAS(__##name##_l, name##_l); \
	type WFX(__##name##_internal)(const char *from, char **end, int base, int group) { (void)group; return wfx_##name(from, end, base); } \
	type WFX(wide_name)(const wchar_t *from, wchar_t **end, int base) { KEEP(type, wide_name(from, &stop, base), from, wchar_t); } \
	type WFX(wide_name##_l)(const wchar_t *from, wchar_t **end, int base, locale_t locale) { (void)locale; return wfx_##wide_name(from, end, base); } \
	WFX_ALIAS(__##wide_name##_l, wide_name##_l); \
	type WFX(__##wide_name##_internal)(const wchar_t *from, wchar_t **end, int base, int group) { (void)group; return wfx_##wide_name(from, end, base); }
INTEGER(long, strtol, wcstol)
INTEGER(unsigned long, strtoul, wcstoul)
INTEGER(long long, strtoll, wcstoll)
INTEGER(unsigned long long, strtoull, wcstoull)
WFX_ALIAS(strtoimax, strtol);
WFX_ALIAS(strtoumax, strtoul);
WFX_ALIAS(wcstoimax, wcstol);
WFX_ALIAS(wcstoumax, wcstoul);
WFX_ALIAS(strtoq, strtoll);
WFX_ALIAS(strtouq, strtoull);
WFX_ALIAS(wcstoq, wcstoll);
WFX_ALIAS(wcstouq, wcstoull);

/* glibc's are strtol: the ends of the range and not the overflow of a sum. */
int WFX(atoi)(const char *from) { return (int)wfx_strtol(from, 0, 10); }
long WFX(atol)(const char *from) { return wfx_strtol(from, 0, 10); }
long long WFX(atoll)(const char *from) { return wfx_strtoll(from, 0, 10); }

#define FLOAT(type, name, wide_name) \
	type WFX(name)(const char *from, char **end) { const int base = 0; KEEP(type, name(from, &stop), from, char); } \
	type WFX(name##_l)(const char *from, char **end, locale_t locale) { (void)locale; return wfx_##name(from, end); } \
	WFX_ALIAS(__##name##_l, name##_l); \
	type WFX(__##name##_internal)(const char *from, char **end, int group) { (void)group; return wfx_##name(from, end); } \
	type WFX(wide_name)(const wchar_t *from, wchar_t **end) { const int base = 0; KEEP(type, wide_name(from, &stop), from, wchar_t); } \
	type WFX(wide_name##_l)(const wchar_t *from, wchar_t **end, locale_t locale) { (void)locale; return wfx_##wide_name(from, end); } \
	WFX_ALIAS(__##wide_name##_l, wide_name##_l); \
	type WFX(__##wide_name##_internal)(const wchar_t *from, wchar_t **end, int group) { (void)group; return wfx_##wide_name(from, end); }
FLOAT(float, strtof, wcstof)
FLOAT(double, strtod, wcstod)
FLOAT(long double, strtold, wcstold)

/* C23: a prefix 0b in base 0 or 2. */
static int has_prefix(int c0, int c1, int c2, int base)
{
	return (base == 0 || base == 2) && c0 == '0' && (c1 == 'b' || c1 == 'B') && (c2 == '0' || c2 == '1');
}
static uint64_t signed_result(uint64_t value, int minus)
{
	if (!minus && value > INT64_MAX) { errno = ERANGE; return INT64_MAX; }
	if (minus && value > (uint64_t)INT64_MAX + 1) { errno = ERANGE; return (uint64_t)INT64_MIN; }
	return minus ? -value : value;
}
#define C23(type, name, char_type, plain, digits, space, is_signed) \
	type WFX(__isoc23_##name)(const char_type *from, char_type **end, int base) \
	{ \
		const char_type *at = from; \
		while (space(*at)) at++; \
		int minus = *at == '-'; \
		if (*at == '-' || *at == '+') at++; \
		if (at[0] != '0' || !has_prefix((int)at[0], (int)at[1], at[1] ? (int)at[2] : 0, base)) return wfx_##plain(from, end, base); \
		uint64_t value = digits(at + 2, end, 2); \
		return (type)(is_signed ? signed_result(value, minus) : minus ? -value : value); \
	} \
	type WFX(__isoc23_##name##_l)(const char_type *from, char_type **end, int base, locale_t locale) { (void)locale; return wfx___isoc23_##name(from, end, base); }
static int is_space(int c) { return c == ' ' || (c >= 9 && c <= 13); }
static int is_wide_space(wchar_t c) { return c == ' ' || (c >= 9 && c <= 13); }
C23(long, strtol, char, strtol, strtoull, is_space, 1)
C23(long long, strtoll, char, strtoll, strtoull, is_space, 1)
C23(unsigned long, strtoul, char, strtoul, strtoull, is_space, 0)
C23(unsigned long long, strtoull, char, strtoull, strtoull, is_space, 0)
C23(long, wcstol, wchar_t, wcstol, wcstoull, is_wide_space, 1)
C23(long long, wcstoll, wchar_t, wcstoll, wcstoull, is_wide_space, 1)
C23(unsigned long, wcstoul, wchar_t, wcstoul, wcstoull, is_wide_space, 0)
C23(unsigned long long, wcstoull, wchar_t, wcstoull, wcstoull, is_wide_space, 0)
WFX_ALIAS(__isoc23_strtoimax, __isoc23_strtol);
WFX_ALIAS(__isoc23_strtoumax, __isoc23_strtoul);
WFX_ALIAS(__isoc23_wcstoimax, __isoc23_wcstol);
WFX_ALIAS(__isoc23_wcstoumax, __isoc23_wcstoul);

/* Tests that are macros in musl. Long double is looked at as bits, so that no library of soft floats
   is needed where it has 128 of them. */
struct extended { uint64_t low, high; };
static struct extended bits_of(long double value)
{
	struct extended bits = { 0, 0 };
	memcpy(&bits, &value, sizeof value);
	return bits;
}
static int is_nan(long double value)
{
	struct extended bits = bits_of(value);
#if __LDBL_MANT_DIG__ == 64
	return (bits.high & 0x7fff) == 0x7fff && bits.low << 1;
#else
	return (bits.high >> 48 & 0x7fff) == 0x7fff && (bits.high << 16 || bits.low);
#endif
}
static int is_inf(long double value)
{
	struct extended bits = bits_of(value);
#if __LDBL_MANT_DIG__ == 64
	if ((bits.high & 0x7fff) != 0x7fff || bits.low << 1) return 0;
	return bits.high & 0x8000 ? -1 : 1;
#else
	if ((bits.high >> 48 & 0x7fff) != 0x7fff || bits.high << 16 || bits.low) return 0;
	return bits.high >> 63 ? -1 : 1;
#endif
}
int WFX(__isnan)(double value) { return value != value; }
int WFX(__isnanf)(float value) { return value != value; }
int WFX(__isnanl)(long double value) { return is_nan(value); }
int WFX(__isinf)(double value) { return __builtin_isinf_sign(value); }
int WFX(__isinff)(float value) { return __builtin_isinf_sign(value); }
int WFX(__isinfl)(long double value) { return is_inf(value); }
int WFX(__finite)(double value) { return __builtin_isfinite(value); }
int WFX(__finitef)(float value) { return __builtin_isfinite(value); }
int WFX(__finitel)(long double value) { return !is_nan(value) && !is_inf(value); }
WFX_ALIAS(isnan, __isnan);
WFX_ALIAS(isnanf, __isnanf);
WFX_ALIAS(isnanl, __isnanl);
WFX_ALIAS(isinf, __isinf);
WFX_ALIAS(isinff, __isinff);
WFX_ALIAS(isinfl, __isinfl);
WFX_ALIAS(finitel, __finitel);

static int signals(uint64_t bits, uint64_t exponent, uint64_t quiet) { return (bits & exponent) == exponent && bits & (quiet * 2 - 1) && !(bits & quiet); }
int WFX(__issignaling)(double value) { uint64_t bits; memcpy(&bits, &value, 8); return signals(bits, 0x7ff0000000000000, 0x0008000000000000); }
int WFX(__issignalingf)(float value) { uint32_t bits; memcpy(&bits, &value, 4); return signals(bits, 0x7f800000, 0x00400000); }
int WFX(__iseqsig)(double a, double b)
{
	if (__builtin_isless(a, b) || __builtin_isgreater(a, b)) return 0;
	if (a == b) return 1;
	feraiseexcept(FE_INVALID);
	errno = EDOM;
	return 0;
}
int WFX(__iseqsigf)(float a, float b) { return wfx___iseqsig(a, b); }

/* roundeven of C23: to the nearest whole number, halves to the even one, whatever the rounding mode. */
double WFX(roundeven)(double x)
{
	double near = __builtin_trunc(x), rest = __builtin_fabs(x - near);
	if (x != x || rest == 0) return x;
	if (rest > 0.5 || (rest == 0.5 && near / 2 != __builtin_trunc(near / 2))) near += x < 0 ? -1 : 1;
	return __builtin_copysign(near, x);
}
float WFX(roundevenf)(float x) { return (float)wfx_roundeven(x); }

/* --- Floating-point traps --- */
#if defined(__x86_64__)
int WFX(fegetexcept)(void)
{
	unsigned short control;
	__asm__("fnstcw %0" : "=m"(control));
	return ~control & 0x3d;
}
static int set_traps(int on, int off)
{
	unsigned short control;
	unsigned mxcsr;
	int before = wfx_fegetexcept();
	on &= 0x3d;
	off &= 0x3d;
	__asm__("fnstcw %0" : "=m"(control));
	control = (unsigned short)((control | off) & ~on);
	__asm__ volatile("fldcw %0" : : "m"(control));
	__asm__("stmxcsr %0" : "=m"(mxcsr));
	mxcsr = (mxcsr | (unsigned)off << 7) & ~((unsigned)on << 7);
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	return before;
}
int WFX(feenableexcept)(int traps) { return set_traps(traps, 0); }
int WFX(fedisableexcept)(int traps) { return set_traps(0, traps); }
#elif defined(__aarch64__)
static uint64_t control(void) { uint64_t bits; __asm__ volatile("mrs %0, fpcr" : "=r"(bits)); return bits; }
static void set_control(uint64_t bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }
int WFX(fegetexcept)(void) { return (int)(control() >> 8 & 0x1f); }
int WFX(feenableexcept)(int traps)
{
	int before = wfx_fegetexcept();
	set_control(control() | (uint64_t)(traps & 0x1f) << 8);
	/* A machine without traps keeps the bits at 0. */
	return (wfx_fegetexcept() & traps & 0x1f) == (traps & 0x1f) ? before : -1;
}
int WFX(fedisableexcept)(int traps)
{
	int before = wfx_fegetexcept();
	set_control(control() & ~((uint64_t)(traps & 0x1f) << 8));
	return before;
}
#else
/* RISC-V has no traps: glibc says so too. */
int WFX(fegetexcept)(void) { return 0; }
int WFX(feenableexcept)(int traps) { return traps & 0x1f ? -1 : 0; }
int WFX(fedisableexcept)(int traps) { (void)traps; return 0; }
#endif
