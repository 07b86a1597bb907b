/* same */
#include "planted.h"
RUN
{
	say("[%s] [%s] [%s] [%s]\n", basename("/usr/lib"), basename("/usr/lib/"), basename("x"), basename(""));
	char path[] = "/a/b/";
	say("[%s] [%s]\n", basename(path), path);
	DONE;
}
