/* same */
#include "planted.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>
RUN
{
	char a[] = "/tmp/planted-a-XXXXXX", b[] = "/tmp/planted-b-XXXXXX", text[20] = "";
	int fa = mkstemp(a), fb = mkstemp(b);
	struct statx st;
	struct iovec vec = { (char *)"hello", 5 };
	say("%zd\n", pwritev2(fa, &vec, 1, 0, 0));
	vec.iov_base = text;
	say("%zd ", preadv2(fa, &vec, 1, 0, 0));
	say("%s\n", text);
	say("%d ", statx(AT_FDCWD, a, 0, STATX_SIZE, &st));
	say("%llu\n", (unsigned long long)st.stx_size);
	say("%d\n", renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
	struct stat s;
	stat(b, &s);
	say("%d\n", (int)s.st_size);
	say("%d ", renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE) < 0 ? errno == EEXIST : -1);
	say("%d\n", posix_fallocate(fb, 0, 10000));
	fstat(fb, &s);
	say("%d\n", (int)s.st_size);
	int extra = dup(fb);
	say("%d ", close_range(extra, extra, 0));
	say("%d\n", fcntl(extra, F_GETFD) < 0);
	say("%u %u %d\n", gnu_dev_major(makedev(300, 70000)), minor(makedev(300, 70000)), makedev(8, 1) == gnu_dev_makedev(8, 1));
	char *path = canonicalize_file_name("/usr/./bin/..");
	say("%s\n", path);
	DIR *dir = opendir("/proc/self/fd");
	say("%d\n", readdir(dir) != 0);
	unlink(a);
	unlink(b);
	DONE;
}
