/* same: flags -fno-builtin */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <complex.h>
#include <math.h>
static double plain(double x) { return x != x ? NAN : x; }
static void tell(const char *name, double complex z) { say("%s %.14g %.14g ", name, plain(creal(z)), plain(cimag(z))); }
RUN
{
	double values[] = { 0.0, -0.0, 0.5, -2, 1, 1e-10, 1e10, -1e200, 1e-200, INFINITY, -INFINITY, NAN };
	for (int i = 0; i < 12; i++) for (int k = 0; k < 12; k++) {
		double complex z = CMPLX(values[i], values[k]);
		say("(%g %g) ", plain(values[i]), plain(values[k]));
		tell("asin", casin(z)); tell("acos", cacos(z)); tell("asinh", casinh(z)); tell("acosh", cacosh(z));
		float complex f = casinf(z), g = cacoshf(z);
		say("%.5g %.5g %.5g %.5g\n", plain(crealf(f)), plain(cimagf(f)), plain(crealf(g)), plain(cimagf(g)));
	}
	long double complex l = casinl(CMPLXL(3, 4)), m = cacosl(CMPLXL(1e-12L, -1e12L));
	say("%.16Lg %.16Lg %.16Lg %.16Lg\n", creall(l), cimagl(l), creall(m), cimagl(m));
	DONE;
}
