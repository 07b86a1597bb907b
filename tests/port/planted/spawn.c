/* same */
#include "planted.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
RUN
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int ends[2], status;
	char text[100] = "", *args[] = { "sh", "-c", "echo spawned $PLANTED; exit 3", 0 };
	pid_t pid;
	sigset_t none;
	setenv("PLANTED", "yes", 1);
	pipe(ends);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	say("%d\n", posix_spawnp(&pid, "sh", &actions, &attr, args, environ));
	close(ends[1]);
	read(ends[0], text, sizeof text - 1);
	waitpid(pid, &status, 0);
	say("%s%d\n", text, WEXITSTATUS(status));
	FILE *pipe = popen("echo popen", "r");
	fgets(text, sizeof text, pipe);
	say("%s%d %d\n", text, pclose(pipe), system("exit 5") >> 8);
	DONE;
}
