/* same: flags -D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64 */
#include "planted.h"
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
RUN
{
	char path[] = "/tmp/planted-64-XXXXXX";
	int fd = mkstemp64(path);
	say("%zd ", pwrite64(fd, "x", 1, 5000000000ll));
	say("%lld ", (long long)lseek64(fd, 0, SEEK_END));
	struct stat64 st;
	say("%d ", fstat64(fd, &st));
	say("%lld ", (long long)st.st_size);
	say("%d ", ftruncate64(fd, 100));
	stat64(path, &st);
	say("%lld ", (long long)st.st_size);
	FILE *file = fopen64(path, "r");
	say("%d ", fseeko64(file, 50, SEEK_SET));
	say("%lld ", (long long)ftello64(file));
	say("%d ", mmap64(0, 100, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	struct statvfs64 vfs;
	struct rlimit64 limit;
	say("%d %d ", statvfs64("/tmp", &vfs), getrlimit64(RLIMIT_NOFILE, &limit));
	struct dirent64 *entry;
	DIR *dir = opendir("/proc/self");
	say("%d ", (entry = readdir64(dir)) && entry->d_name[0] == '.');
	say("%d\n", open64("/dev/null", O_RDONLY) >= 0);
	unlink(path);
	DONE;
}
