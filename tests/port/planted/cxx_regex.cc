/* same */
#include "planted.h"
#include <regex>
RUN
{
	std::string text = "The year 2024, the month 03; Émile";
	std::regex number("([0-9]+)[,;]?", std::regex::icase);
	for (std::sregex_iterator at(text.begin(), text.end(), number), end; at != end; ++at) say("%s ", (*at)[1].str().c_str());
	say("%s\n", std::regex_replace(text, std::regex("\\b(t)(\\w+)", std::regex::icase), "<$2$1>").c_str());
	say("%d %d\n", std::regex_match("foo_1", std::regex("[[:alpha:]_]+[[:digit:]]")), std::regex_search("x.y", std::regex("\\.")));
	say("%d\n", std::regex_match("AbC", std::regex("abc", std::regex::icase | std::regex::extended)));
	std::wregex wide(L"[[:upper:]]\\w*");
	std::wsmatch m;
	std::wstring w = L"abc Def";
	bool found = std::regex_search(w, m, wide);
	say("%d %ls\n", found, m.str().c_str());
	try { std::regex bad("("); } catch (const std::regex_error &e) { say("error %d\n", (int)e.code()); }
	DONE;
}
