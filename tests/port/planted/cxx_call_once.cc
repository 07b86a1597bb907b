/* same */
#include "planted.h"
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>
RUN
{
	std::once_flag flag;
	int tries = 0;
	for (int i = 0; i < 4; i++) {
		try { std::call_once(flag, [&] { if (++tries < 3) throw std::runtime_error("again"); say("done "); }); say("returned\n"); }
		catch (const std::exception &e) { say("%s %d\n", e.what(), tries); }
	}
	std::once_flag other;
	int count = 0;
	std::vector<std::thread> all;
	for (int i = 0; i < 6; i++) all.emplace_back([&] { try { std::call_once(other, [&] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); if (++count < 3) throw 1; }); } catch (int) { } });
	for (auto &t : all) t.join();
	say("%d\n", count);
	DONE;
}
