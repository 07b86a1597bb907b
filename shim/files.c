/* Files: walks, patterns and calls that musl lacks or does otherwise. */
#include "wfx.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* basename of <string.h>: never writes to its argument, "" after a trailing slash. */
char *WFX(basename)(const char *path)
{
	const char *slash = strrchr(path, '/');
	return (char *)(slash ? slash + 1 : path);
}

/* --- nftw with glibc's numbers for what was found, and FTW_ACTIONRETVAL --- */
enum found { FTW_F, FTW_D, FTW_DNR, FTW_NS, FTW_SL, FTW_DP, FTW_SLN };
enum { PHYS = 1, MOUNT = 2, DEPTH = 8, ACTIONRETVAL = 16 };
enum { CONTINUE, STOP, SKIP_SUBTREE, SKIP_SIBLINGS };
struct ftw { int base, level; };
typedef int (*nftw_function)(const char *, const struct stat *, int, struct ftw *);
typedef int (*ftw_function)(const char *, const struct stat *, int);
struct above { struct above *up; dev_t dev; ino_t ino; };
struct walk { nftw_function call; ftw_function plain; int flags; dev_t dev; char path[PATH_MAX]; };

static int report(struct walk *walk, const struct stat *st, int what, struct ftw *where)
{
	if (!walk->plain) return walk->call(walk->path, st, what, where);
	if (what == FTW_SLN) what = FTW_NS;
	return walk->plain(walk->path, st, what);
}

static int walk_to(struct walk *walk, size_t length, int base, int level, struct above *up)
{
	struct stat st;
	struct ftw where = { base, level };
	int what, action = walk->flags & ACTIONRETVAL, result;
	if (walk->flags & PHYS ? lstat(walk->path, &st) : stat(walk->path, &st)) {
		if (errno != EACCES && errno != ENOENT && errno != ELOOP) return -1;
		if (level == 0 && errno == ENOENT && lstat(walk->path, &st)) return -1;
		if (!(walk->flags & PHYS) && lstat(walk->path, &st) == 0 && S_ISLNK(st.st_mode)) what = FTW_SLN;
		else { what = FTW_NS; memset(&st, 0, sizeof st); }
	} else what = S_ISDIR(st.st_mode) ? FTW_D : S_ISLNK(st.st_mode) ? FTW_SL : FTW_F;
	if (level == 0) walk->dev = st.st_dev;
	if (what != FTW_NS && walk->flags & MOUNT && st.st_dev != walk->dev) return 0;
	if (what != FTW_D) {
		result = report(walk, &st, what, &where);
		return action && result == SKIP_SUBTREE ? 0 : result;
	}
	/* A link to a directory above is not followed in a circle. */
	if (!(walk->flags & PHYS))
		for (struct above *at = up; at; at = at->up) if (at->dev == st.st_dev && at->ino == st.st_ino) return 0;
	DIR *dir = opendir(walk->path);
	if (!dir) {
		if (errno != EACCES) return -1;
		result = report(walk, &st, FTW_DNR, &where);
		return action && result == SKIP_SUBTREE ? 0 : result;
	}
	if (!(walk->flags & DEPTH)) {
		result = report(walk, &st, FTW_D, &where);
		if (result) {
			closedir(dir);
			return action && result == SKIP_SUBTREE ? 0 : result;
		}
	}
	/* The names first: a walk may be deeper than there are descriptors. */
	char **names = 0;
	size_t count = 0, room = 0;
	struct above here = { up, st.st_dev, st.st_ino };
	struct dirent *entry;
	result = 0;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
		if (count == room) {
			char **more = realloc(names, (room = room ? room * 2 : 16) * sizeof *names);
			if (!more) { result = -1; break; }
			names = more;
		}
		if (!(names[count] = strdup(entry->d_name))) { result = -1; break; }
		count++;
	}
	closedir(dir);
	size_t slash = length && walk->path[length - 1] == '/' ? length : length + 1;
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(names[i]);
		if (!result) {
			if (slash + size >= PATH_MAX) { errno = ENAMETOOLONG; result = -1; }
			else {
				walk->path[slash - 1] = '/';
				memcpy(walk->path + slash, names[i], size + 1);
				result = walk_to(walk, slash + size, (int)slash, level + 1, &here);
				walk->path[length] = 0;
			}
		}
		free(names[i]);
	}
	free(names);
	if (action && result == SKIP_SIBLINGS) result = 0;
	if (!result && walk->flags & DEPTH) {
		result = report(walk, &st, FTW_DP, &where);
		if (action && result == SKIP_SUBTREE) result = 0;
	}
	return result;
}

static int start_walk(const char *path, nftw_function call, ftw_function plain, int flags)
{
	size_t length = strlen(path);
	if (!length) { errno = ENOENT; return -1; }
	if (length >= PATH_MAX) { errno = ENAMETOOLONG; return -1; }
	/* FTW_CHDIR, which changes the directory of the whole process, is refused. */
	if (flags & ~(PHYS | MOUNT | DEPTH | ACTIONRETVAL)) { errno = EINVAL; return -1; }
	struct walk *walk = malloc(sizeof *walk);
	if (!walk) return -1;
	*walk = (struct walk){ .call = call, .plain = plain, .flags = flags };
	memcpy(walk->path, path, length + 1);
	while (length > 1 && walk->path[length - 1] == '/') walk->path[--length] = 0;
	char *slash = strrchr(walk->path, '/');
	int result = walk_to(walk, length, slash && length > 1 ? (int)(slash + 1 - walk->path) : 0, 0, 0);
	free(walk);
	return result;
}
int WFX(nftw)(const char *path, nftw_function call, int descriptors, int flags) { (void)descriptors; return start_walk(path, call, 0, flags); }
int WFX(ftw)(const char *path, ftw_function call, int descriptors) { (void)descriptors; return start_walk(path, 0, call, 0); }

/* --- System calls that musl has no function for, or not since 1.2.2 --- */
int WFX(statx)(int fd, const char *path, int flags, unsigned mask, void *to) { return (int)syscall(SYS_statx, fd, path, flags, mask, to); }
int WFX(renameat2)(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) { return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags); }
int WFX(close_range)(unsigned first, unsigned last, int flags) { return (int)syscall(436, first, last, flags); }
void WFX(closefrom)(int first)
{
	if (first < 0) first = 0;
	if (wfx_close_range((unsigned)first, ~0u, 0) == 0) return;
	DIR *dir = opendir("/proc/self/fd");
	if (!dir) abort();
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);
		if (fd >= first && fd != dirfd(dir)) close(fd);
	}
	closedir(dir);
}
ssize_t WFX(preadv2)(int fd, const struct iovec *vec, int count, off_t at, int flags)
{
	if (!flags) return at == -1 ? readv(fd, vec, count) : preadv(fd, vec, count, at);
	return syscall(SYS_preadv2, fd, vec, count, at, 0L, flags);
}
ssize_t WFX(pwritev2)(int fd, const struct iovec *vec, int count, off_t at, int flags)
{
	if (!flags) return at == -1 ? writev(fd, vec, count) : pwritev(fd, vec, count, at);
	return syscall(SYS_pwritev2, fd, vec, count, at, 0L, flags);
}
int WFX(pidfd_open)(pid_t pid, unsigned flags) { return (int)syscall(434, pid, flags); }
int WFX(pidfd_getfd)(int pidfd, int fd, unsigned flags) { return (int)syscall(438, pidfd, fd, flags); }
int WFX(pidfd_send_signal)(int pidfd, int signal, void *info, unsigned flags) { return (int)syscall(424, pidfd, signal, info, flags); }
int WFX(getcpu)(unsigned *cpu, unsigned *node) { return (int)syscall(SYS_getcpu, cpu, node, 0); }
int WFX(tgkill)(pid_t group, pid_t thread, int signal) { return (int)syscall(SYS_tgkill, group, thread, signal); }
int WFX(pkey_alloc)(unsigned flags, unsigned rights) { return (int)syscall(SYS_pkey_alloc, flags, rights); }
int WFX(pkey_free)(int key) { return (int)syscall(SYS_pkey_free, key); }
int WFX(pkey_mprotect)(void *at, size_t size, int protection, int key) { return (int)syscall(SYS_pkey_mprotect, at, size, protection, key); }

/* glibc writes into the file where the file system cannot reserve room. */
int WFX(posix_fallocate)(int fd, off_t at, off_t length)
{
	int failed = posix_fallocate(fd, at, length);
	struct stat st;
	if (failed != EOPNOTSUPP) return failed;
	if (at < 0 || length <= 0) return EINVAL;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || flags & O_APPEND) return EBADF;
	if (fstat(fd, &st)) return errno;
	if (S_ISFIFO(st.st_mode)) return ESPIPE;
	if (!S_ISREG(st.st_mode)) return ENODEV;
	off_t step = st.st_blksize > 0 && st.st_blksize < 4096 ? st.st_blksize : 4096, end;
	if (__builtin_add_overflow(at, length, &end)) return EFBIG;
	for (off_t last = at + (length - 1) % step; last < end; last += step) {
		char c = 0;
		if (last < st.st_size && pread(fd, &c, 1, last) < 0) return errno;
		if (last < st.st_size && c) continue;
		if (pwrite(fd, &c, 1, last) != 1) return errno;
	}
	return 0;
}

char *WFX(tmpnam_r)(char *to) { return to ? tmpnam(to) : 0; }
char *WFX(canonicalize_file_name)(const char *path) { return realpath(path, 0); }
unsigned WFX(gnu_dev_major)(unsigned long long dev) { return (unsigned)(dev >> 31 >> 1 & 0xfffff000) | (unsigned)(dev >> 8 & 0xfff); }
unsigned WFX(gnu_dev_minor)(unsigned long long dev) { return (unsigned)(dev >> 12 & 0xffffff00) | (unsigned)(dev & 0xff); }
unsigned long long WFX(gnu_dev_makedev)(unsigned major, unsigned minor)
{
	return (major & 0xfffff000ull) << 32 | (major & 0xfffull) << 8 | (minor & 0xffffff00ull) << 12 | (minor & 0xffull);
}

/* What the shim itself reads of /proc and /sys. */
long wfx_read_file(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return -1;
	size_t used = 0;
	ssize_t got;
	while (used < size - 1 && (got = read(fd, to + used, size - 1 - used)) > 0) used += (size_t)got;
	close(fd);
	to[used] = 0;
	return (long)used;
}
