/* same */
/* GNU's strerror_r returns the text; XSI's has another name. */
#include "planted.h"
#include <errno.h>
extern int __xpg_strerror_r(int, char *, size_t);
RUN
{
	char buffer[100], other[100];
	const char *text = strerror_r(ENOENT, buffer, sizeof buffer);
	say("%s\n", text);
	int failed = __xpg_strerror_r(EACCES, other, sizeof other);
	say("%d %s\n", failed, other);
	DONE;
}
