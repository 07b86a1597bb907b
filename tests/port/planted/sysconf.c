/* same */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <sys/sysinfo.h>
#include <unistd.h>
RUN
{
	int names[] = { _SC_PAGESIZE, _SC_NPROCESSORS_ONLN, _SC_NPROCESSORS_CONF, _SC_CLK_TCK, _SC_OPEN_MAX, _SC_GETPW_R_SIZE_MAX, _SC_GETGR_R_SIZE_MAX, _SC_THREAD_STACK_MIN, _SC_IOV_MAX,
		_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL1_DCACHE_LINESIZE, _SC_LEVEL1_ICACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL2_CACHE_LINESIZE, _SC_LEVEL1_DCACHE_ASSOC, _SC_PHYS_PAGES };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) say("%d: %ld\n", names[i], sysconf(names[i]));
	say("l3 %d\n", sysconf(_SC_LEVEL3_CACHE_SIZE) >= 0);
	say("%d %d\n", get_nprocs(), get_nprocs_conf());
	char text[100];
	say("%zu %s\n", confstr(_CS_PATH, text, sizeof text), text);
	say("%d\n", !strncmp((confstr(_CS_GNU_LIBC_VERSION, text, sizeof text), text), "glibc 2.", 8));
	DONE;
}
