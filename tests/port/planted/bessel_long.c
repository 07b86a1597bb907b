/* same: flags -fno-builtin */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <math.h>
RUN
{
	long double xs[] = { 0.001L, 0.5L, 1, 2.5L, 7.25L, 20, 55, 75.5L, 1000 };
	for (int i = 0; i < 9; i++) for (int n = -3; n < 12; n += 2) say("%.13Lg %.13Lg\n", jnl(n, xs[i]), ynl(n, xs[i]));
	for (int i = 0; i < 9; i++) say("%.13Lg %.13Lg %.13Lg %.13Lg\n", j0l(xs[i]), j1l(-xs[i]), y0l(xs[i]), y1l(xs[i]));
	say("%Lg %Lg %Lg %Lg\n", jnl(0, 0), jnl(3, 0), jnl(2, INFINITY), ynl(1, INFINITY));
	DONE;
}
