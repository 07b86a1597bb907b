/* same */
#include "planted.h"
#include <chrono>
#include <cstdlib>
#include <ctime>
RUN
{
	using namespace std::chrono;
	auto at = system_clock::from_time_t(86400 * 365);
	say("%lld %d\n", (long long)duration_cast<hours>(at.time_since_epoch()).count(), steady_clock::is_steady);
	auto a = steady_clock::now();
	auto b = high_resolution_clock::now();
	say("%d %d\n", steady_clock::now() >= a, b.time_since_epoch().count() != 0);
	std::time_t t = 0;
	say("%d %s", std::gmtime(&t)->tm_year, std::ctime(&t));
	std::timespec ts;
	say("%d %d\n", std::timespec_get(&ts, TIME_UTC), std::clock() >= 0);
	DONE;
}
