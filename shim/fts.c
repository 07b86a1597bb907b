/* fts: walking a tree entry by entry, over the structures of glibc's <fts.h>. The directory of the process
   is never changed, as if FTS_NOCHDIR were always asked for: fts_accpath is then fts_path. */
#include "wfx.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COMFOLLOW = 1, LOGICAL = 2, NOSTAT = 8, PHYSICAL = 16, SEEDOT = 32, XDEV = 64, NAMEONLY = 256 };
enum { D = 1, DC, DEFAULT, DNR, DOT, DP, ERR, F, INIT, NS, NSOK, SL, SLNONE };
enum { AGAIN = 1, FOLLOW, NOINSTR, SKIP };

typedef struct entry {
	struct entry *cycle, *parent, *link;
	long number;
	void *pointer;
	char *accpath, *path;
	int error, symfd;
	unsigned short pathlen, namelen;
	ino_t ino;
	dev_t dev;
	nlink_t nlink;
	short level;
	unsigned short info, flags, instr;
	struct stat *statp;
	char name[1];
} entry;
typedef struct tree {
	entry *cur, *child;
	entry **array;
	dev_t dev;
	char *path;
	int rfd, pathlen, nitems;
	int (*compare)(const void *, const void *);
	int options;
} tree;
_Static_assert(offsetof(entry, statp) == 104 && offsetof(tree, compare) == 56, "the layout of glibc's FTSENT and FTS");

static void release(entry *one)
{
	if (!one) return;
	free(one->path);
	free(one->statp);
	free(one);
}
static void release_all(entry *list)
{
	while (list) { entry *next = list->link; release(list); list = next; }
}

static entry *make(entry *parent, const char *name, short level)
{
	size_t namelen = strlen(name), before = level > 0 ? parent->pathlen : 0;
	entry *one = calloc(1, sizeof *one + namelen);
	if (!one) return 0;
	int slash = before && parent->path[before - 1] != '/';
	one->statp = calloc(1, sizeof *one->statp);
	one->path = malloc(before + namelen + 2);
	if (!one->statp || !one->path || before + namelen + 1 > USHRT_MAX) { errno = one->statp && one->path ? ENAMETOOLONG : ENOMEM; release(one); return 0; }
	if (before) memcpy(one->path, parent->path, before);
	if (slash) one->path[before] = '/';
	strcpy(one->path + before + (size_t)slash, name);
	memcpy(one->name, name, namelen + 1);
	one->accpath = one->path;
	one->pathlen = (unsigned short)(before + (size_t)slash + namelen);
	one->namelen = (unsigned short)namelen;
	one->parent = parent;
	one->level = level;
	one->instr = NOINSTR;
	one->symfd = -1;
	return one;
}

static unsigned short look(tree *walk, entry *one, int follow)
{
	struct stat *st = one->statp;
	if (walk->options & LOGICAL || follow) {
		if (stat(one->path, st)) {
			int why = errno;
			if (!lstat(one->path, st)) { errno = 0; return SLNONE; }
			one->error = why;
			memset(st, 0, sizeof *st);
			return NS;
		}
	} else if (lstat(one->path, st)) {
		one->error = errno;
		memset(st, 0, sizeof *st);
		return NS;
	}
	one->dev = st->st_dev;
	one->ino = st->st_ino;
	one->nlink = st->st_nlink;
	if (S_ISDIR(st->st_mode)) {
		if (one->level > 0 && (!strcmp(one->name, ".") || !strcmp(one->name, ".."))) return DOT;
		for (entry *up = one->parent; up && up->level >= 0; up = up->parent)
			if (up->ino == one->ino && up->dev == one->dev) { one->cycle = up; return DC; }
		return D;
	}
	return S_ISLNK(st->st_mode) ? SL : S_ISREG(st->st_mode) ? F : DEFAULT;
}

/* The list in the caller's order. */
static entry *sorted(tree *walk, entry *list, int count)
{
	if (!walk->compare || count < 2) return list;
	entry **all = calloc((size_t)count, sizeof *all);
	if (!all) return list;
	int i = 0;
	for (entry *one = list; one; one = one->link) all[i++] = one;
	void wfx_qsort(void *, size_t, size_t, int (*)(const void *, const void *));
	wfx_qsort(all, (size_t)count, sizeof *all, walk->compare);
	for (i = 0; i < count; i++) all[i]->link = i + 1 < count ? all[i + 1] : 0;
	list = all[0];
	free(all);
	return list;
}

static entry *children(tree *walk, entry *of, int names_only)
{
	DIR *dir = opendir(of->path);
	entry *first = 0, **last = &first;
	int count = 0;
	if (!dir) { of->info = DNR; of->error = errno; return 0; }
	for (;;) {
		errno = 0;
		struct dirent *found = readdir(dir);
		if (!found) break;
		if (!(walk->options & SEEDOT) && (!strcmp(found->d_name, ".") || !strcmp(found->d_name, ".."))) continue;
		entry *one = make(of, found->d_name, (short)(of->level + 1));
		if (!one) { int why = errno; closedir(dir); release_all(first); of->info = ERR; of->error = why; return 0; }
		int plain = found->d_type != DT_UNKNOWN && found->d_type != DT_DIR && !(walk->options & LOGICAL && found->d_type == DT_LNK);
		one->info = names_only || (walk->options & NOSTAT && plain) ? NSOK : look(walk, one, 0);
		*last = one;
		last = &one->link;
		count++;
	}
	closedir(dir);
	walk->nitems = count;
	return sorted(walk, first, count);
}

tree *WFX(fts_open)(char *const *paths, int options, int (*compare)(const void *, const void *))
{
	if (options & ~0xff || !(options & (LOGICAL | PHYSICAL))) { errno = EINVAL; return 0; }
	tree *walk = calloc(1, sizeof *walk);
	entry *above = walk ? make(0, "", -1) : 0, *first = 0, **last = &first, *start;
	int count = 0;
	if (!above) { free(walk); return 0; }
	walk->options = options;
	walk->compare = compare;
	walk->rfd = -1;
	for (; *paths; paths++, count++) {
		entry *one = **paths ? make(above, *paths, 0) : (errno = ENOENT, (entry *)0);
		if (!one) { release_all(first); release(above); free(walk); return 0; }
		one->info = look(walk, one, options & COMFOLLOW);
		if (one->info == DOT) one->info = D;
		/* The name of a path given is its last part. */
		char *slash = strrchr(one->name, '/');
		if (slash && (slash != one->name || slash[1])) {
			one->namelen = (unsigned short)strlen(slash + 1);
			memmove(one->name, slash + 1, (size_t)one->namelen + 1);
		}
		*last = one;
		last = &one->link;
	}
	first = sorted(walk, first, count);
	if (!(start = make(above, "", 0))) { release_all(first); release(above); free(walk); return 0; }
	start->link = first;
	start->info = INIT;
	walk->cur = start;
	return walk;
}

int WFX(fts_close)(tree *walk)
{
	entry *at = walk->cur;
	release_all(walk->child);
	while (at && at->level >= 0) {
		entry *next = at->link ? at->link : at->parent;
		release(at);
		at = next;
	}
	release(at);
	free(walk);
	return 0;
}

entry *WFX(fts_read)(tree *walk)
{
	entry *at = walk->cur;
	if (!at) return 0;
	unsigned short told = at->instr;
	at->instr = NOINSTR;
	if (told == AGAIN) { at->info = look(walk, at, 0); return at; }
	if (told == FOLLOW && (at->info == SL || at->info == SLNONE)) { at->info = look(walk, at, 1); return at; }
	if (at->info == D) {
		if (at->level == 0) walk->dev = at->dev;
		if (told == SKIP || (walk->options & XDEV && at->dev != walk->dev)) {
			release_all(walk->child);
			walk->child = 0;
			at->info = DP;
			return at;
		}
		if (walk->child && walk->options & NAMEONLY) { release_all(walk->child); walk->child = 0; walk->options &= ~NAMEONLY; }
		entry *first = walk->child ? walk->child : children(walk, at, 0);
		walk->child = 0;
		if (first) return walk->cur = first;
		if (at->info == DNR || at->info == ERR) return at;
		at->info = DP;
		return at;
	}
	/* On to the next beside it, else up. */
	for (;;) {
		entry *next = at->link, *parent = at->parent;
		if (next) {
			release(at);
			walk->cur = at = next;
			if (at->level == 0) walk->dev = at->dev;
			if (at->instr == SKIP) { at->instr = NOINSTR; continue; }
			if (at->instr == FOLLOW) { at->instr = NOINSTR; at->info = look(walk, at, 1); }
			return at;
		}
		release(at);
		if (parent->level < 0) { release(parent); errno = 0; return walk->cur = 0; }
		walk->cur = parent;
		if (parent->info != ERR && parent->info != DNR) parent->info = DP;
		return parent;
	}
}

int WFX(fts_set)(tree *walk, entry *one, int instr)
{
	(void)walk;
	if (instr && instr != AGAIN && instr != FOLLOW && instr != NOINSTR && instr != SKIP) { errno = EINVAL; return 1; }
	one->instr = (unsigned short)instr;
	return 0;
}
entry *WFX(fts_children)(tree *walk, int instr)
{
	entry *at = walk->cur;
	if (instr && instr != NAMEONLY) { errno = EINVAL; return 0; }
	errno = 0;
	if (!at) return 0;
	if (at->info == INIT) return at->link;
	if (at->info != D) return 0;
	release_all(walk->child);
	if (instr) walk->options |= NAMEONLY;
	return walk->child = children(walk, at, instr != 0);
}
