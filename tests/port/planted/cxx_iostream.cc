/* same */
#include "planted.h"
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <unistd.h>
RUN
{
	std::ostringstream out;
	out << 42 << ' ' << 3.25 << ' ' << std::hex << 255 << ' ' << std::setw(8) << std::setfill('*') << "x" << ' ' << std::boolalpha << true << ' ' << std::fixed << std::setprecision(3) << 2.0 / 3 << ' ' << std::scientific << 1e100 << ' ' << (void *)0 << ' ' << std::hexfloat << 1.5;
	say("%s\n", out.str().c_str());
	std::istringstream in("17 0x1f 2.5e3 word nonsense 99999999999999999999");
	int a; unsigned b; double d; std::string w; long l;
	in >> a >> std::setbase(16) >> b >> std::dec >> d >> w;
	say("%d %u %g %s %d\n", a, b, d, w.c_str(), in.good());
	in >> a;
	say("%d %d\n", a, in.fail());
	in.clear(); in >> w; in >> l;
	say("%ld %d\n", l, in.fail());
	std::string path = "/tmp/planted-cxx-" + std::to_string(getpid());
	{ std::ofstream file(path); file << "line one\nline two\n" << std::flush; say("%d\n", (int)file.tellp()); }
	std::ifstream file(path);
	std::string line;
	while (std::getline(file, line)) say("[%s]", line.c_str());
	file.clear(); file.seekg(5); file >> line;
	say(" %s\n", line.c_str());
	std::wifstream wide(path);
	std::wstring wl;
	std::getline(wide, wl);
	say("%ls\n", wl.c_str());
	unlink(path.c_str());
	std::cout << "" << std::flush;
	std::cerr << "";
	say("%d %d\n", std::cout.good(), std::cin.rdbuf() != 0);
	DONE;
}
