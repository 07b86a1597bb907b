/* same */
#include "planted.h"
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
static ucontext_t here, one, two;
static char stack1[65536], stack2[65536];
static void first(int a, int b, int c, int d, int e, int f, int g, int h)
{
	say("first %d %d %d %d %d %d %d %d\n", a, b, c, d, e, f, g, h);
	volatile double x = 1.5;
	swapcontext(&one, &two);
	say("back in first %g\n", x * 2);
}
static void second(const char *text)
{
	sigset_t set;
	say("second %s\n", text);
	sigprocmask(SIG_BLOCK, 0, &set);
	say("blocked %d\n", sigismember(&set, SIGUSR1));
	swapcontext(&two, &one);
	say("never\n");
}
RUN
{
	sigset_t set;
	volatile int again = 0;
	getcontext(&one);
	one.uc_stack.ss_sp = stack1;
	one.uc_stack.ss_size = sizeof stack1;
	one.uc_link = &here;
	makecontext(&one, (void (*)(void))first, 8, 1, 2, 3, 4, 5, 6, 7, 8);
	getcontext(&two);
	sigaddset(&two.uc_sigmask, SIGUSR1);
	two.uc_stack.ss_sp = stack2;
	two.uc_stack.ss_size = sizeof stack2;
	two.uc_link = 0;
	makecontext(&two, (void (*)(void))second, 1, "text");
	say("swap %d\n", swapcontext(&here, &one));
	sigprocmask(SIG_BLOCK, 0, &set);
	say("blocked %d\n", sigismember(&set, SIGUSR1));
	getcontext(&here);
	if (again++ < 3) setcontext(&here);
	say("again %d\n", again);
	DONE;
}
