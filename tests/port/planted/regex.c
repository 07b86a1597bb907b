/* same */
#include "planted.h"
#include <regex.h>
RUN
{
	regex_t re;
	regmatch_t m[4];
	char text[100];
	say("%d\n", regcomp(&re, "([a-z]+)([0-9]*)(x)?", REG_EXTENDED));
	say("%zu\n", re.re_nsub);
	say("%d\n", regexec(&re, "  abc123 ", 4, m, 0));
	for (int i = 0; i < 4; i++) say("%d..%d ", m[i].rm_so, m[i].rm_eo);
	regfree(&re);
	say("%d\n", regcomp(&re, "b", 0));
	m[0].rm_so = 3;
	m[0].rm_eo = 7;
	say("%d ", regexec(&re, "abcabcabc", 1, m, REG_STARTEND));
	say("%d..%d\n", m[0].rm_so, m[0].rm_eo);
	regfree(&re);
	say("%d\n", regcomp(&re, "^A.c$", REG_ICASE | REG_NOSUB | REG_EXTENDED));
	say("%d %d\n", regexec(&re, "aBC", 0, 0, 0), regexec(&re, "abcd", 0, 0, 0));
	regfree(&re);
	int code = regcomp(&re, "(", REG_EXTENDED);
	regerror(code, &re, text, sizeof text);
	say("%d %s\n", code, text);
	code = REG_NOMATCH;
	say("%zu\n", regerror(code, &re, text, 5));
	say("%d %s\n", code, text);
	DONE;
}
