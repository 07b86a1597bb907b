/* same */
#include "planted.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int count[16], depth;
static int see(const char *path, const struct stat *st, int what, struct FTW *where)
{
	count[what]++;
	depth += where->level * (what + 1) + (path[where->base] != 0);
	return 0;
}
static int skip(const char *path, const struct stat *st, int what, struct FTW *where)
{
	count[what]++;
	return what == FTW_D && where->level == 1 ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
}
static int plain(const char *path, const struct stat *st, int what) { count[what]++; return 0; }
static void tell(const char *name, int result)
{
	say("%s %d:", name, result);
	for (int i = 0; i < 8; i++) say(" %d", count[i]);
	say(" %d\n", depth);
	memset(count, 0, sizeof count);
	depth = 0;
}
RUN
{
	char top[] = "/tmp/planted-nftw-XXXXXX", path[200];
	mkdtemp(top);
	const char *dirs[] = { "a", "a/b", "c" }, *files[] = { "f", "a/g", "a/b/h", "c/i" };
	for (int i = 0; i < 3; i++) { snprintf(path, sizeof path, "%s/%s", top, dirs[i]); mkdir(path, 0755); }
	for (int i = 0; i < 4; i++) { snprintf(path, sizeof path, "%s/%s", top, files[i]); close(open(path, O_CREAT | O_WRONLY, 0644)); }
	snprintf(path, sizeof path, "%s/broken", top);
	symlink("nowhere", path);
	snprintf(path, sizeof path, "%s/link", top);
	symlink("f", path);
	tell("phys", nftw(top, see, 5, FTW_PHYS));
	tell("depth", nftw(top, see, 5, FTW_PHYS | FTW_DEPTH));
	tell("follow", nftw(top, see, 5, 0));
	tell("action", nftw(top, skip, 5, FTW_PHYS | FTW_ACTIONRETVAL));
	tell("ftw", ftw(top, plain, 5));
	snprintf(path, sizeof path, "%s/none", top);
	tell("none", nftw(path, see, 5, 0));
	snprintf(path, sizeof path, "rm -r %s", top);
	system(path);
	DONE;
}
