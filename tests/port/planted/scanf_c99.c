/* same */
#include "planted.h"
RUN
{
	float value = 0;
	int a = 0, b = 0, n = 0;
	char *word = 0, set[10] = "";
	unsigned hex = 0;
	int count = sscanf("0x1p4 12,34 hello zzyx", "%a %d,%d %ms %9[xyz]%n", &value, &a, &b, &word, set, &n);
	say("%d %g %d %d %s %s %d\n", count, value, a, b, word, set, n);
	count = sscanf("ff", "%x", &hex);
	say("%d %u %d\n", count, hex, sscanf("", "%d", &a));
	say("%d\n", sscanf("nan inf", "%f %f", &value, &value));
	DONE;
}
