/* same */
#include "planted.h"
#include <errno.h>
#include <iconv.h>
static void try(const char *to, const char *from, const char *text, size_t size, size_t room)
{
	iconv_t cd = iconv_open(to, from);
	if (cd == (iconv_t)-1) { say("%s<-%s: not opened\n", to, from); return; }
	char out[200], *in_at = (char *)text, *out_at = out;
	size_t left = size;
	errno = 0;
	size_t result = iconv(cd, &in_at, &left, &out_at, &room);
	say("%s<-%s: %zd errno %d left %zu:", to, from, (ssize_t)result, result == (size_t)-1 ? errno : 0, left);
	for (char *at = out; at < out_at; at++) say(" %02x", (unsigned char)*at);
	say("\n");
	iconv_close(cd);
}
RUN
{
	try("UTF-8", "ISO-8859-1", "caf\xe9", 4, 100);
	try("ISO-8859-1", "UTF-8", "caf\xc3\xa9", 5, 100);
	try("ASCII", "UTF-8", "caf\xc3\xa9 x", 7, 100);
	try("ISO-8859-1", "UTF-8", "a\xe2\x82\xac" "b", 5, 100);
	try("UTF-16", "UTF-8", "ab", 2, 100);
	try("UTF-16LE", "UTF-8", "ab", 2, 100);
	try("UTF-16BE", "UTF-8", "\xf0\x9f\x98\x80", 4, 100);
	try("UTF-32", "UTF-8", "a", 1, 100);
	try("UCS-2", "UTF-8", "a", 1, 100);
	try("UCS-4", "UTF-8", "a", 1, 100);
	try("WCHAR_T", "UTF-8", "\xc3\xa9", 2, 100);
	try("UTF-8", "UTF-16", "a\0b\0", 4, 100);
	try("UTF-8", "UTF-16", "\xff\xfe" "a\0", 4, 100);
	try("UTF-8", "UTF-16", "\xfe\xff\0a", 4, 100);
	try("UTF-8", "UTF-8", "ab\xc3", 3, 100);
	try("UTF-8", "UTF-8", "ab\xff" "c", 4, 100);
	try("UTF-16LE", "UTF-8", "abcd", 4, 5);
	try("ASCII//IGNORE", "UTF-8", "a\xc3\xa9" "b", 4, 100);
	try("NOTHING", "UTF-8", "a", 1, 100);
	DONE;
}
