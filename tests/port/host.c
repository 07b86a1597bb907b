/* Loads each extension named on the command line in a child of its own, as an interpreter would, and
   prints what its run() gives back, or why there is nothing. Built for both libcs. */
#include <dlfcn.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	for (int i = 1; i < argc; i++) {
		int status;
		printf("=== %s\n", strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			alarm(10);
			void *file = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
			const char *(*run)(void) = file ? (const char *(*)(void))dlsym(file, "run") : 0;
			if (!run) { printf("not loaded: %s\n", dlerror()); fflush(stdout); _exit(1); }
			printf("%s", run());
			fflush(stdout);
			_exit(0);
		}
		waitpid(child, &status, 0);
		if (WIFSIGNALED(status)) printf("died of signal %d\n", WTERMSIG(status));
		else if (status) printf("died with %d\n", WEXITSTATUS(status));
	}
	return 0;
}
