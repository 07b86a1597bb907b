/* same */
#include "planted.h"
#include <cstdlib>
#include <iostream>
#include <string>
#include <typeinfo>
#include <cxxabi.h>
struct Early { Early() { text = "built early"; std::cout << ""; } std::string text; };
static Early early;
static const std::string &late() { static std::string one = [] { return std::string("built late"); }(); return one; }
struct Base { virtual ~Base() {} virtual int f() = 0; };
struct Derived : Base { int f() override { return 3; } };
RUN
{
	say("%s, %s\n", early.text.c_str(), late().c_str());
	Base *base = new Derived;
	int status;
	char *name = abi::__cxa_demangle(typeid(*base).name(), 0, 0, &status);
	say("%d %s %d %d\n", base->f(), name, status, dynamic_cast<Derived *>(base) == base);
	delete base;
	say("%d\n", std::atexit([] {}));
	DONE;
}
