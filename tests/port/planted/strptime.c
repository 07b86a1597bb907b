/* same */
#include "planted.h"
#include <time.h>
static void try(const char *text, const char *format)
{
	struct tm tm;
	memset(&tm, 0, sizeof tm);
	const char *end = strptime(text, format, &tm);
	if (!end) { say("%s: no\n", format); return; }
	say("%s: [%s] %d %d %d %d:%d:%d wday %d yday %d off %ld\n", format, end, tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_wday, tm.tm_yday, tm.tm_gmtoff);
}
RUN
{
	try("2009-02-13 23:31:30 rest", "%Y-%m-%d %H:%M:%S");
	try("2009-02-13T23:31:30+0530", "%FT%T%z");
	try("2009-02-13T23:31:30Z", "%Y-%m-%dT%H:%M:%S%z");
	try("13 Feb 2009 11:05 pm", "%d %b %Y %I:%M %p");
	try("Friday, February 13", "%A, %B %d");
	try("12/31/99", "%D");
	try("044 2009", "%j %Y");
	try("99", "%y");
	try("20 05", "%C %y");
	try(" 7:08", "%k:%M");
	try("-02:30", "%z");
	try("bad", "%d");
	try("2009 60", "%Y %j");
	try("12:61", "%H:%M");
	try("Mon 05 2010", "%a %U %Y");
	try("  x 5%", " x %d%%");
	try("2024-W07", "%G-W%V");
	DONE;
}
