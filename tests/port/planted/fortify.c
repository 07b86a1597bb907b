/* same: flags -D_FORTIFY_SOURCE=2 */
/* Checked calls that are in order do what the unchecked do. */
#include "planted.h"
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>
volatile size_t n = 5;
RUN
{
	char to[64], from[] = "hello world";
	wchar_t wide[32] = { 0 };
	memcpy(to, from, n);
	memset(to + 5, 0, n);
	say("%s ", to);
	strcpy(to, from + n);
	strcat(to, from + 6);
	strncat(to, from, n);
	say("%s ", to);
	strncpy(to, from, n);
	stpcpy(to + n, "!");
	memmove(to + 1, to, n);
	say("%s ", to);
	say("%d ", snprintf(to, n, "%d", 1234567));
	say("%d ", sprintf(to, "%zu-%s", n, from));
	say("%s ", to);
	swprintf(wide, n + 20, L"%d %ls", 7, L"wide");
	wcscpy(wide + 12, L"x");
	wmemset(wide + 13, L'y', n);
	say("%ls %d ", wide, (int)wcslen(wide + 12));
	say("%zu ", mbstowcs(wide, from, n + 10));
	int fds[2];
	pipe(fds);
	write(fds[1], from, 11);
	say("%zd ", read(fds[0], to, n));
	struct pollfd one = { fds[0], POLLIN, 0 };
	say("%d ", poll(&one, n - 4, 0));
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fds[0] + n - 5, &set);
	say("%d ", select(fds[0] + 1, &set, 0, 0, 0));
	char path[4096];
	say("%s ", realpath("/usr/../", path));
	say("%d ", readlink("/proc/self/cwd", to, n) > 0);
	say("%d ", getcwd(path, n + 4000) != 0);
	say("%d ", open("/dev/null", n - 5) >= 0);
	char *made;
	asprintf(&made, "%zu %s", n, from);
	say("%s\n", made);
	DONE;
}
