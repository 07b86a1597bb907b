/* same */
#include "planted.h"
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void name(void) { fputs("planted: ", stderr); }
RUN
{
	int ends[2], status;
	char got[500] = "";
	pipe(ends);
	if (fork() == 0) {
		dup2(ends[1], 2);
		error_print_progname = name;
		error(0, 0, "plain %d", 1);
		error(0, ENOENT, "with errno");
		error_at_line(0, 0, "file.c", 7, "at a line");
		error_one_per_line = 1;
		error_at_line(0, 0, "file.c", 8, "once");
		error_at_line(0, 0, "file.c", 8, "twice");
		error(error_message_count, 0, "last");
	}
	close(ends[1]);
	wait(&status);
	read(ends[0], got, sizeof got - 1);
	say("%s%d\n", got, WEXITSTATUS(status));
	DONE;
}
