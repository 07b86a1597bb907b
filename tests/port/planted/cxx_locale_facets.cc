/* same */
#include "planted.h"
#include <iomanip>
#include <locale>
#include <sstream>
#include <ctime>
RUN
{
	std::locale utf8("C.UTF-8");
	auto &np = std::use_facet<std::numpunct<wchar_t>>(utf8);
	say("%x %x [%s] %ls %ls\n", np.decimal_point(), np.thousands_sep(), np.grouping().c_str(), np.truename().c_str(), np.falsename().c_str());
	auto &mp = std::use_facet<std::moneypunct<char>>(utf8);
	say("[%c] [%s] [%s] [%s] %d\n", mp.decimal_point(), mp.curr_symbol().c_str(), mp.positive_sign().c_str(), mp.negative_sign().c_str(), mp.frac_digits());
	auto &mw = std::use_facet<std::moneypunct<wchar_t, true>>(utf8);
	say("%x %d %ls\n", mw.decimal_point(), mw.frac_digits(), mw.curr_symbol().c_str());
	std::tm tm = {};
	tm.tm_year = 124; tm.tm_mon = 2; tm.tm_mday = 5; tm.tm_hour = 14; tm.tm_wday = 2; tm.tm_yday = 64;
	for (const std::locale &l : { std::locale::classic(), utf8 }) {
		std::ostringstream out;
		out.imbue(l);
		out << std::put_time(&tm, "%A %B %d %Y %X %p %c %x") << ' ' << 1234567.5 << ' ' << 1000000;
		say("%s\n", out.str().c_str());
		std::wostringstream wide;
		wide.imbue(l);
		wide << std::put_time(&tm, L"%A %b %X") << L' ' << 1234.5;
		say("%ls\n", wide.str().c_str());
		std::istringstream in("March 07 2021 13:14:15");
		in.imbue(l);
		std::tm got = {};
		in >> std::get_time(&got, "%B %d %Y %H:%M:%S");
		say("%d %d %d %d %d\n", in.fail(), got.tm_year, got.tm_mon, got.tm_mday, got.tm_sec);
		say("%d\n", std::use_facet<std::collate<char>>(l).compare("a", "a" + 1, "B", "B" + 1));
	}
	std::ostringstream money;
	money.imbue(utf8);
	money << std::put_money("12345");
	say("%s\n", money.str().c_str());
	try { std::locale none("xx_YY.UTF-8"); say("there\n"); } catch (const std::runtime_error &) { say("no such locale\n"); }
	say("%s %s\n", std::locale("").name().c_str(), std::locale(utf8, std::locale::classic(), std::locale::numeric).name().c_str());
	std::locale::global(utf8);
	say("%s\n", std::locale().name().c_str());
	std::locale::global(std::locale::classic());
	DONE;
}
