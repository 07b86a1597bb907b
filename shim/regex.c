/* regcomp and its kin with glibc's layout: regmatch_t is two ints (musl's two longs), re_nsub lies at 48
   (musl's at 0), REG_STARTEND is known. The matching is musl's. */
#include "wfx.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* struct re_pattern_buffer of glibc's <regex.h>. */
struct pattern {
	regex_t *compiled;
	size_t allocated, used;
	unsigned long syntax;
	char *fastmap;
	unsigned char *translate;
	size_t re_nsub;
	unsigned flags;
};
_Static_assert(offsetof(struct pattern, re_nsub) == 48 && sizeof(struct pattern) == 64, "glibc's regex_t");
struct match { int start, end; };
enum { STARTEND = 4 };

int WFX(regcomp)(struct pattern *pattern, const char *text, int flags)
{
	regex_t *made = calloc(1, sizeof *made);
	if (!made) return REG_ESPACE;
	int failed = regcomp(made, text, flags);
	memset(pattern, 0, sizeof *pattern);
	if (failed) { free(made); return failed; }
	pattern->compiled = made;
	pattern->re_nsub = made->re_nsub;
	/* no_sub is the fifth bit of glibc's bit field. */
	pattern->flags = flags & REG_NOSUB ? 1u << 4 : 0;
	return 0;
}

static int match(const struct pattern *pattern, const char *text, size_t count, struct match *matches, int flags, size_t base)
{
	regmatch_t few[10], *found = few;
	int none = pattern->flags >> 4 & 1;
	size_t wanted = none ? 0 : count;
	if (wanted > 10 && !(found = calloc(wanted, sizeof *found))) return REG_ESPACE;
	int failed = regexec(pattern->compiled, text, wanted, found, flags);
	for (size_t i = 0; !failed && i < wanted; i++) {
		matches[i].start = found[i].rm_so < 0 ? -1 : (int)(found[i].rm_so + (regoff_t)base);
		matches[i].end = found[i].rm_eo < 0 ? -1 : (int)(found[i].rm_eo + (regoff_t)base);
	}
	if (found != few) free(found);
	return failed;
}
int WFX(regexec)(const struct pattern *pattern, const char *text, size_t count, struct match *matches, int flags)
{
	if (!pattern->compiled) return REG_BADPAT;
	if (!(flags & STARTEND)) return match(pattern, text, count, matches, flags & 3, 0);
	size_t from = (size_t)matches[0].start, length = (size_t)matches[0].end - from;
	/* glibc looks at what stands before the start (for ^ and \b); musl cannot, and is told. */
	char *part = malloc(length + 1);
	if (!part) return REG_ESPACE;
	memcpy(part, text + from, length);
	part[length] = 0;
	int failed = strlen(part) == length ? match(pattern, part, count, matches, flags & 3, from) : REG_BADPAT;
	free(part);
	return failed;
}
void WFX(regfree)(struct pattern *pattern)
{
	if (pattern->compiled) { regfree(pattern->compiled); free(pattern->compiled); }
	pattern->compiled = 0;
}

/* The texts of glibc, in the order of the codes that both share. */
size_t WFX(regerror)(int code, const struct pattern *pattern, char *to, size_t size)
{
	static const char *const texts[] = { "Success", "No match", "Invalid regular expression", "Invalid collation character",
		"Invalid character class name", "Trailing backslash", "Invalid back reference", "Unmatched [, [^, [:, [., or [=",
		"Unmatched ( or \\(", "Unmatched \\{", "Invalid content of \\{\\}", "Invalid range end", "Memory exhausted",
		"Invalid preceding regular expression", "Premature end of regular expression", "Regular expression too big",
		"Unmatched ) or \\)" };
	(void)pattern;
	if (code < 0 || (size_t)code >= sizeof texts / sizeof *texts) abort();
	size_t need = strlen(texts[code]) + 1;
	if (size) {
		size_t copy = need < size ? need : size;
		memcpy(to, texts[code], copy);
		to[copy - 1] = 0;
	}
	return need;
}
