/* same: flags -std=gnu89 */
/* %as of GNU's scanf before C99. */
#include "planted.h"
#include <stdlib.h>
RUN
{
	char *word = 0, *set = 0, *m = 0;
	int number = 0, count;
	float value = 0;
	count = sscanf("hello [12] 3.5", "%as [%d] %f", &word, &number, &value);
	say("%d %s %d %g\n", count, word ? word : "null", number, value);
	count = sscanf("abc123", "%a[a-z]%d", &set, &number);
	say("%d %s %d\n", count, set ? set : "null", number);
	count = sscanf("10% zz", "%d%% %ms", &number, &m);
	say("%d %d %s\n", count, number, m ? m : "null");
	DONE;
}
