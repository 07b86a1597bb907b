/* same */
#include "planted.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>
static int deep(int n) { volatile char block[4096]; block[0] = (char)n; return n ? deep(n - 1) + block[0] - block[0] : 1; }
RUN
{
	std::atomic<int> sum{ 0 };
	std::vector<std::thread> all;
	for (int i = 0; i < 8; i++) all.emplace_back([&, i] { sum += i; });
	for (auto &t : all) t.join();
	say("%d\n", sum.load());
	int r = 0;
	std::thread([&] { r = deep(900); }).join();
	say("deep %d\n", r);
	auto f = std::async(std::launch::async, [] { return 6 * 7; });
	say("%d\n", f.get());
	auto bad = std::async(std::launch::async, []() -> int { throw std::runtime_error("from a thread"); });
	try { bad.get(); } catch (const std::exception &e) { say("%s\n", e.what()); }
	std::mutex m;
	std::condition_variable cv;
	std::unique_lock<std::mutex> lock(m);
	auto before = std::chrono::steady_clock::now();
	say("%d ", cv.wait_for(lock, std::chrono::milliseconds(30)) == std::cv_status::timeout);
	say("%d ", cv.wait_until(lock, std::chrono::system_clock::now() + std::chrono::milliseconds(20)) == std::cv_status::timeout);
	auto took = std::chrono::steady_clock::now() - before;
	say("%d\n", took >= std::chrono::milliseconds(50) && took < std::chrono::seconds(3));
	std::timed_mutex tm;
	tm.lock();
	std::thread([&] { say("%d ", tm.try_lock_for(std::chrono::milliseconds(10))); }).join();
	std::recursive_mutex rm;
	rm.lock();
	say("%d ", rm.try_lock());
	std::shared_timed_mutex sm;
	sm.lock_shared();
	say("%d\n", sm.try_lock_shared_for(std::chrono::milliseconds(5)));
	std::promise<int> p;
	std::thread([&] { p.set_value_at_thread_exit(5); }).join();
	say("%d %d\n", p.get_future().get(), std::thread::hardware_concurrency() > 0);
	std::this_thread::sleep_for(std::chrono::milliseconds(1));
	DONE;
}
