/* Wide characters: mbsnrtowcs takes the bytes of a character that is not whole yet into its state, as
   glibc's does; musl's leaves them. */
#include "wfx.h"
#include <wchar.h>

size_t WFX(mbsnrtowcs)(wchar_t *to, const char **from, size_t bytes, size_t room, mbstate_t *state)
{
	static mbstate_t own;
	mbstate_t copy = state ? *state : own, *now = to ? (state ? state : &own) : &copy;
	const char *at = *from;
	size_t count = 0;
	while (bytes && (!to || count < room)) {
		wchar_t c;
		size_t used = mbrtowc(&c, at, bytes, now);
		if (used == (size_t)-1) { if (to) *from = at; return used; }
		if (used == (size_t)-2) { at += bytes; break; }
		if (used == 0) { if (to) { to[count] = 0; *from = 0; } return count; }
		if (to) to[count] = c;
		count++;
		at += used;
		bytes -= used;
	}
	if (to) *from = at;
	return count;
}
