/* same */
#include "planted.h"
#include <algorithm>
#include <numeric>
#include <random>
#include <vector>
RUN
{
	std::random_device device;
	unsigned a = device(), b = device(), c = device();
	say("%d %d\n", a != b || b != c, device.entropy() >= 0);
	std::random_device named("/dev/urandom");
	say("%d\n", named() != named());
	std::mt19937 engine(5);
	std::uniform_int_distribution<int> dice(1, 6);
	std::normal_distribution<double> normal;
	for (int i = 0; i < 5; i++) say("%d ", dice(engine));
	say("%.6f\n", normal(engine));
	std::vector<int> v(10);
	std::iota(v.begin(), v.end(), 0);
	std::shuffle(v.begin(), v.end(), engine);
	for (int x : v) say("%d", x);
	say("\n");
	DONE;
}
