/* same */
#include "planted.h"
#include <locale.h>
#include <time.h>
#include <wchar.h>
RUN
{
	struct tm tm = { 5, 4, 15, 3, 1, 109, 2, 33, 0 };
	const char *formats[] = { "%Y-%m-%d %H:%M:%S", "%a %A %b %B %c", "%C %d %D %e %F %g %G %h", "%I %j %k %l %m %M %n", "%p %P %r %R %s", "%S %t %T %u %U %V", "%w %W %x %X %y %Y", "%z %Z %%",
		"%-d %_d %0e %-H %-I %_m", "%^a %^b %#Z %#p %^B", "%10Y %5d %_5d %-5d %010Y", "%Ey %Od %EC %Om", "%+ %Q %! %", "%3j %-j %_j", "%10A|%-10A|%_10b", "%E", "%^10a", "%05p" };
	char text[300];
	wchar_t wide[100];
	for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
		size_t size = strftime(text, sizeof text, formats[i], &tm);
		say("%zu [%s]\n", size, size ? text : "");
	}
	tm.tm_hour = 0; tm.tm_year = -2000; tm.tm_mday = 31; tm.tm_yday = 364; tm.tm_wday = 0;
	size_t size = strftime(text, sizeof text, "%Y %C %y %G %I %l %p %P %U %W %V", &tm);
	say("%zu [%s]\n", size, text);
	say("%zu\n", strftime(text, 5, "%Y-%m-%d", &tm));
	size = wcsftime(wide, 100, L"%k|%P|%^a é %B", &tm);
	say("%zu [%ls]\n", size, wide);
	locale_t c = newlocale(LC_ALL_MASK, "C", 0);
	say("%zu [%s]\n", strftime_l(text, 100, "%l %A", &tm, c), text);
	DONE;
}
