/* same */
#include "planted.h"
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <typeinfo>
#include <exception>
#include <system_error>
struct Own : std::runtime_error { using runtime_error::runtime_error; int number = 7; };
struct Guard { const char *name; ~Guard() { say("~%s ", name); } };
static int order(const void *a, const void *b) { if (*(int *)a == 3) throw Own("compare"); return *(int *)a - *(int *)b; }
__attribute__((noinline)) static void deep(int n) { Guard g{ "deep" }; if (n == 0) throw Own("deep"); deep(n - 1); }
RUN
{
	try { deep(2); } catch (const std::exception &e) { say("%s %s %d\n", e.what(), typeid(e).name(), dynamic_cast<const Own &>(e).number); }
	int numbers[] = { 5, 3, 9, 1 };
	try { Guard g{ "sort" }; qsort(numbers, 4, sizeof(int), order); say("sorted\n"); } catch (const Own &e) { say("%s\n", e.what()); }
	int three = 3;
	try { bsearch(&three, numbers, 4, sizeof(int), order); say("searched\n"); } catch (const Own &e) { say("%s\n", e.what()); }
	try { try { throw 5; } catch (int &i) { i++; throw; } } catch (int i) { say("%d\n", i); }
	std::exception_ptr kept;
	try { throw std::out_of_range("kept"); } catch (...) { kept = std::current_exception(); }
	try { std::rethrow_exception(kept); } catch (const std::logic_error &e) { say("%s %d\n", e.what(), std::uncaught_exceptions()); }
	try { throw std::system_error(ENOENT, std::generic_category(), "sys"); } catch (const std::system_error &e) { say("%s %d\n", e.what(), e.code().value()); }
	try { std::throw_with_nested(Own("outer")); } catch (const std::exception &e) { say("%s\n", e.what()); }
	try { std::string("x").at(5); } catch (const std::out_of_range &) { say("range\n"); }
	try { std::function<void()> f; f(); } catch (const std::bad_function_call &) { say("call\n"); }
	try { new char[(size_t)1 << 62]; say("memory\n"); } catch (const std::bad_alloc &) { say("no memory\n"); }
	DONE;
}
