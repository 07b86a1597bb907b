/* same */
#include "planted.h"
#include <malloc.h>
RUN
{
	struct mallinfo2 all = mallinfo2();
	struct mallinfo old = mallinfo();
	say("%d %d\n", all.uordblks < 1u << 30, old.fordblks < 1 << 30);
	malloc_trim(0);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	say("done\n");
	DONE;
}
