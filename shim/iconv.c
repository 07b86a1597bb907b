/* iconv as glibc's callers know it: what cannot be converted is EILSEQ and not an asterisk, UTF-16 and
   UTF-32 are of this machine's byte order and written with a mark. //TRANSLIT is refused, //IGNORE done. */
#include "wfx.h"
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct conversion {
	iconv_t to, from_other_order;   /* the second for input whose mark says so */
	int mark;                       /* bytes of a byte order mark to write: 0, 2, 4 */
	int look;                       /* bytes of a mark to look for in the input: 0, 2, 4 */
	int ignore, marked, looked, swapped;
};

/* musl's name for what glibc means by a name, and how many bytes its mark has. */
static const char *meant(const char *name, int *mark, const char **other)
{
	static const struct { const char *name, *means, *other; int mark; } all[] = {
		{ "UTF-16", "UTF-16LE", "UTF-16BE", 2 }, { "UTF16", "UTF-16LE", "UTF-16BE", 2 }, { "UNICODE", "UTF-16LE", "UTF-16BE", 2 },
		{ "UTF-32", "UTF-32LE", "UTF-32BE", 4 }, { "UTF32", "UTF-32LE", "UTF-32BE", 4 },
		{ "UCS-2", "UCS-2LE", 0, 0 }, { "UCS2", "UCS-2LE", 0, 0 }, { "ISO-10646-UCS-2", "UCS-2LE", 0, 0 }, { "UCS-2-INTERNAL", "UCS-2LE", 0, 0 },
		{ "UCS-4", "UTF-32BE", 0, 0 }, { "UCS4", "UTF-32BE", 0, 0 }, { "ISO-10646/UCS4", "UTF-32BE", 0, 0 },
		{ "UCS-4-INTERNAL", "UTF-32LE", 0, 0 }, { "INTERNAL", "WCHAR_T", 0, 0 },
	};
	*mark = 0;
	*other = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (strcasecmp(name, all[i].name)) continue;
		*mark = all[i].mark;
		*other = all[i].other;
		return all[i].means;
	}
	return name;
}

/* A name without its //IGNORE; 0 where it asks for what cannot be given. */
static int plain_name(const char *name, char *to, size_t size, int *ignore)
{
	const char *end = strstr(name, "//");
	size_t length = end ? (size_t)(end - name) : strlen(name);
	if (length >= size) return 0;
	memcpy(to, name, length);
	to[length] = 0;
	if (!end || !end[2]) return 1;
	if (strcasecmp(end + 2, "IGNORE")) return 0;
	*ignore = 1;
	return 1;
}

iconv_t WFX(iconv_open)(const char *to, const char *from)
{
	char to_name[64], from_name[64];
	const char *to_other, *from_other;
	int unused = 0;
	struct conversion *made = calloc(1, sizeof *made);
	if (!made) return (iconv_t)-1;
	if (!plain_name(to, to_name, sizeof to_name, &made->ignore) || !plain_name(from, from_name, sizeof from_name, &unused)) {
		free(made);
		errno = EINVAL;
		return (iconv_t)-1;
	}
	to = meant(to_name, &made->mark, &to_other);
	from = meant(from_name, &made->look, &from_other);
	made->to = iconv_open(to, from);
	made->from_other_order = from_other && made->to != (iconv_t)-1 ? iconv_open(to, from_other) : (iconv_t)-1;
	if (made->to == (iconv_t)-1) { free(made); return (iconv_t)-1; }
	return (iconv_t)made;
}
int WFX(iconv_close)(iconv_t handle)
{
	struct conversion *made = (struct conversion *)handle;
	if (handle == (iconv_t)-1) { errno = EBADF; return -1; }
	iconv_close(made->to);
	if (made->from_other_order != (iconv_t)-1) iconv_close(made->from_other_order);
	free(made);
	return 0;
}

static size_t fail(int why) { errno = why; return (size_t)-1; }

/* Converts, and goes back where musl put an asterisk: up to the character that has no counterpart. */
static size_t convert(iconv_t cd, char **in, size_t *in_left, char **out, size_t *out_left)
{
	char *in_was = *in, *out_was = *out;
	size_t in_had = *in_left, out_had = *out_left;
	size_t result = iconv(cd, in, in_left, out, out_left);
	int why = errno;
	size_t replaced = result;
	if (result == (size_t)-1) {
		/* The count is lost with an error: only a look at each character can tell. */
		replaced = *in != in_was;
	}
	if (!replaced) { errno = why; return result; }
	*in = in_was; *in_left = in_had; *out = out_was; *out_left = out_had;
	while (*in_left) {
		char *in_at = *in, *out_at = *out;
		size_t in_here = *in_left, out_here = *out_left, some = 1;
		for (;; some++) {
			size_t part = some;
			*in = in_at; *in_left = in_here; *out = out_at; *out_left = out_here;
			result = iconv(cd, in, &part, out, out_left);
			if (result == (size_t)-1 && errno == EINVAL && *in == in_at && some < in_here) continue;
			*in_left = in_here - (size_t)(*in - in_at);
			if (result == (size_t)-1) return result;
			break;
		}
		if (result) {
			*in = in_at; *in_left = in_here; *out = out_at; *out_left = out_here;
			return fail(EILSEQ);
		}
	}
	return 0;
}

/* The bytes of the first character of the input, for //IGNORE. */
static size_t first_character(iconv_t cd, const char *in, size_t left)
{
	for (size_t some = 1; some < left && some < 8; some++) {
		char spare[64], *to = spare, *from = (char *)in;
		size_t room = sizeof spare, part = some;
		if (iconv(cd, &from, &part, &to, &room) != (size_t)-1 || errno != EINVAL) return from > in ? (size_t)(from - in) : some;
	}
	return 1;
}

size_t WFX(iconv)(iconv_t handle, char **in, size_t *in_left, char **out, size_t *out_left)
{
	struct conversion *made = (struct conversion *)handle;
	int skipped = 0;
	if (!in || !*in) {
		made->marked = made->looked = made->swapped = 0;
		return 0;
	}
	if (made->look && !made->looked && *in_left) {
		if (*in_left < (size_t)made->look) return fail(EINVAL);
		const unsigned char *at = (const unsigned char *)*in;
		int last = made->look - 1;
		int own = at[0] == 0xff && at[1] == 0xfe && (last == 1 || (!at[2] && !at[3]));
		int other = at[last] == 0xff && at[last - 1] == 0xfe && (last == 1 || (!at[0] && !at[1]));
		made->looked = 1;
		made->swapped = other;
		if (own || other) { *in += made->look; *in_left -= (size_t)made->look; }
	}
	if (made->mark && !made->marked && *in_left) {
		if (*out_left < (size_t)made->mark) return fail(E2BIG);
		memcpy(*out, "\xff\xfe\0\0", (size_t)made->mark);
		*out += made->mark;
		*out_left -= (size_t)made->mark;
		made->marked = 1;
	}
	iconv_t cd = made->swapped ? made->from_other_order : made->to;
	for (;;) {
		size_t result = convert(cd, in, in_left, out, out_left);
		if (result != (size_t)-1 || errno != EILSEQ || !made->ignore) return result == 0 && skipped ? fail(EILSEQ) : result;
		size_t size = first_character(cd, *in, *in_left);
		*in += size;
		*in_left -= size;
		skipped = 1;
		if (!*in_left) return fail(EILSEQ);
	}
}
