/* same: flags -D_FORTIFY_SOURCE=2 */
/* A call that would write beyond its buffer ends the process by SIGABRT. */
#include "planted.h"
#include <fcntl.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>
volatile size_t n = 9;
RUN
{
	char small[8] = "", from[] = "too long for it";
	fd_set set;
	int status;
	if (fork() == 0) {
		dup2(open("/dev/null", O_RDWR), 2);
		dup2(2, 0);
		FD_ZERO(&set);
		FD_SET((int)n + 2000, &set);
		_exit(small[0]);
	}
	wait(&status);
	say("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	DONE;
}
