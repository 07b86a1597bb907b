/* same */
#include "planted.h"
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>
static void try(const char *pattern, int flags)
{
	glob_t found = { 0 };
	int result = glob(pattern, flags, 0, &found);
	say("%s %x: %d %zu magic %d", pattern, flags, result, result ? 0 : found.gl_pathc, result ? 0 : !!(found.gl_flags & GLOB_MAGCHAR));
	for (size_t i = 0; !result && i < found.gl_pathc; i++) say(" %s", found.gl_pathv[i]);
	say("\n");
	if (!result) globfree(&found);
}
RUN
{
	char top[] = "/tmp/planted-glob-XXXXXX", line[100];
	mkdtemp(top);
	chdir(top);
	const char *files[] = { "a.c", "b.c", "a.h", "c.txt", "{x}", ".hid" };
	for (int i = 0; i < 6; i++) close(open(files[i], O_CREAT | O_WRONLY, 0644));
	try("*.c", 0);
	try("*.{c,h}", GLOB_BRACE);
	try("*.{c,h}", 0);
	try("{b,a}.{c,txt,h}", GLOB_BRACE);
	try("a.c", GLOB_NOMAGIC);
	try("none", GLOB_NOMAGIC);
	try("none*", GLOB_NOMAGIC);
	try("none*", GLOB_NOCHECK);
	try("none*", 0);
	try("{none*,zip}", GLOB_BRACE | GLOB_NOCHECK);
	try("*", GLOB_PERIOD);
	try("{}", GLOB_BRACE);
	try("~root", GLOB_TILDE);
	chdir("/");
	snprintf(line, sizeof line, "rm -r %s", top);
	system(line);
	DONE;
}
