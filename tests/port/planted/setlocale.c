/* same */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <locale.h>
static const char *text(const char *from) { return from ? from : "null"; }
RUN
{
	say("%s\n", text(setlocale(LC_ALL, 0)));
	say("%s\n", text(setlocale(LC_CTYPE, "xx_YY.UTF-8")));
	say("%s\n", text(setlocale(LC_CTYPE, 0)));
	say("%s\n", text(setlocale(LC_ALL, "C.UTF-8")));
	say("%s\n", text(setlocale(LC_NUMERIC, "POSIX")));
	say("%s\n", text(setlocale(LC_ALL, "C")));
	say("%s\n", text(setlocale(LC_ALL, "LC_CTYPE=C.UTF-8;LC_NUMERIC=C;LC_TIME=C;LC_COLLATE=C;LC_MONETARY=C;LC_MESSAGES=C;LC_PAPER=C;LC_NAME=C;LC_ADDRESS=C;LC_TELEPHONE=C;LC_MEASUREMENT=C;LC_IDENTIFICATION=C")));
	say("%s %s\n", text(setlocale(LC_PAPER, 0)), text(setlocale(99, 0)));
	struct lconv *now = localeconv();
	say("[%s] [%s] [%s] %d %d [%s]\n", now->decimal_point, now->thousands_sep, now->currency_symbol, now->frac_digits, now->int_n_sign_posn, now->mon_decimal_point);
	DONE;
}
