/* same: flags -fno-builtin */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <complex.h>
#include <math.h>
static void tell(const char *name, long double complex z)
{
	say("%s %.17Lg %.17Lg\n", name, creall(z), cimagl(z));
}
RUN
{
	volatile long double re[] = { 0.5L, -2.25L, 1e-10L, 30, 700, 0 }, im[] = { 1.5L, 0.1L, -3, 1e-5L, 2, 1 };
	for (int i = 0; i < 6; i++) {
		long double complex z = CMPLXL(re[i], im[i]);
		tell("exp", cexpl(z)); tell("sin", csinl(z)); tell("cos", ccosl(z)); tell("tan", ctanl(z)); tell("sinh", csinhl(z)); tell("cosh", ccoshl(z)); tell("tanh", ctanhl(z));
		tell("sqrt", csqrtl(z)); tell("log", clogl(z)); 
		if (i < 3) tell("pow", cpowl(z, CMPLXL(0.5L, 1)));
	}
	tell("big", cexpl(CMPLXL(11356, 1.5L)));
	tell("neg", csqrtl(CMPLXL(-4, -0.0L)));
	tell("inf", cexpl(CMPLXL(-INFINITY, 1)));
	tell("log0", clogl(CMPLXL(0, 0)));
	DONE;
}
