/* same: flags -Wl,-rpath,$ORIGIN */
/* dlopen of a plain name searches the caller's run path; names of glibc's libraries open. */
#include "planted.h"
#include <dlfcn.h>
#include <link.h>
RUN
{
	void *beside = dlopen("basename.so", RTLD_NOW);
	say("beside %d\n", beside != 0);
	say("run %d\n", beside && dlsym(beside, "run") != 0);
	say("none %d\n", dlopen("no-such-file.so", RTLD_NOW) == 0);
	say("%d %d %d\n", dlopen("libm.so.6", RTLD_LAZY) != 0, dlopen("libc.so.6", RTLD_LAZY | RTLD_DEEPBIND) != 0, dlopen("libpthread.so.0", RTLD_NOW) != 0);
	/* What dlsym finds is what the linker would have bound. */
	char *(*error)(int, char *, size_t) = (char *(*)(int, char *, size_t))dlsym(RTLD_DEFAULT, "strerror_r");
	char text[50];
	say("%s\n", error(2, text, sizeof text));
	say("%d\n", dlvsym(RTLD_DEFAULT, "qsort", "GLIBC_2.2.5") != 0);
	say("%d %d\n", dlsym(RTLD_DEFAULT, "gnu_get_libc_version") != 0, dlsym(RTLD_DEFAULT, "no_such_name") == 0);
	say("%d\n", dlsym(RTLD_NEXT, "malloc") != 0);
	Dl_info info;
	struct link_map *map = 0;
	int found = dladdr1((void *)run, &info, (void **)&map, RTLD_DL_LINKMAP);
	say("%d %d\n", found, map && map->l_addr == (unsigned long)info.dli_fbase);
	say("%d\n", dlmopen(LM_ID_BASE, "basename.so", RTLD_NOW) == beside);
	DONE;
}
