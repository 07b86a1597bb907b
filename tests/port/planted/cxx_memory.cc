/* same */
#include "planted.h"
#include <any>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
struct alignas(64) Wide { char block[64]; };
RUN
{
	std::shared_ptr<int> s = std::make_shared<int>(5), t = s;
	std::weak_ptr<int> w = s;
	say("%ld %d\n", s.use_count(), *w.lock());
	auto wide = std::make_unique<Wide[]>(3);
	say("%d\n", (int)((size_t)wide.get() % 64));
	void *aligned = ::operator new(100, std::align_val_t(256));
	say("%d\n", (int)((size_t)aligned % 256));
	::operator delete(aligned, std::align_val_t(256));
	std::pmr::monotonic_buffer_resource pool;
	std::pmr::vector<int> v(&pool);
	for (int i = 0; i < 1000; i++) v.push_back(i);
	std::unordered_map<std::string, int> h;
	for (int i = 0; i < 1000; i++) h[std::to_string(i)] = i;
	std::map<int, std::string> m{ { 3, "c" }, { 1, "a" } };
	std::any a = std::string("any");
	std::variant<int, std::string> x = "text";
	say("%d %d %s %s %s\n", v[999], h["777"], m.begin()->second.c_str(), std::any_cast<std::string>(a).c_str(), std::get<1>(x).c_str());
	try { std::any_cast<int>(a); } catch (const std::bad_any_cast &e) { say("%s\n", e.what()); }
	DONE;
}
