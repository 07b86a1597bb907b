/* same */
#include "planted.h"
#include <stdlib.h>
RUN
{
	char state[256], *was;
	unsigned seed = 42;
	for (int i = 0; i < 5; i++) say("%d ", rand());
	srand(1234);
	for (int i = 0; i < 5; i++) { int a = rand(); say("%d %ld ", a, random()); }
	srandom(0);
	say("%ld\n", random());
	for (int i = 0; i < 5; i++) say("%d ", rand_r(&seed));
	say("%u\n", seed);
	for (size_t size = 8; size <= 256; size *= 2) {
		was = initstate(99, state, size);
		for (int i = 0; i < 70; i++) random();
		say("%d %ld ", was != 0, random());
		setstate(was);
		say("%ld\n", random());
	}
	struct random_data data = { 0 };
	int32_t value;
	memset(state, 0, sizeof state);
	say("%d ", initstate_r(5, state, 128, &data));
	for (int i = 0; i < 4; i++) { random_r(&data, &value); say("%d ", value); }
	srandom_r(6, &data);
	random_r(&data, &value);
	say("%d\n", value);
	DONE;
}
