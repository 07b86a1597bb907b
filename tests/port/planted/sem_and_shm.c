/* same */
/* A semaphore and shared memory of one name are two things. */
#include "planted.h"
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
RUN
{
	char name[64];
	snprintf(name, sizeof name, "/planted-%d", getpid());
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	say("shm %d\n", fd >= 0);
	sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, 3);
	int value = 0;
	say("sem %d\n", sem != SEM_FAILED);
	if (sem != SEM_FAILED) sem_getvalue(sem, &value);
	say("value %d\n", value);
	sem_t *again = sem_open(name, 0);
	say("again %d\n", again == sem);
	say("unlink %d %d\n", sem_unlink(name), shm_unlink(name));
	say("gone %d\n", sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
	DONE;
}
