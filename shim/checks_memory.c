/* What -D_FORTIFY_SOURCE makes of memory and string functions: the size of the target is known and kept. */
#include "wfx.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

_Noreturn void WFX(__chk_fail)(void)
{
	static const char text[] = "*** buffer overflow detected ***: terminated\n";
	if (write(2, text, sizeof text - 1) < 0) abort();
	abort();
}

size_t wfx_mbsnrtowcs(wchar_t *to, const char **from, size_t bytes, size_t room, mbstate_t *state);

#define NEED(condition) do { if (!(condition)) wfx___chk_fail(); } while (0)

void *WFX(__memcpy_chk)(void *to, const void *from, size_t size, size_t room) { NEED(size <= room); return memcpy(to, from, size); }
void *WFX(__memmove_chk)(void *to, const void *from, size_t size, size_t room) { NEED(size <= room); return memmove(to, from, size); }
void *WFX(__mempcpy_chk)(void *to, const void *from, size_t size, size_t room) { NEED(size <= room); return (char *)memcpy(to, from, size) + size; }
void *WFX(__memset_chk)(void *to, int byte, size_t size, size_t room) { NEED(size <= room); return memset(to, byte, size); }
void WFX(__explicit_bzero_chk)(void *to, size_t size, size_t room) { NEED(size <= room); explicit_bzero(to, size); }

char *WFX(__strcpy_chk)(char *to, const char *from, size_t room)
{
	size_t size = strlen(from) + 1;
	NEED(size <= room);
	return memcpy(to, from, size);
}
char *WFX(__stpcpy_chk)(char *to, const char *from, size_t room)
{
	size_t size = strlen(from) + 1;
	NEED(size <= room);
	return (char *)memcpy(to, from, size) + size - 1;
}
char *WFX(__strncpy_chk)(char *to, const char *from, size_t size, size_t room) { NEED(size <= room); return strncpy(to, from, size); }
char *WFX(__stpncpy_chk)(char *to, const char *from, size_t size, size_t room) { NEED(size <= room); return stpncpy(to, from, size); }
char *WFX(__strcat_chk)(char *to, const char *from, size_t room)
{
	size_t have = strnlen(to, room), more = strlen(from) + 1;
	NEED(have < room && more <= room - have);
	memcpy(to + have, from, more);
	return to;
}
char *WFX(__strncat_chk)(char *to, const char *from, size_t size, size_t room)
{
	size_t have = strnlen(to, room), more = strnlen(from, size);
	NEED(have < room && more < room - have);
	memcpy(to + have, from, more);
	to[have + more] = 0;
	return to;
}
size_t WFX(__strlcpy_chk)(char *to, const char *from, size_t size, size_t room) { NEED(size <= room); return strlcpy(to, from, size); }
size_t WFX(__strlcat_chk)(char *to, const char *from, size_t size, size_t room) { NEED(size <= room); return strlcat(to, from, size); }

wchar_t *WFX(__wmemcpy_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room) { NEED(size <= room); return wmemcpy(to, from, size); }
wchar_t *WFX(__wmemmove_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room) { NEED(size <= room); return wmemmove(to, from, size); }
wchar_t *WFX(__wmempcpy_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room) { NEED(size <= room); return wmemcpy(to, from, size) + size; }
wchar_t *WFX(__wmemset_chk)(wchar_t *to, wchar_t c, size_t size, size_t room) { NEED(size <= room); return wmemset(to, c, size); }
wchar_t *WFX(__wcscpy_chk)(wchar_t *to, const wchar_t *from, size_t room)
{
	size_t size = wcslen(from) + 1;
	NEED(size <= room);
	return wmemcpy(to, from, size);
}
wchar_t *WFX(__wcpcpy_chk)(wchar_t *to, const wchar_t *from, size_t room) { return wfx___wcscpy_chk(to, from, room) + wcslen(from); }
wchar_t *WFX(__wcsncpy_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room) { NEED(size <= room); return wcsncpy(to, from, size); }
wchar_t *WFX(__wcpncpy_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room) { NEED(size <= room); return wcpncpy(to, from, size); }
wchar_t *WFX(__wcscat_chk)(wchar_t *to, const wchar_t *from, size_t room)
{
	size_t have = wcsnlen(to, room), more = wcslen(from) + 1;
	NEED(have < room && more <= room - have);
	wmemcpy(to + have, from, more);
	return to;
}
wchar_t *WFX(__wcsncat_chk)(wchar_t *to, const wchar_t *from, size_t size, size_t room)
{
	size_t have = wcsnlen(to, room), more = wcsnlen(from, size);
	NEED(have < room && more < room - have);
	wmemcpy(to + have, from, more);
	to[have + more] = 0;
	return to;
}

size_t WFX(__mbstowcs_chk)(wchar_t *to, const char *from, size_t size, size_t room) { NEED(!to || size <= room); return mbstowcs(to, from, size); }
size_t WFX(__mbsrtowcs_chk)(wchar_t *to, const char **from, size_t size, mbstate_t *state, size_t room) { NEED(!to || size <= room); return mbsrtowcs(to, from, size, state); }
size_t WFX(__mbsnrtowcs_chk)(wchar_t *to, const char **from, size_t bytes, size_t size, mbstate_t *state, size_t room) { NEED(!to || size <= room); return wfx_mbsnrtowcs(to, from, bytes, size, state); }
size_t WFX(__wcstombs_chk)(char *to, const wchar_t *from, size_t size, size_t room) { NEED(!to || size <= room); return wcstombs(to, from, size); }
size_t WFX(__wcsrtombs_chk)(char *to, const wchar_t **from, size_t size, mbstate_t *state, size_t room) { NEED(!to || size <= room); return wcsrtombs(to, from, size, state); }
size_t WFX(__wcsnrtombs_chk)(char *to, const wchar_t **from, size_t wide, size_t size, mbstate_t *state, size_t room) { NEED(!to || size <= room); return wcsnrtombs(to, from, wide, size, state); }

/* glibc asks for room for any character; this asks for room for the one there is. */
size_t WFX(__wcrtomb_chk)(char *to, wchar_t c, mbstate_t *state, size_t room)
{
	char one[MB_LEN_MAX];
	if (!to) return wcrtomb(to, c, state);
	size_t size = wcrtomb(one, c, state);
	if (size == (size_t)-1) return size;
	NEED(size <= room);
	memcpy(to, one, size);
	return size;
}
int WFX(__wctomb_chk)(char *to, wchar_t c, size_t room)
{
	char one[MB_LEN_MAX];
	if (!to) return wctomb(to, c);
	int size = wctomb(one, c);
	if (size < 0) return size;
	NEED((size_t)size <= room);
	memcpy(to, one, (size_t)size);
	return size;
}
