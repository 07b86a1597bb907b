/* same: flags -O2 */
/* getc_unlocked and putc_unlocked are inlined over the head of FILE. */
#include "planted.h"
#include <stdio_ext.h>
#include <stdlib.h>
RUN
{
	char *text = 0;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	for (int i = 0; i < 3000; i++) putc_unlocked('a' + i % 26, to);
	fclose(to);
	FILE *from = fmemopen(text, size, "r");
	int c, count = 0;
	unsigned sum = 0;
	while ((c = getc_unlocked(from)) != EOF) { sum = sum * 31 + c; count++; }
	say("%d %u %d %d\n", count, sum, !!feof_unlocked(from), !!ferror_unlocked(from));
	rewind(from);
	char *line = 0;
	size_t room = 0;
	say("%zd ", getdelim(&line, &room, 'e', from));
	say("%s %d\n", line, ungetc('!', from));
	say("%d ", fgetc(from));
	say("%ld\n", ftell(from));
	fpos_t pos;
	say("%d ", fgetpos(from, &pos));
	say("%d\n", fsetpos(from, &pos));
	DONE;
}
