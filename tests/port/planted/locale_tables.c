/* same: flags -D_GNU_SOURCE */
/* Inlined code reads the tables inside locale_t. */
#include "planted.h"
#include <ctype.h>
#include <errno.h>
#include <locale.h>
RUN
{
	locale_t c = newlocale(LC_ALL_MASK, "C", 0), utf8 = newlocale(1 << LC_ALL, "C.UTF-8", 0);
	int counts[8] = { 0 };
	say("%d %d\n", !!c, !!utf8);
	for (int i = 0; i < 256; i++) {
		counts[0] += !!isalpha_l(i, c);
		counts[1] += !!ispunct_l(i, utf8);
		counts[2] += toupper_l(i, c) != i;
		counts[3] += tolower_l(i, utf8) != i;
		counts[4] += !!isspace_l(i, c);
		counts[5] += !!(c->__ctype_b[i] & (unsigned short)_ISxdigit);
		counts[6] += c->__ctype_toupper[i];
		counts[7] += c->__ctype_tolower[i];
	}
	for (int i = 0; i < 8; i++) say("%d ", counts[i]);
	say("%s\n", c->__names[LC_NUMERIC]);
	locale_t copy = duplocale(utf8);
	say("%d %d\n", !!isupper_l('X', copy), toupper_l('q', copy));
	locale_t mixed = newlocale(LC_NUMERIC_MASK, "C", copy);
	locale_t was = uselocale(mixed);
	say("%d %d\n", was == LC_GLOBAL_LOCALE, uselocale(0) == mixed);
	uselocale(was);
	errno = 0;
	say("%d\n", newlocale(LC_ALL_MASK, "xx_YY.UTF-8", 0) == 0);
	say("%d\n", errno == ENOENT);
	locale_t composite = newlocale(LC_ALL_MASK, "LC_CTYPE=C.UTF-8;LC_NUMERIC=C;LC_TIME=C;LC_COLLATE=C;LC_MONETARY=C;LC_MESSAGES=C;LC_PAPER=C;LC_NAME=C;LC_ADDRESS=C;LC_TELEPHONE=C;LC_MEASUREMENT=C;LC_IDENTIFICATION=C", 0);
	say("%d\n", !!composite);
	freelocale(c);
	freelocale(utf8);
	freelocale(mixed);
	freelocale(composite);
	locale_t global = duplocale(LC_GLOBAL_LOCALE);
	say("%d\n", !!isdigit_l('5', global));
	freelocale(global);
	DONE;
}
