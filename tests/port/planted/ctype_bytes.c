/* same */
#include "planted.h"
#include <ctype.h>
volatile int byte;
RUN
{
	unsigned sum = 0;
	for (byte = -128; byte < 256; byte++) {
		int c = byte;
		sum = sum * 31 + (unsigned)(tolower(c) * 3 + toupper(c));
		sum = sum * 31 + (unsigned)(!!isalpha(c) + 2 * !!isspace(c) + 4 * !!ispunct(c) + 8 * !!isprint(c) + 16 * !!iscntrl(c) + 32 * !!isblank(c));
	}
	say("%u %d %d\n", sum, tolower(0xe9), toupper(EOF));
	DONE;
}
