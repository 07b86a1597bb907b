/* stdio: scanf's %as of old GNU code, names that musl has not. */
#include "wfx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Before C99 glibc took %as, %aS and %a[ for %ms: memory to be allocated. musl takes %a for a float. */
static char *modern(const char *format)
{
	char *copy = 0;
	for (size_t i = 0; format[i]; i++) {
		if (format[i] != '%') continue;
		if (format[++i] == '%') continue;
		while (format[i] && strchr("0123456789$*'I", format[i])) i++;
		if (!format[i]) break;
		if (format[i] != 'a' || !strchr("sS[", format[i + 1]) || !format[i + 1]) continue;
		if (!copy && !(copy = strdup(format))) return 0;
		copy[i] = 'm';
	}
	return copy;
}
#define SCAN(call) char *own = modern(format); int result = call; free(own); return result
#define NOW (own ? own : format)
int WFX(vsscanf)(const char *from, const char *format, va_list args) { SCAN(vsscanf(from, NOW, args)); }
int WFX(vfscanf)(FILE *from, const char *format, va_list args) { SCAN(vfscanf(from, NOW, args)); }
int WFX(vscanf)(const char *format, va_list args) { return wfx_vfscanf(stdin, format, args); }
#define REST(call) va_list rest; va_start(rest, format); int result = call; va_end(rest); return result
int WFX(sscanf)(const char *from, const char *format, ...) { REST(wfx_vsscanf(from, format, rest)); }
int WFX(fscanf)(FILE *from, const char *format, ...) { REST(wfx_vfscanf(from, format, rest)); }
int WFX(scanf)(const char *format, ...) { REST(wfx_vfscanf(stdin, format, rest)); }
WFX_ALIAS(_IO_sscanf, sscanf);
WFX_ALIAS(__vsscanf, vsscanf);
WFX_ALIAS(__vfscanf, vfscanf);

int WFX(fcloseall)(void) { return fflush(0); }
