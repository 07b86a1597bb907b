/* Sorting and searching as glibc does: qsort merges and is therefore stable (musl's smoothsort is
   not), bsearch finds the same one of several equal elements. Exceptions of a comparison pass. */
#include "wfx.h"
#include <stdlib.h>
#include <string.h>

typedef int (*compare)(const void *, const void *, void *);

/* Merges the two sorted halves of base through spare, which holds the first half. */
static void merge_sort(char *base, size_t count, size_t size, compare less, void *with, char *spare)
{
	if (count < 2) return;
	size_t half = count / 2;
	char *right = base + half * size;
	merge_sort(base, half, size, less, with, spare);
	merge_sort(right, count - half, size, less, with, spare);
	if (less(right - size, right, with) <= 0) return;
	memcpy(spare, base, half * size);
	char *left = spare, *left_end = spare + half * size, *right_end = base + count * size, *to = base;
	while (left < left_end && right < right_end) {
		char **from = less(left, right, with) <= 0 ? &left : &right;
		memcpy(to, *from, size);
		*from += size;
		to += size;
	}
	memcpy(to, left, (size_t)(left_end - left));
}

/* Without memory for the merge: insertion, which is stable too. */
static void insertion_sort(char *base, size_t count, size_t size, compare less, void *with)
{
	for (size_t i = 1; i < count; i++) {
		for (char *at = base + i * size; at > base && less(at - size, at, with) > 0; at -= size) {
			for (size_t k = 0; k < size; k++) { char c = at[k]; at[k] = at[k - size]; at[k - size] = c; }
		}
	}
}

void WFX(qsort_r)(void *base, size_t count, size_t size, compare less, void *with)
{
	char few[1024], *spare = few;
	size_t bytes;
	if (count < 2 || size == 0) return;
	if (__builtin_mul_overflow(count / 2, size, &bytes)) return;
	if (bytes > sizeof few) spare = malloc(bytes);
	if (!spare) { insertion_sort(base, count, size, less, with); return; }
	merge_sort(base, count, size, less, with, spare);
	if (spare != few) free(spare);
}

static int without(const void *a, const void *b, void *plain) { return (*(int (**)(const void *, const void *))plain)(a, b); }
void WFX(qsort)(void *base, size_t count, size_t size, int (*less)(const void *, const void *))
{
	wfx_qsort_r(base, count, size, without, &less);
}

void *WFX(bsearch)(const void *key, const void *base, size_t count, size_t size, int (*less)(const void *, const void *))
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *at = (const char *)base + middle * size;
		int order = less(key, at);
		if (order < 0) high = middle;
		else if (order > 0) low = middle + 1;
		else return (void *)at;
	}
	return 0;
}
