/* same */
#include "planted.h"
#include <dlfcn.h>
RUN
{
	struct dl_find_object found;
	say("%d\n", _dl_find_object((void *)run, &found));
	say("%d %d %d\n", (char *)run >= (char *)found.dlfo_map_start && (char *)run < (char *)found.dlfo_map_end, found.dlfo_eh_frame != 0, found.dlfo_flags == 0);
	say("%d\n", _dl_find_object((void *)1, &found));
	DONE;
}
