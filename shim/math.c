/* Functions of libm as glibc leaves errno: EDOM and ERANGE, which musl never sets. The values are
   musl's. The look at the result costs a compare where all is well. */
#include "wfx.h"
#include <math.h>

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
	ONE(type, sqrt##f) ONE(type, sin##f) ONE(type, cos##f) ONE(type, tan##f) ONE(type, logb##f) \
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

/* Whole numbers that do not exist: EDOM. */
#define WHOLE(type, name) \
	int WFX(name)(type x) { if (x == 0 || !__builtin_isfinite(x)) errno = EDOM; return name(x); }
WHOLE(double, ilogb)
WHOLE(float, ilogbf)

/* ERANGE where the step leaves the finite or the normal numbers. */
#define NEXT(type, name, least) \
	EXPORT(type, name)(type x, type a) \
	{ \
		type y = name(x, a); \
		if (x != a && __builtin_isfinite(x) && (!__builtin_isfinite(y) || __builtin_fabs(y) < least)) errno = ERANGE; \
		return y; \
	}
NEXT(double, nextafter, 0x1p-1022)
NEXT(float, nextafterf, 0x1p-126f)
double WFX(yn)(int n, double x) { double y = yn(n, x); if (!ORDINARY(y) && x == x) errno = y != y ? EDOM : ERANGE; return y; }
float WFX(ynf)(int n, float x) { float y = ynf(n, x); if (!ORDINARY(y) && x == x) errno = y != y ? EDOM : ERANGE; return y; }
