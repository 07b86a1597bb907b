/* same: flags -U_GNU_SOURCE */
#include "planted.h"
#include <signal.h>
#include <unistd.h>
static volatile int count;
static void handler(int number) { count++; }
extern __sighandler_t __sysv_signal(int, __sighandler_t);
RUN
{
	struct sigaction now;
	__sysv_signal(SIGUSR1, handler);
	sigaction(SIGUSR1, 0, &now);
	say("%d %d\n", !!(now.sa_flags & SA_RESETHAND), !!(now.sa_flags & SA_RESTART));
	raise(SIGUSR1);
	sigaction(SIGUSR1, 0, &now);
	say("%d %d\n", count, now.sa_handler == SIG_DFL);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	sigaction(SIGUSR1, 0, &now);
	say("%d %d\n", count, !!(now.sa_flags & SA_RESTART));
	say("%s %s\n", sigabbrev_np(SIGINT), sigabbrev_np(SIGSEGV));
	DONE;
}
