/* same */
/* errno where no digits are found; the ends of the ranges. */
#include "planted.h"
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <wchar.h>
#define TRY(format, call) do { errno = 0; end = (char *)1; __typeof(call) value = call; say("%-34s " format " %d\n", #call, value, errno); } while (0)
RUN
{
	char *end;
	wchar_t *wend;
	locale_t c = newlocale(LC_ALL_MASK, "C", 0);
	const char *volatile empty = "", *volatile word = "abc", *volatile large = "99999999999999999999", *volatile odd = "0x", *volatile bin = "0b101";
	TRY("%ld", strtol(empty, &end, 10));
	TRY("%ld", strtol(word, &end, 10));
	TRY("%ld", strtol(word, &end, 16));
	TRY("%ld", strtol(word, &end, 1));
	TRY("%ld", strtol(word, &end, 99));
	TRY("%ld", strtol(large, &end, 10));
	TRY("%ld", strtol(odd, &end, 16));
	TRY("%ld", strtol(bin, &end, 0));
	TRY("%lu", strtoul(empty, 0, 0));
	TRY("%lu", strtoul("-1", &end, 0));
	TRY("%lld", strtoll(word, &end, 8));
	TRY("%llu", strtoull(large, &end, 10));
	TRY("%jd", strtoimax(empty, &end, 10));
	TRY("%ju", strtoumax(empty, &end, 10));
	TRY("%ld", strtol_l(empty, &end, 10, c));
	TRY("%g", strtod(word, &end));
	TRY("%g", strtod(empty, &end));
	TRY("%g", strtod("1e999", &end));
	TRY("%g", strtod("1e-999", &end));
	TRY("%g", strtod("0x1.8p3z", &end));
	TRY("%g", (double)strtof(word, &end));
	TRY("%Lg", strtold(word, &end));
	TRY("%g", strtod_l(word, &end, c));
	TRY("%ld", wcstol(L"", &wend, 10));
	TRY("%ld", wcstol(L"-77x", &wend, 10));
	TRY("%g", wcstod(L"x", &wend));
	TRY("%g", wcstod_l(L"2.5x", &wend, c));
	say("%d %ld %lld %g\n", atoi(large), atol(large), atoll("-99999999999999999999"), atof("x"));
	DONE;
}
