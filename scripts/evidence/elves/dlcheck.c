/* dlcheck <LIST: dlopen each file of the list in a child of its own, all its symbols bound.
 * A line each: "ok FILE", or "no FILE: why" (the loader's words, or the signal). */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  static char path[8192];
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = 0;
    pid_t child = fork();
    if (child == 0) {
      if (dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        printf("ok %s\n", path);
      } else {
        printf("no %s: %.200s\n", path, strtok(dlerror(), "\n"));
      }
      fflush(stdout);
      _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0) return 2;
    if (status) {
      printf("no %s: wait status %d\n", path, status);
      fflush(stdout);
    }
  }
  return 0;
}
