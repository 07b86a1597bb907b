/* same */
#include "planted.h"
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }
RUN
{
	char top[] = "/tmp/planted-fts-XXXXXX", path[200];
	mkdtemp(top);
	const char *dirs[] = { "a", "a/b", "c" }, *files[] = { "f", "a/g", "a/b/h", "c/i" };
	for (int i = 0; i < 3; i++) { snprintf(path, sizeof path, "%s/%s", top, dirs[i]); mkdir(path, 0755); }
	for (int i = 0; i < 4; i++) { snprintf(path, sizeof path, "%s/%s", top, files[i]); close(open(path, O_CREAT | O_WRONLY, 0644)); }
	snprintf(path, sizeof path, "%s/broken", top);
	symlink("nowhere", path);
	for (int options = FTS_LOGICAL; options; options = options == FTS_LOGICAL ? FTS_PHYSICAL | FTS_NOCHDIR : 0) {
		char *paths[] = { top, 0 };
		FTS *walk = fts_open(paths, options, by_name);
		FTSENT *one;
		if (!walk) { say("none\n"); continue; }
		while ((one = fts_read(walk))) {
			say("%d %d %s %s %zu\n", one->fts_info, one->fts_level, one->fts_level ? one->fts_name : "top", one->fts_path + strlen(top), (size_t)one->fts_namelen - (one->fts_level ? 0 : one->fts_namelen));
			if (one->fts_info == FTS_D && !strcmp(one->fts_name, "c")) fts_set(walk, one, FTS_SKIP);
			if (one->fts_info == FTS_D && !strcmp(one->fts_name, "a")) for (FTSENT *child = fts_children(walk, 0); child; child = child->fts_link) say("child %s\n", child->fts_name);
		}
		say("close %d\n", fts_close(walk));
	}
	snprintf(path, sizeof path, "rm -r %s", top);
	system(path);
	DONE;
}
