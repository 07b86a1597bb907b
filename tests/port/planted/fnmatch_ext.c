/* same */
#include "planted.h"
#include <fnmatch.h>
RUN
{
	const char *patterns[] = { "@(a|b)c", "*(ab|c)", "+(ab)", "?(x)y", "!(foo)", "a!(b)c", "*.@(c|h)", "[ab]+(1|2)z", "a*(x)b", "+(a|@(b|c)d)", "plain*", "[!a]?" };
	const char *texts[] = { "ac", "bc", "ababc", "", "abab", "y", "xy", "foo", "bar", "abc", "adc", "x.h", "b12z", "axxb", "bdacd", "plainer", "bz" };
	for (unsigned p = 0; p < 12; p++) {
		say("%s:", patterns[p]);
		for (unsigned t = 0; t < 17; t++) say(" %d%d", fnmatch(patterns[p], texts[t], FNM_EXTMATCH), fnmatch(patterns[p], texts[t], 0));
		say("\n");
	}
	say("%d %d %d %d\n", fnmatch("A*", "abc", FNM_CASEFOLD), fnmatch("*/b", "a/c/b", FNM_PATHNAME), fnmatch("a", "a/b", FNM_LEADING_DIR), fnmatch("*", ".x", FNM_PERIOD));
	DONE;
}
