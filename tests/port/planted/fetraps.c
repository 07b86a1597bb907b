/* same */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <fenv.h>
#include <signal.h>
#include <setjmp.h>
static sigjmp_buf back;
static void trapped(int number) { siglongjmp(back, 1); }
volatile double zero = 0, one = 1;
RUN
{
	say("%d %d\n", fegetexcept(), feenableexcept(FE_DIVBYZERO | FE_INVALID));
	say("%d\n", fegetexcept());
	signal(SIGFPE, trapped);
	if (!sigsetjmp(back, 1)) { volatile double r = one / zero; say("not trapped %g\n", r); }
	else say("trapped\n");
	feenableexcept(FE_DIVBYZERO);
	say("%d\n", fedisableexcept(FE_ALL_EXCEPT) & FE_DIVBYZERO);
	say("%d %g\n", fegetexcept(), one / zero);
	DONE;
}
