/* same */
#include "planted.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int count;
static void init(void) { usleep(10000); count++; }
static void *work(void *unused) { pthread_once(&once, init); return 0; }
static void prepare(void) { say("prepare "); }
static void parent(void) { say("parent "); }
static void child(void) { say("child "); }
RUN
{
	pthread_t threads[8];
	for (int i = 0; i < 8; i++) pthread_create(&threads[i], 0, work, 0);
	for (int i = 0; i < 8; i++) pthread_join(threads[i], 0);
	say("once %d\n", count);
	say("%d\n", pthread_atfork(prepare, parent, child));
	int status;
	if (fork() == 0) _exit(strstr(planted_text, "prepare child") != 0);
	wait(&status);
	say("%d\n", WEXITSTATUS(status));
	DONE;
}
