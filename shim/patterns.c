/* glob and fnmatch with the flags that glibc has beyond POSIX: braces, patterns without magic, extended
   matching. musl would ignore the flags without a word. */
#include "wfx.h"
#include <ctype.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { EXTMATCH = 32, MAGCHAR = 256, ALTDIRFUNC = 512, BRACE = 1024, NOMAGIC = 2048, ONLYDIR = 8192 };

/* The end of a group that begins at `(`: its `)`, or null. */
static const char *group_end(const char *at)
{
	int depth = 0;
	for (; *at; at++) {
		if (*at == '\\' && at[1]) at++;
		else if (*at == '(') depth++;
		else if (*at == ')' && --depth == 0) return at;
	}
	return 0;
}
static int has_group(const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1]) pattern++;
		else if (strchr("?*+@!", *pattern) && pattern[1] == '(' && group_end(pattern + 1)) return 1;
	}
	return 0;
}
static int matches(const char *pattern, const char *text, int flags);

/* Whether text[0..length) matches one of the alternatives between `(` and `)`. */
static int one_of(const char *open, const char *close, const char *text, size_t length, int flags)
{
	char *part = strndup(text, length);
	int found = 0, depth = 0;
	const char *from = open + 1;
	if (!part) return 0;
	for (const char *at = from; at <= close && !found; at++) {
		if (*at == '\\' && at < close) { at++; continue; }
		if (*at == '(') depth++;
		if (*at == ')' && at < close) depth--;
		if (at != close && (*at != '|' || depth)) continue;
		char *alternative = strndup(from, (size_t)(at - from));
		if (alternative) found = matches(alternative, part, flags);
		free(alternative);
		from = at + 1;
	}
	free(part);
	return found;
}
/* Backtracking over the groups; what has none is fnmatch's. */
static int matches(const char *pattern, const char *text, int flags)
{
	if (!has_group(pattern)) return fnmatch(pattern, text, flags) == 0;
	size_t length = strlen(text);
	if (strchr("?*+@!", *pattern) && pattern[1] == '(' && group_end(pattern + 1)) {
		const char *open = pattern + 1, *close = group_end(open);
		if ((*pattern == '?' || *pattern == '*') && matches(close + 1, text, flags)) return 1;
		for (size_t i = 0; i <= length; i++) {
			int yes = one_of(open, close, text, i, flags);
			if (flags & FNM_PATHNAME && memchr(text, '/', i)) break;
			if (*pattern == '!' ? !yes && matches(close + 1, text + i, flags) : yes && matches(close + 1, text + i, flags)) return 1;
			if (yes && i && (*pattern == '*' || *pattern == '+')) {
				/* Once more: the rest begins with the same group, which may now be empty. */
				char *again = strdup(pattern);
				if (!again) return 0;
				again[0] = '*';
				int found = matches(again, text + i, flags);
				free(again);
				if (found) return 1;
			}
		}
		return 0;
	}
	if (*pattern == '*') {
		for (size_t i = 0; i <= length; i++) {
			if (matches(pattern + 1, text + i, flags)) return 1;
			if (flags & FNM_PATHNAME && text[i] == '/') return 0;
		}
		return 0;
	}
	/* One ordinary element in front of the first group. */
	size_t element = 1;
	if (*pattern == '\\' && pattern[1] && !(flags & FNM_NOESCAPE)) element = 2;
	else if (*pattern == '[') {
		const char *end = strchr(pattern + (pattern[1] == '!' || pattern[1] == '^' ? 3 : 2), ']');
		if (end) element = (size_t)(end - pattern) + 1;
	}
	if (!*text) return 0;
	size_t bytes = 1;
	while (((unsigned char)text[bytes] & 0xc0) == 0x80) bytes++;
	char *first = strndup(pattern, element), *one = strndup(text, bytes);
	int yes = first && one && fnmatch(first, one, flags) == 0;
	free(first);
	free(one);
	return yes && matches(pattern + element, text + bytes, flags);
}
int WFX(fnmatch)(const char *pattern, const char *text, int flags)
{
	if (!(flags & EXTMATCH) || !has_group(pattern)) return fnmatch(pattern, text, flags & 31);
	if (flags & FNM_PERIOD && *text == '.' && *pattern != '.') return FNM_NOMATCH;
	return matches(pattern, text, flags & 31 & ~(FNM_PERIOD | FNM_LEADING_DIR)) ? 0 : FNM_NOMATCH;
}

static int is_magic(const char *pattern, int flags)
{
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1] && !(flags & GLOB_NOESCAPE)) pattern++;
		else if (strchr("*?", *pattern) || (*pattern == '[' && strchr(pattern, ']'))) return 1;
	}
	return 0;
}
int WFX(glob_pattern_p)(const char *pattern, int quote) { return is_magic(pattern, quote ? 0 : GLOB_NOESCAPE); }

/* glob_t of glibc has its flags where musl has a spare word. */
static int *flags_of(glob_t *found) { return (int *)(void *)((char *)found + 3 * sizeof(size_t)); }

static int one_pattern(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found)
{
	int plain = flags & (GLOB_ERR | GLOB_MARK | GLOB_NOSORT | GLOB_DOOFFS | GLOB_NOCHECK | GLOB_APPEND | GLOB_NOESCAPE | GLOB_PERIOD | GLOB_TILDE | GLOB_TILDE_CHECK);
	int magic = is_magic(pattern, flags);
	if (flags & NOMAGIC && !magic) plain |= GLOB_NOCHECK;
	int result = glob(pattern, plain, failed, found);
	if (!result) *flags_of(found) = flags | (magic ? MAGCHAR : 0);
	return result;
}

/* Expands the first brace of the pattern and goes on with each alternative. */
static int with_braces(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found, int *any)
{
	const char *open = pattern, *at, *from;
	int depth = 0;
	while (*open && (*open != '{' || open[1] == '}')) open += *open == '\\' && open[1] && !(flags & GLOB_NOESCAPE) ? 2 : 1;
	for (at = open; *at; at++) {
		if (*at == '\\' && at[1] && !(flags & GLOB_NOESCAPE)) { at++; continue; }
		if (*at == '{') depth++;
		if (*at == '}' && --depth == 0) break;
	}
	if (!*open || !*at) {
		/* A brace that does not end is a pattern like any other. */
		int result = one_pattern(pattern, flags | (*any ? GLOB_APPEND : 0), failed, found);
		if (!result) *any = 1;
		return result;
	}
	const char *close = at;
	int last = GLOB_NOMATCH;
	depth = 0;
	from = open + 1;
	for (at = from; at <= close; at++) {
		if (*at == '\\' && at < close && !(flags & GLOB_NOESCAPE)) { at++; continue; }
		if (*at == '{') depth++;
		if (*at == '}' && at < close) depth--;
		if (at != close && (*at != ',' || depth)) continue;
		char *one = malloc(strlen(pattern) + 1);
		if (!one) return GLOB_NOSPACE;
		memcpy(one, pattern, (size_t)(open - pattern));
		memcpy(one + (open - pattern), from, (size_t)(at - from));
		strcpy(one + (open - pattern) + (at - from), close + 1);
		int result = with_braces(one, flags & ~(GLOB_NOCHECK | NOMAGIC), failed, found, any);
		free(one);
		if (result && result != GLOB_NOMATCH) return result;
		if (!result) last = 0;
		from = at + 1;
	}
	return last;
}
int WFX(glob)(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found)
{
	enum { NOT_SUPPORTED = 4 };
	if (flags & ALTDIRFUNC) return NOT_SUPPORTED;
	if (!(flags & BRACE) || !strchr(pattern, '{')) return one_pattern(pattern, flags, failed, found);
	int any = flags & GLOB_APPEND ? 1 : 0;
	int result = with_braces(pattern, flags & ~GLOB_APPEND, failed, found, &any);
	if (result == GLOB_NOMATCH && flags & (GLOB_NOCHECK | NOMAGIC))
		return one_pattern(pattern, (flags & ~(BRACE | NOMAGIC)) | GLOB_NOCHECK, failed, found);
	return result;
}
