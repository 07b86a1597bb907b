/* What -D_FORTIFY_SOURCE makes of stdio. The flag that says how strictly %n is looked at has no
   counterpart in musl and is not used; sizes are kept. */
#include "wfx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <wchar.h>

#define NEED(condition) do { if (!(condition)) wfx___chk_fail(); } while (0)
/* A function with `...` that hands its arguments to the one with a va_list. */
#define REST(last, type, call) va_list rest; va_start(rest, last); type result = call; va_end(rest); return result

int WFX(__vprintf_chk)(int flag, const char *format, va_list args) { (void)flag; return vprintf(format, args); }
int WFX(__printf_chk)(int flag, const char *format, ...) { (void)flag; REST(format, int, vprintf(format, rest)); }
int WFX(__vfprintf_chk)(FILE *file, int flag, const char *format, va_list args) { (void)flag; return vfprintf(file, format, args); }
int WFX(__fprintf_chk)(FILE *file, int flag, const char *format, ...) { (void)flag; REST(format, int, vfprintf(file, format, rest)); }
int WFX(__vdprintf_chk)(int fd, int flag, const char *format, va_list args) { (void)flag; return vdprintf(fd, format, args); }
int WFX(__dprintf_chk)(int fd, int flag, const char *format, ...) { (void)flag; REST(format, int, vdprintf(fd, format, rest)); }
int WFX(__vasprintf_chk)(char **to, int flag, const char *format, va_list args) { (void)flag; return vasprintf(to, format, args); }
int WFX(__asprintf_chk)(char **to, int flag, const char *format, ...) { (void)flag; REST(format, int, vasprintf(to, format, rest)); }

int WFX(__vsnprintf_chk)(char *to, size_t size, int flag, size_t room, const char *format, va_list args)
{
	(void)flag;
	NEED(size <= room);
	return vsnprintf(to, size, format, args);
}
int WFX(__snprintf_chk)(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
	REST(format, int, wfx___vsnprintf_chk(to, size, flag, room, format, rest));
}
int WFX(__vsprintf_chk)(char *to, int flag, size_t room, const char *format, va_list args)
{
	(void)flag;
	NEED(room > 0);
	/* An unknown size is the largest number, which vsnprintf does not take. */
	if (room > INT_MAX) return vsprintf(to, format, args);
	int size = vsnprintf(to, room, format, args);
	NEED(size < 0 || (size_t)size < room);
	return size;
}
int WFX(__sprintf_chk)(char *to, int flag, size_t room, const char *format, ...)
{
	REST(format, int, wfx___vsprintf_chk(to, flag, room, format, rest));
}

int WFX(__vwprintf_chk)(int flag, const wchar_t *format, va_list args) { (void)flag; return vwprintf(format, args); }
int WFX(__wprintf_chk)(int flag, const wchar_t *format, ...) { (void)flag; REST(format, int, vwprintf(format, rest)); }
int WFX(__vfwprintf_chk)(FILE *file, int flag, const wchar_t *format, va_list args) { (void)flag; return vfwprintf(file, format, args); }
int WFX(__fwprintf_chk)(FILE *file, int flag, const wchar_t *format, ...) { (void)flag; REST(format, int, vfwprintf(file, format, rest)); }
int WFX(__vswprintf_chk)(wchar_t *to, size_t size, int flag, size_t room, const wchar_t *format, va_list args)
{
	(void)flag;
	NEED(size <= room);
	return vswprintf(to, size, format, args);
}
int WFX(__swprintf_chk)(wchar_t *to, size_t size, int flag, size_t room, const wchar_t *format, ...)
{
	REST(format, int, wfx___vswprintf_chk(to, size, flag, room, format, rest));
}
void WFX(__vsyslog_chk)(int priority, int flag, const char *format, va_list args) { (void)flag; vsyslog(priority, format, args); }
void WFX(__syslog_chk)(int priority, int flag, const char *format, ...)
{
	(void)flag;
	va_list rest;
	va_start(rest, format);
	vsyslog(priority, format, rest);
	va_end(rest);
}

/* A line that is read may be longer than the buffer as long as none comes that is. */
#define LINE(type, name, read, length, one, end) \
	type *WFX(name)(type *to, size_t room, int size, FILE *file) \
	{ \
		if (size <= 0 || (size_t)size <= room) return read(to, size, file); \
		NEED(room > 0); \
		type *got = read(to, (int)room, file); \
		size_t used = got ? length(got) : 0; \
		if (got && used == room - 1 && (!used || got[used - 1] != '\n')) NEED(one(file) == end); \
		return got; \
	}
LINE(char, __fgets_chk, fgets, strlen, getc, EOF)
LINE(char, __fgets_unlocked_chk, fgets_unlocked, strlen, getc_unlocked, EOF)
LINE(wchar_t, __fgetws_chk, fgetws, wcslen, getwc, WEOF)
LINE(wchar_t, __fgetws_unlocked_chk, fgetws_unlocked, wcslen, getwc_unlocked, WEOF)

static int fits(size_t size, size_t count, size_t room)
{
	size_t all;
	return !__builtin_mul_overflow(size, count, &all) && all <= room;
}
size_t WFX(__fread_chk)(void *to, size_t room, size_t size, size_t count, FILE *file) { NEED(fits(size, count, room)); return fread(to, size, count, file); }
size_t WFX(__fread_unlocked_chk)(void *to, size_t room, size_t size, size_t count, FILE *file) { NEED(fits(size, count, room)); return fread_unlocked(to, size, count, file); }

char *WFX(__gets_chk)(char *to, size_t room)
{
	size_t size = 0;
	int c;
	NEED(room > 0);
	while ((c = getchar()) != EOF && c != '\n') {
		NEED(size + 1 < room);
		to[size++] = (char)c;
	}
	if (c == EOF && (size == 0 || ferror(stdin))) return 0;
	to[size] = 0;
	return to;
}
