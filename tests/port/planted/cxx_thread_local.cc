/* same */
#include "planted.h"
#include <pthread.h>
#include <thread>
struct Noisy { const char *name; Noisy(const char *n) : name(n) { say("+%s ", n); } ~Noisy() { say("-%s ", name); } };
static Noisy &first() { static thread_local Noisy one("first"); return one; }
static Noisy &second() { static thread_local Noisy two("second"); return two; }
static pthread_key_t key;
static void of_key(void *) { say("key "); }
struct Guard { ~Guard() { say("guard "); } };
RUN
{
	pthread_key_create(&key, of_key);
	std::thread([] { first(); second(); pthread_setspecific(key, (void *)1); say("body "); }).join();
	say("\n");
	std::thread([] { second(); first(); say("body "); }).join();
	say("\n");
	pthread_t plain;
	pthread_create(&plain, nullptr, [](void *) -> void * { Guard g; first(); pthread_exit((void *)3); }, nullptr);
	void *result;
	pthread_join(plain, &result);
	say("%ld\n", (long)result);
	DONE;
}
