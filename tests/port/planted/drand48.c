/* same */
#include "planted.h"
#include <stdlib.h>
RUN
{
	unsigned short x[3] = { 1, 2, 3 }, with[7] = { 9, 8, 7, 6, 5, 4, 3 };
	say("%.17g ", drand48());
	say("%ld ", lrand48());
	say("%ld\n", mrand48());
	srand48(77);
	say("%.17g ", drand48());
	say("%.17g ", erand48(x));
	say("%ld ", nrand48(x));
	say("%ld\n", jrand48(x));
	lcong48(with);
	say("%.17g ", drand48());
	say("%ld\n", mrand48());
	srand48(77);
	say("%.17g\n", drand48());
	unsigned short *old = seed48(x);
	say("%d %d %d ", old[0], old[1], old[2]);
	say("%ld\n", lrand48());
	struct drand48_data data;
	double value;
	long whole;
	srand48_r(5, &data);
	drand48_r(&data, &value);
	lrand48_r(&data, &whole);
	say("%.17g %ld\n", value, whole);
	DONE;
}
