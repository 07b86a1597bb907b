/* same */
#include "planted.h"
#include <math.h>
extern int __isnan(double), __isinf(double), __finite(double), __isnanf(float), __isinff(float), __finitef(float), __isnanl(long double), __isinfl(long double), __finitel(long double), __issignaling(double), __iseqsig(double, double);
double (*volatile even)(double);
RUN
{
	volatile double d[] = { 0, -1, NAN, INFINITY, -INFINITY, 5e-324 };
	for (int i = 0; i < 6; i++) {
		double x = d[i];
		say("%d %d %d ", !!__isnan(x), __isinf(x), !!__finite(x));
		say("%d %d %d ", !!__isnanf(x), __isinff(x), !!__finitef(x));
		say("%d %d %d ", !!__isnanl(x), __isinfl(x), !!__finitel(x));
		say("%d %d\n", __issignaling(x), __iseqsig(x, x));
	}
	even = roundeven;
	double halves[] = { 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, 2.6, 1e300, -0.0, 3.5, 4.49999, -3.2 };
	for (unsigned i = 0; i < 13; i++) say("%g ", even(halves[i]));
	say("\n");
	DONE;
}
