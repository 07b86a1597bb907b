/* same */
#include "planted.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>
namespace fs = std::filesystem;
RUN
{
	fs::path top = fs::temp_directory_path() / ("planted-fs-" + std::to_string(getpid()));
	fs::create_directories(top / "a" / "b");
	std::ofstream(top / "a" / "file.txt") << "hello";
	fs::create_symlink("file.txt", top / "a" / "link");
	fs::copy_file(top / "a" / "file.txt", top / "a" / "b" / "copy.txt");
	std::vector<std::string> seen;
	for (auto &e : fs::recursive_directory_iterator(top)) seen.push_back(fs::relative(e.path(), top).string() + (e.is_directory() ? "/" : e.is_symlink() ? "@" : ""));
	std::sort(seen.begin(), seen.end());
	for (auto &s : seen) say("%s ", s.c_str());
	say("%d %s %s\n", (int)fs::file_size(top / "a" / "file.txt"), fs::read_symlink(top / "a" / "link").c_str(), fs::path("x/y.tar.gz").extension().c_str());
	fs::rename(top / "a" / "b" / "copy.txt", top / "moved");
	fs::resize_file(top / "moved", 2);
	auto when = fs::last_write_time(top / "moved");
	fs::last_write_time(top / "moved", when - std::chrono::hours(1));
	say("%d %d %d\n", (int)fs::file_size(top / "moved"), fs::exists(top / "none"), fs::last_write_time(top / "moved") < when);
	std::error_code ec;
	fs::file_size(top / "none", ec);
	say("%d %d\n", ec.value(), fs::space("/tmp").capacity > 0);
	fs::permissions(top / "moved", fs::perms::owner_read);
	say("%o %s\n", (unsigned)fs::status(top / "moved").permissions(), fs::weakly_canonical(top / "a" / ".." / "q").filename().c_str());
	say("%d\n", (int)fs::remove_all(top));
	DONE;
}
