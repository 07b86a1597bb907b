/* same */
#include "planted.h"
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <wchar.h>
RUN
{
	errno = ENOENT;
	say("%m|");
	say("%-8s|%+d|%#x|%e|%g|%a|%.3f|%s|%5c|%%\n", "ab", 5, 255, 1234.5, 1e-7, 1.0, 2.0005, (char *)0, 'x');
	say("%1$s %1$s %2$*3$d\n", "twice", 7, 5);
	say("%hhd %hd %ld %lld %zu %jd %td %Lf\n", 300, 70000, 1l << 40, 1ll << 50, sizeof 1, (intmax_t)-1, (ptrdiff_t)3, 1.5L);
	say("%ls %lc %.2ls %f %f %F %G\n", L"wide", L'w', L"wide", -0.0, 1e300, 1.0 / 0, -1e-10);
	say("%.0f %.0f %.0f %'d %i %o %X %5.1f|%05d|% d\n", 0.5, 1.5, 2.5, 1234567, 3, 8, 255, 3.14159, 42, 7);
	say("%f %e\n", 0.1, 123456789.123456789);
	char small[5];
	say("%d %s\n", snprintf(small, sizeof small, "truncated"), small);
	DONE;
}
