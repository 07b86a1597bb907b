/* What -D_FORTIFY_SOURCE makes of the calls that fill a buffer from the system. */
#include "wfx.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEED(condition) do { if (!(condition)) wfx___chk_fail(); } while (0)

ssize_t WFX(__read_chk)(int fd, void *to, size_t size, size_t room) { NEED(size <= room); return read(fd, to, size); }
ssize_t WFX(__pread_chk)(int fd, void *to, size_t size, off_t at, size_t room) { NEED(size <= room); return pread(fd, to, size, at); }
WFX_ALIAS(__pread64_chk, __pread_chk);
ssize_t WFX(__recv_chk)(int fd, void *to, size_t size, size_t room, int flags) { NEED(size <= room); return recv(fd, to, size, flags); }
ssize_t WFX(__recvfrom_chk)(int fd, void *to, size_t size, size_t room, int flags, struct sockaddr *from, socklen_t *length) { NEED(size <= room); return recvfrom(fd, to, size, flags, from, length); }
ssize_t WFX(__readlink_chk)(const char *path, char *to, size_t size, size_t room) { NEED(size <= room); return readlink(path, to, size); }
ssize_t WFX(__readlinkat_chk)(int fd, const char *path, char *to, size_t size, size_t room) { NEED(size <= room); return readlinkat(fd, path, to, size); }
char *WFX(__getcwd_chk)(char *to, size_t size, size_t room) { NEED(size <= room); return getcwd(to, size); }
int WFX(__gethostname_chk)(char *to, size_t size, size_t room) { NEED(size <= room); return gethostname(to, size); }
int WFX(__getdomainname_chk)(char *to, size_t size, size_t room) { NEED(size <= room); return getdomainname(to, size); }
int WFX(__getlogin_r_chk)(char *to, size_t size, size_t room) { NEED(size <= room); return getlogin_r(to, size); }
int WFX(__ttyname_r_chk)(int fd, char *to, size_t size, size_t room) { NEED(size <= room); return ttyname_r(fd, to, size); }
int WFX(__ptsname_r_chk)(int fd, char *to, size_t size, size_t room) { NEED(size <= room); return ptsname_r(fd, to, size); }
size_t wfx_confstr(int name, char *to, size_t size);
size_t WFX(__confstr_chk)(int name, char *to, size_t size, size_t room) { NEED(size <= room); return wfx_confstr(name, to, size); }
int WFX(__getgroups_chk)(int size, gid_t *to, size_t room) { NEED(size < 0 || (size_t)size * sizeof *to <= room); return getgroups(size, to); }
const char *WFX(__inet_ntop_chk)(int family, const void *from, char *to, socklen_t size, size_t room) { NEED(size <= room); return inet_ntop(family, from, to, size); }
int WFX(__inet_pton_chk)(int family, const char *from, void *to, size_t room) { NEED((family == AF_INET6 ? 16u : 4u) <= room); return inet_pton(family, from, to); }
int WFX(__poll_chk)(struct pollfd *fds, nfds_t count, int wait, size_t room) { NEED(room / sizeof *fds >= count); return poll(fds, count, wait); }
int WFX(__ppoll_chk)(struct pollfd *fds, nfds_t count, const struct timespec *wait, const sigset_t *mask, size_t room) { NEED(room / sizeof *fds >= count); return ppoll(fds, count, wait, mask); }
long WFX(__fdelt_chk)(long fd) { NEED(fd >= 0 && fd < FD_SETSIZE); return fd / (8 * (long)sizeof(long)); }
WFX_ALIAS(__fdelt_warn, __fdelt_chk);

char *WFX(__realpath_chk)(const char *path, char *to, size_t room)
{
	char *found = realpath(path, 0);
	if (!found || !to) return found;
	size_t size = strlen(found) + 1;
	NEED(size <= room);
	memcpy(to, found, size);
	free(found);
	return to;
}
/* getwd, which musl has no name for any more. */
char *WFX(getwd)(char *to)
{
	char here[PATH_MAX];
	if (!to) { errno = EINVAL; return 0; }
	if (!getcwd(here, sizeof here)) return 0;
	return strcpy(to, here);
}
char *WFX(__getwd_chk)(char *to, size_t room)
{
	char here[PATH_MAX];
	if (!to) { errno = EINVAL; return 0; }
	if (!getcwd(here, sizeof here)) return 0;
	NEED(strlen(here) < room);
	return strcpy(to, here);
}

/* open without a mode, where none may be needed. */
static void no_mode(int flags) { NEED(!(flags & O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE); }
int WFX(__open_2)(const char *path, int flags) { no_mode(flags); return open(path, flags); }
WFX_ALIAS(__open64_2, __open_2);
int WFX(__openat_2)(int fd, const char *path, int flags) { no_mode(flags); return openat(fd, path, flags); }
WFX_ALIAS(__openat64_2, __openat_2);
mqd_t WFX(__mq_open_2)(const char *name, int flags) { NEED(!(flags & O_CREAT)); return mq_open(name, flags); }
