/* same */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <errno.h>
#include <stdlib.h>
#define __STDC_WANT_IEC_60559_TYPES_EXT__ 1
extern _Float128 strtof128(const char *, char **);
extern int strfromf128(char *, size_t, const char *, _Float128);
extern int strfromd(char *, size_t, const char *, double), strfroml(char *, size_t, const char *, long double);
RUN
{
	const char *texts[] = { "1", "0.1", "-3.14159265358979323846264338327950288419716939937510", "1e4932", "1.18973149535723176508575932662800702e4932", "1.2e4932", "1e-4950", "6.47517511943802511092443895822764655e-4966", "3e-4966", "1e-5000",
		"0x1.8p3", "0x1.ffffffffffffffffffffffffffffp0", "0x1.ffffffffffffffffffffffffffff8p0", "0x1p-16494", "0x.8p-16494", "inf", "-nan", "nan(12)", "12345678901234567890123456789012345678901234567890", "9007199254740993", "0", "-0.0", "1e", ".5e+2x", "x", "", "  +7.25e-3 ",
		"5192296858534827628530496329220096.5", "5192296858534827628530496329220097.5", "1e23", "123456789e-20" };
	const char *formats[] = { "%.36g", "%a", "%.0f", "%.3e", "%g", "%.40e", "%.10f", "%A", "%.5a", "%E", "%.0a" };
	char text[6000], *end;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		errno = 0;
		_Float128 value = strtof128(texts[i], &end);
		say("%s: end %d errno %d\n", texts[i], (int)(end - texts[i]), errno);
		for (unsigned k = 0; k < 11; k++) {
			int size = strfromf128(text, sizeof text, formats[k], value);
			unsigned sum = 0;
			for (char *c = text; *c; c++) sum = sum * 31 + *c;
			if (size < 80) say(" %s", text);
			else say(" %d:%u", size, sum);
		}
		say("\n");
	}
	say("%d %s\n", strfromf128(text, 5, "%.10f", strtof128("1234.5", 0)), text);
	int size = strfromd(text, 50, "%.3g", 2.0 / 3);
	say("%d %s\n", size, text);
	size = strfroml(text, 50, "%.20f", 0.1L);
	say("%d %s\n", size, text);
	DONE;
}
