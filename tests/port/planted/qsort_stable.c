/* same */
#include "planted.h"
#include <stdlib.h>
struct item { int key, place; char more[20]; };
static int by_key(const void *a, const void *b) { return ((const struct item *)a)->key - ((const struct item *)b)->key; }
static int with(const void *a, const void *b, void *sign) { return *(int *)sign * by_key(a, b); }
RUN
{
	static struct item items[5000];
	unsigned state = 7;
	for (int i = 0; i < 5000; i++) { state = state * 1103515245 + 12345; items[i].key = state >> 24 & 15; items[i].place = i; }
	qsort(items, 5000, sizeof *items, by_key);
	unsigned sum = 0;
	for (int i = 0; i < 5000; i++) sum = sum * 31 + items[i].place;
	say("%u\n", sum);
	int down = -1;
	qsort_r(items, 5000, sizeof *items, with, &down);
	for (int i = 0; i < 5000; i++) sum = sum * 31 + items[i].place;
	say("%u\n", sum);
	qsort(items, 40, sizeof *items, by_key);
	for (int i = 0; i < 40; i++) sum = sum * 31 + items[i].place;
	struct item key = { 9 };
	qsort(items, 5000, sizeof *items, by_key);
	struct item *found = bsearch(&key, items, 5000, sizeof *items, by_key);
	say("%u %d\n", sum, found ? (int)(found - items) : -1);
	DONE;
}
