/* same */
#include "planted.h"
#include <stdlib.h>
#include <time.h>
RUN
{
	time_t at = 1234567890;
	struct tm tm;
	setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
	tzset();
	localtime_r(&at, &tm);
	say("%d %d %s %ld %d\n", tm.tm_hour, tm.tm_isdst, tm.tm_zone, tm.tm_gmtoff, (int)timezone);
	say("%s", asctime(&tm));
	tm.tm_mon += 5;
	tm.tm_isdst = -1;
	say("%lld ", (long long)mktime(&tm));
	say("%d\n", tm.tm_isdst);
	say("%lld\n", (long long)timegm(&tm));
	char text[50];
	strftime(text, sizeof text, "%Z %z %s", &tm);
	say("%s\n", text);
	DONE;
}
