/* Complex functions for long double on x86-64, where musl computes in double. What is not finite is left
   to the function for double, whose special values are the same. */
#include "wfx.h"
#if defined(__x86_64__)
#include <complex.h>
#include <math.h>
typedef long double complex number;
#define RE(z) __real__(z)
#define IM(z) __imag__(z)
static number make(long double re, long double im) { number z; RE(z) = re; IM(z) = im; return z; }
static int finite_parts(number z) { return __builtin_isfinite(RE(z)) && __builtin_isfinite(IM(z)); }
#define FUNCTION(name, plain, value) \
	number WFX(name)(number z) \
	{ \
		long double x = RE(z), y = IM(z); \
		(void)x; (void)y; \
		if (!finite_parts(z)) return plain((double complex)z); \
		return value; \
	}
/* The factors one by one, so that a large exponential meets a small cosine without overflow. */
static number scaled(long double x, long double y)
{
	if (x > 11000) { long double half = expl(x / 2); return make(half * cosl(y) * half, half * sinl(y) * half); }
	long double e = expl(x);
	return make(e * cosl(y), y == 0 ? y : e * sinl(y));
}
FUNCTION(cexpl, cexp, scaled(x, y))
FUNCTION(csinhl, csinh, make(sinhl(x) * cosl(y), y == 0 ? y : coshl(x) * sinl(y)))
FUNCTION(ccoshl, ccosh, make(coshl(x) * cosl(y), x == 0 || y == 0 ? x * y : sinhl(x) * sinl(y)))
static number tangent(long double x, long double y)
{
	if (fabsl(x) > 40) return make(copysignl(1, x), 4 * sinl(y) * cosl(y) * expl(-2 * fabsl(x)));
	long double t = tanl(y), beta = 1 + t * t, s = sinhl(x), rho = sqrtl(1 + s * s), denominator = 1 + beta * s * s;
	return make(beta * rho * s / denominator, t / denominator);
}
FUNCTION(ctanhl, ctanh, tangent(x, y))
/* sin z = -i sinh(iz), and so on. */
number WFX(csinl)(number z) { number w = wfx_csinhl(make(-IM(z), RE(z))); return make(IM(w), -RE(w)); }
number WFX(ccosl)(number z) { return wfx_ccoshl(make(-IM(z), RE(z))); }
number WFX(ctanl)(number z) { number w = wfx_ctanhl(make(-IM(z), RE(z))); return make(IM(w), -RE(w)); }
static number root(long double x, long double y)
{
	if (x == 0 && y == 0) return make(0, y);
	int big = fabsl(x) > 0x1p16380L || fabsl(y) > 0x1p16380L;
	int small = fabsl(x) < 0x1p-16300L && fabsl(y) < 0x1p-16300L;
	long double up = big ? 0.25L : small ? 0x1p200L : 1, back = big ? 2 : small ? 0x1p-100L : 1;
	x *= up;
	y *= up;
	long double t = sqrtl((fabsl(x) + hypotl(x, y)) / 2);
	if (x >= 0) return make(t * back, y / (2 * t) * back);
	return make(fabsl(y) / (2 * t) * back, copysignl(t, y) * back);
}
FUNCTION(csqrtl, csqrt, root(x, y))
static number logarithm(long double x, long double y)
{
	long double big = fabsl(x) > fabsl(y) ? fabsl(x) : fabsl(y), little = fabsl(x) > fabsl(y) ? fabsl(y) : fabsl(x), re;
	if (big == 0) re = -1 / big;
	else if (big > 0.5L && big < 2) re = log1pl((big - 1) * (big + 1) + little * little) / 2;
	else re = logl(hypotl(x, y));
	return make(re, atan2l(y, x));
}
FUNCTION(clogl, clog, logarithm(x, y))
number WFX(cpowl)(number base, number to)
{
	number l = wfx_clogl(base);
	return wfx_cexpl(make(RE(to) * RE(l) - IM(to) * IM(l), RE(to) * IM(l) + IM(to) * RE(l)));
}
#endif
