/* Loads each file named on the command line in a child of its own, all symbols bound, and
   prints a line: the file, then `loads` or why not. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int ends[2], status;
		char why[512] = "";
		fflush(stdout);
		if (pipe(ends)) return 1;
		pid_t child = fork();
		if (child == 0) {
			if (dlopen(argv[i], RTLD_NOW | RTLD_LOCAL)) _exit(0);
			const char *text = dlerror();
			if (write(ends[1], text, strlen(text)) < 0) _exit(2);
			_exit(1);
		}
		close(ends[1]);
		ssize_t size = read(ends[0], why, sizeof why - 1);
		close(ends[0]);
		waitpid(child, &status, 0);
		if (WIFSIGNALED(status)) printf("%s\tsignal %d\n", argv[i], WTERMSIG(status));
		else if (status) printf("%s\t%.*s\n", argv[i], (int)(size > 0 ? size : 0), why);
		else printf("%s\tloads\n", argv[i]);
	}
	return 0;
}
