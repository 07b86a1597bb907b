/* same */
/* A pthread key's destructor, then the value of a thread that leaves by pthread_exit. */
#include "planted.h"
#include <pthread.h>
static pthread_key_t key;
static void gone(void *what) { say("key %s\n", (char *)what); }
static void *work(void *unused) { pthread_setspecific(key, "value"); pthread_exit("out"); }
RUN
{
	pthread_t thread;
	void *result;
	pthread_key_create(&key, gone);
	pthread_create(&thread, 0, work, 0);
	pthread_join(thread, &result);
	say("%s\n", (char *)result);
	say("%d\n", pthread_setname_np(pthread_self(), "planted"));
	char name[20] = "";
	say("%d %s\n", pthread_getname_np(pthread_self(), name, sizeof name), name);
	pthread_setname_np(pthread_self(), "host");
	DONE;
}
