/* Bessel functions for long double on x86-64 (Fortran's runtime asks for them; musl has those for double
   only): backward recurrence where the argument is small, Hankel's expansion where it is large. */
#include "wfx.h"
#if defined(__x86_64__)
#include <math.h>

static const long double pi = 3.14159265358979323846264338327950288L, euler = 0.57721566490153286060651209008240243L;
enum { LARGE = 60 };

/* J0 and J1 (and Y0, Y1) by Hankel's expansion: sqrt(2/(pi x)) (P cos(w) - Q sin(w)). */
static void hankel(int order, long double x, long double *j, long double *y)
{
	long double mu = order ? 4 : 0, p = 1, q = 0, term = 1;
	for (int k = 1; k < 60; k++) {
		long double next = term * (mu - (2.0L * k - 1) * (2.0L * k - 1)) / (k * 8 * x);
		if (fabsl(next) >= fabsl(term) || fabsl(next) < 1e-22L) break;
		term = next;
		switch (k & 3) {
		case 1: q += term; break;
		case 2: p -= term; break;
		case 3: q -= term; break;
		case 0: p += term; break;
		}
	}
	/* cos and sin of x - (order/2 + 1/4) pi, from those of x: no digits are lost in the difference. */
	long double s = sinl(x), c = cosl(x), root = sqrtl(0.5L), cw = order ? (s - c) * root : (c + s) * root, sw = order ? -(s + c) * root : (s - c) * root;
	long double scale = sqrtl(2 / (pi * x));
	*j = scale * (p * cw - q * sw);
	*y = scale * (p * sw + q * cw);
}

/* Miller: J0, J1 and Jn of 0 < x, and the sum that Y0 needs. */
static long double backward(int n, long double x, long double *j0, long double *j1, long double *neumann)
{
	int start = (n > (int)x ? n : (int)x) + 60;
	start += start & 1;
	long double after = 0, now = 1e-4000L, sum = 0, alternating = 0, at_n = 0, first = 0;
	for (int k = start; k >= 0; k--) {
		/* `now` is J_k up to a factor. */
		if (k == n) at_n = now;
		if (k == 1) first = now;
		if (k % 2 == 0) {
			sum += k ? 2 * now : now;
			if (k) alternating += (k / 2 % 2 ? -1 : 1) * now / (k / 2);
		}
		long double before = 2 * k / x * now - after;
		if (k == 0) break;
		after = now;
		now = before;
		if (fabsl(now) > 1e4000L) { now *= 1e-4000L; after *= 1e-4000L; sum *= 1e-4000L; alternating *= 1e-4000L; at_n *= 1e-4000L; first *= 1e-4000L; }
	}
	*j0 = now / sum;
	*j1 = first / sum;
	*neumann = alternating / sum;
	return at_n / sum;
}
static long double second_kind(long double x, long double *y1)
{
	long double j0, j1, sum, y0;
	if (x >= LARGE) { hankel(0, x, &j0, &y0); hankel(1, x, &j1, y1); return y0; }
	backward(1, x, &j0, &j1, &sum);
	y0 = 2 / pi * (logl(x / 2) + euler) * j0 - 4 / pi * sum;
	*y1 = (j1 * y0 - 2 / (pi * x)) / j0;
	return y0;
}

long double WFX(jnl)(int n, long double x)
{
	long double j0, j1, y, sum, sign = 1;
	if (x != x) return x + x;
	if (n < 0) { n = -n; x = -x; }
	if (x < 0) { x = -x; if (n & 1) sign = -1; }
	if (x == 0) return n == 0 ? 1 : sign * 0.0L;
	if (__builtin_isinf(x)) return sign * 0.0L;
	if (x >= LARGE && n <= x) {
		hankel(0, x, &j0, &y);
		hankel(1, x, &j1, &y);
		if (n == 0) return j0;
		for (int k = 1; k < n; k++) { long double next = 2 * k / x * j1 - j0; j0 = j1; j1 = next; }
		return sign * j1;
	}
	if (x < 1e-5L) {
		/* One term of the series; its next is too small to be seen. */
		long double value = 1;
		for (int k = 1; k <= n; k++) value *= x / 2 / k;
		return sign * value * (1 - x * x / 4 / (n + 1));
	}
	return sign * backward(n, x, &j0, &j1, &sum);
}
long double WFX(ynl)(int n, long double x)
{
	long double sign = 1, y0, y1;
	if (x != x) return x + x;
	if (n < 0) { n = -n; if (n & 1) sign = -1; }
	if (x == 0) { errno = ERANGE; return -1 / fabsl(x) * (n & 1 && sign < 0 ? -1 : 1); }
	if (x < 0) { errno = EDOM; return (x - x) / (x - x); }
	if (__builtin_isinf(x)) return 0;
	y0 = second_kind(x, &y1);
	if (n == 0) return y0;
	for (int k = 1; k < n && !__builtin_isinf(y1); k++) { long double next = 2 * k / x * y1 - y0; y0 = y1; y1 = next; }
	if (__builtin_isinf(y1)) errno = ERANGE;
	return sign * y1;
}
long double WFX(j0l)(long double x) { return wfx_jnl(0, x); }
long double WFX(j1l)(long double x) { return wfx_jnl(1, x); }
long double WFX(y0l)(long double x) { return wfx_ynl(0, x); }
long double WFX(y1l)(long double x) { return wfx_ynl(1, x); }
#endif
