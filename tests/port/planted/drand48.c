/* same */
#include "planted.h"
#include <stdlib.h>
RUN
{
	unsigned short x[3] = { 1, 2, 3 }, with[7] = { 9, 8, 7, 6, 5, 4, 3 };
	say("%.17g %ld %ld\n", drand48(), lrand48(), mrand48());
	srand48(77);
	say("%.17g %.17g %ld %ld\n", drand48(), erand48(x), nrand48(x), jrand48(x));
	lcong48(with);
	say("%.17g %ld\n", drand48(), mrand48());
	srand48(77);
	say("%.17g\n", drand48());
	unsigned short *old = seed48(x);
	say("%d %d %d %ld\n", old[0], old[1], old[2], lrand48());
	struct drand48_data data;
	double value;
	long whole;
	srand48_r(5, &data);
	drand48_r(&data, &value);
	lrand48_r(&data, &whole);
	say("%.17g %ld\n", value, whole);
	DONE;
}
