/* Inverse complex functions after Kahan, exact for large and small arguments, where musl's formulas lose
   their digits; special values as the C standard's annex G has them. */
#include "wfx.h"
#include <complex.h>
#include <math.h>

#define WHOLE 3.14159265358979323846264338327950288L
#define HALF (WHOLE / 2)
#define QUARTER (WHOLE / 4)

#define FAMILY(real, f) \
	typedef real complex number##f; \
	static number##f make##f(real re, real im) { number##f z; __real__ z = re; __imag__ z = im; return z; } \
	static real product##f(real a, real b, real c, real d) { return a * b + c * d; } \
	number##f wfx_casinh##f(number##f z); \
	static number##f root##f(real x, real y) \
	{ \
		/* Of numbers that are finite: scaled where the sum of squares would not be. */ \
		if (x == 0 && y == 0) return make##f(0, y); \
		real up = 1, back = 1, big = fabs##f(x) > fabs##f(y) ? fabs##f(x) : fabs##f(y); \
		if (big > HUGE_##f) { up = 0.25f; back = 2; } \
		else if (big < TINY_##f) { up = SCALE_##f * SCALE_##f; back = 1 / SCALE_##f; } \
		x *= up; y *= up; \
		real t = sqrt##f((fabs##f(x) + hypot##f(x, y)) / 2); \
		if (x >= 0) return make##f(t * back, y / (2 * t) * back); \
		return make##f(fabs##f(y) / (2 * t) * back, copysign##f(t, y) * back); \
	} \
	/* arcsin(z) = atan(x / Re(sqrt(1-z) sqrt(1+z))) + i asinh(Im(conj(sqrt(1-z)) sqrt(1+z))) */ \
	static number##f arcsine##f(real x, real y) \
	{ \
		number##f a = root##f(1 - x, -y), b = root##f(1 + x, y); \
		return make##f(atan2##f(x, product##f(__real__ a, __real__ b, -__imag__ a, __imag__ b)), \
			asinh##f(product##f(__real__ a, __imag__ b, -__imag__ a, __real__ b))); \
	} \
	static number##f arccosine##f(real x, real y) \
	{ \
		number##f a = root##f(1 - x, -y), b = root##f(1 + x, y); \
		return make##f(2 * atan2##f(__real__ a, __real__ b), asinh##f(product##f(__real__ b, __imag__ a, -__imag__ b, __real__ a))); \
	} \
	number##f WFX(casinh##f)(number##f z) \
	{ \
		real x = __real__ z, y = __imag__ z; \
		if (__builtin_isfinite(x) && __builtin_isfinite(y)) { number##f w = arcsine##f(-y, x); return make##f(copysign##f(__imag__ w, x), copysign##f(__real__ w, y)); } \
		if (__builtin_isinf(x)) return make##f(x, y != y ? y : copysign##f(__builtin_isinf(y) ? (real)QUARTER : 0, y)); \
		if (__builtin_isinf(y)) return make##f(x != x ? fabs##f(y) : copysign##f(fabs##f(y), x), x != x ? x : copysign##f((real)HALF, y)); \
		if (x != x && y == 0) return make##f(x, y); \
		return make##f(x + y, x + y); \
	} \
	number##f WFX(casin##f)(number##f z) \
	{ \
		real x = __real__ z, y = __imag__ z; \
		if ((x != x || y != y) && (__builtin_isinf(x) || __builtin_isinf(y))) return make##f(x != x ? x : y, copysign##f((real)__builtin_inf(), y)); \
		number##f w = wfx_casinh##f(make##f(-y, x)); \
		return make##f(__imag__ w, -__real__ w); \
	} \
	number##f WFX(cacos##f)(number##f z) \
	{ \
		real x = __real__ z, y = __imag__ z; \
		if (__builtin_isfinite(x) && __builtin_isfinite(y)) { number##f w = arccosine##f(x, y); return make##f(__real__ w, copysign##f(__imag__ w, -y)); } \
		if (y != y) { \
			if (__builtin_isinf(x)) return make##f(y, -copysign##f(x, y)); \
			return make##f(x == 0 ? (real)HALF : y + x, y); \
		} \
		if (__builtin_isinf(y)) return make##f(x != x ? x : !__builtin_isinf(x) ? (real)HALF : x < 0 ? 3 * (real)QUARTER : (real)QUARTER, -y); \
		if (x != x) return make##f(x, x); \
		return make##f(x < 0 ? (real)WHOLE : 0, copysign##f(fabs##f(x), -y)); \
	} \
	number##f WFX(cacosh##f)(number##f z) \
	{ \
		number##f w = wfx_cacos##f(z); \
		if (__imag__ z != __imag__ z) return make##f(__builtin_isinf(__real__ z) ? (real)__builtin_inf() : __imag__ z, __real__ w); \
		return signbit(__imag__ w) ? make##f(-__imag__ w, __real__ w) : make##f(__imag__ w, -__real__ w); \
	}
#define HUGE_ 0x1p1020
#define TINY_ 0x1p-900
#define SCALE_ 0x1p200
#define HUGE_f 0x1p120f
#define TINY_f 0x1p-80f
#define SCALE_f 0x1p30f
FAMILY(double, )
FAMILY(float, f)
#if defined(__x86_64__)
#define HUGE_l 0x1p16380L
#define TINY_l 0x1p-16000L
#define SCALE_l 0x1p200L
FAMILY(long double, l)
#endif
