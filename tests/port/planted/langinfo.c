/* same */
/* x86_64 only: its text is the machine's, or the name is */
/* Items of glibc's own too, narrow, wide and numeric. */
#include "planted.h"
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>
RUN
{
	locale_t c = newlocale(LC_ALL_MASK, "C", 0), utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", 0);
	int items[] = { CODESET, RADIXCHAR, THOUSEP, YESEXPR, NOEXPR, CRNCYSTR, D_T_FMT, D_FMT, T_FMT, T_FMT_AMPM, AM_STR, PM_STR, ERA, DAY_1, DAY_7, ABDAY_1, ABDAY_7, MON_1, MON_12, ABMON_1, ABMON_12, _DATE_FMT, ALTMON_3, _NL_ABALTMON_5, GROUPING, __CURRENCY_SYMBOL, __MON_DECIMAL_POINT, __POSITIVE_SIGN };
	for (int k = 0; k < 2; k++) for (unsigned i = 0; i < sizeof items / sizeof *items; i++) say("%x %s\n", items[i], nl_langinfo_l(items[i], k ? utf8 : c));
	int chars[] = { __INT_FRAC_DIGITS, __FRAC_DIGITS, __P_CS_PRECEDES, __N_SIGN_POSN, __INT_N_SIGN_POSN };
	for (unsigned i = 0; i < 5; i++) say("%d ", *nl_langinfo_l(chars[i], utf8));
	int wide[] = { _NL_WABDAY_1, _NL_WABDAY_7, _NL_WDAY_3, _NL_WABMON_12, _NL_WMON_9, _NL_WAM_STR, _NL_WPM_STR, _NL_WD_T_FMT, _NL_WD_FMT, _NL_WT_FMT, _NL_WT_FMT_AMPM, _NL_W_DATE_FMT, _NL_WALTMON_2, _NL_WABALTMON_4, _NL_WERA_D_FMT };
	for (unsigned i = 0; i < sizeof wide / sizeof *wide; i++) say("%ls|", (wchar_t *)nl_langinfo_l(wide[i], utf8));
	union { char *text; unsigned word; } point = { nl_langinfo_l(_NL_NUMERIC_DECIMAL_POINT_WC, utf8) }, separator = { nl_langinfo_l(_NL_NUMERIC_THOUSANDS_SEP_WC, utf8) };
	say("\n%u %u\n", point.word, separator.word);
	say("%s %d %d\n", nl_langinfo(CODESET), *nl_langinfo(_NL_TIME_FIRST_WEEKDAY), *nl_langinfo(_NL_TIME_WEEK_1STWEEK));
	DONE;
}
