/* Functions of libm as glibc leaves errno: EDOM and ERANGE, which musl never sets. The values are
   musl's. The look at the result costs a compare where all is well. */
#include "wfx.h"
#include <math.h>
#include <string.h>

#define ORDINARY(y) __builtin_expect(__builtin_isfinite(y), 1)
#define EXPORT(type, name) type WFX(name)

/* y from x: no number from a number is EDOM, infinity from a finite number ERANGE. */
#define ONE(type, name) \
	EXPORT(type, name)(type x) \
	{ \
		type y = name(x); \
		if (ORDINARY(y)) return y; \
		if (y != y) { if (x == x) errno = EDOM; } \
		else if (__builtin_isfinite(x)) errno = ERANGE; \
		return y; \
	}
/* As ONE, and ERANGE where a finite number's result vanishes. */
#define VANISHING(type, name, is_exact) \
	EXPORT(type, name)(type x) \
	{ \
		type y = name(x); \
		if (ORDINARY(y) && __builtin_expect(y != 0, 1)) return y; \
		if (y != y) { if (x == x) errno = EDOM; } \
		else if (__builtin_isfinite(x) && !(is_exact)) errno = ERANGE; \
		return y; \
	}
/* As ONE, where a result can be 0 only because the argument asks for it. */
#define TWO(type, name, is_exact) \
	EXPORT(type, name)(type x, type a) \
	{ \
		type y = name(x, a); \
		if (ORDINARY(y) && __builtin_expect(y != 0, 1)) return y; \
		if (y != y) { if (x == x && a == a) errno = EDOM; } \
		else if (__builtin_isfinite(x) && __builtin_isfinite(a) && !(y == 0 && (is_exact))) errno = ERANGE; \
		return y; \
	}
#define SCALED(type, name, count) \
	EXPORT(type, name)(type x, count n) \
	{ \
		type y = name(x, n); \
		if (ORDINARY(y) && __builtin_expect(y != 0, 1)) return y; \
		if (__builtin_isfinite(x) && x != 0) errno = ERANGE; \
		return y; \
	}

#define FAMILY(ONE_OF) ONE_OF(double, ) ONE_OF(float, f)
#define ALL_OF(type, f) \
	ONE(type, acos##f) ONE(type, asin##f) ONE(type, acosh##f) ONE(type, atanh##f) \
	ONE(type, cosh##f) ONE(type, sinh##f) ONE(type, tgamma##f) \
	ONE(type, log##f) ONE(type, log2##f) ONE(type, log10##f) ONE(type, log1p##f) ONE(type, expm1##f) \
	ONE(type, sqrt##f) ONE(type, sin##f) ONE(type, cos##f) ONE(type, tan##f) \
	VANISHING(type, exp##f, 0) VANISHING(type, exp2##f, 0) VANISHING(type, exp10##f, 0) \
	VANISHING(type, erfc##f, 0) \
	TWO(type, pow##f, x == 0) TWO(type, hypot##f, 1) TWO(type, fmod##f, 1) TWO(type, remainder##f, 1) TWO(type, drem##f, 1) \
	TWO(type, fdim##f, 1) ONE(type, y0##f) ONE(type, y1##f) \
	SCALED(type, ldexp##f, int) SCALED(type, scalbn##f, int) SCALED(type, scalbln##f, long)
FAMILY(ALL_OF)

/* The logarithm of the gamma function has a pole at whole numbers below 1. */
#define GAMMA(type, f) \
	ONE(type, lgamma##f) \
	EXPORT(type, lgamma##f##_r)(type x, int *sign) \
	{ \
		type y = lgamma##f##_r(x, sign); \
		if (!ORDINARY(y) && y == y && __builtin_isfinite(x)) errno = ERANGE; \
		return y; \
	}
FAMILY(GAMMA)

/* The exponent of 0 and of no number: EDOM, and values that are other ones beyond x86-64. */
#if defined(__x86_64__)
enum { OF_ZERO = INT_MIN, OF_NAN = INT_MIN };
#else
enum { OF_ZERO = -INT_MAX, OF_NAN = INT_MAX };
#endif
#define WHOLE(type, name, is_zero, is_nan, is_finite) \
	int WFX(name)(type x) \
	{ \
		if (is_finite && !(is_zero)) return name(x); \
		errno = EDOM; \
		return is_nan ? OF_NAN : is_zero ? OF_ZERO : INT_MAX; \
	}
WHOLE(double, ilogb, x == 0, x != x, __builtin_isfinite(x))
WHOLE(float, ilogbf, x == 0, x != x, __builtin_isfinite(x))
/* Long double by its bits, so that no library of soft floats is needed. */
int wfx___isnanl(long double), wfx___finitel(long double);
static int is_zero(long double x)
{
	uint64_t bits[2] = { 0, 0 };
	memcpy(bits, &x, sizeof x);
#if __LDBL_MANT_DIG__ == 64
	return !bits[0] && !(bits[1] & 0x7fff);
#else
	return !bits[0] && !(bits[1] << 1);
#endif
}
WHOLE(long double, ilogbl, is_zero(x), wfx___isnanl(x), wfx___finitel(x))

/* ERANGE where the step leaves the finite or the normal numbers. */
#define NEXT(type, name, least) \
	EXPORT(type, name)(type x, type a) \
	{ \
		type y = name(x, a); \
		if (x != a && x != 0 && __builtin_isfinite(x) && (!__builtin_isfinite(y) || __builtin_fabs(y) < least)) errno = ERANGE; \
		return y; \
	}
NEXT(double, nextafter, 0x1p-1022)
NEXT(float, nextafterf, 0x1p-126f)
double WFX(yn)(int n, double x) { double y = yn(n, x); if (!ORDINARY(y) && x == x) errno = y != y ? EDOM : ERANGE; return y; }
float WFX(ynf)(int n, float x) { float y = ynf(n, x); if (!ORDINARY(y) && x == x) errno = y != y ? EDOM : ERANGE; return y; }
