/* same */
#include "planted.h"
#include <codecvt>
#include <cuchar>
#include <cwchar>
#include <locale>
#include <string>
RUN
{
	std::wstring_convert<std::codecvt_utf8<wchar_t>> utf8;
	std::wstring wide = utf8.from_bytes("caf\xc3\xa9 \xf0\x9f\x98\x80");
	say("%zu %x %s\n", wide.size(), (unsigned)wide.back(), utf8.to_bytes(wide).c_str());
	std::wstring_convert<std::codecvt_utf8_utf16<char16_t>, char16_t> utf16;
	std::u16string u = utf16.from_bytes("\xf0\x9f\x98\x80");
	say("%zu %x %x\n", u.size(), u[0], u[1]);
	try { utf8.from_bytes("\xff"); } catch (const std::range_error &) { say("range\n"); }
	std::locale l("C.UTF-8");
	auto &cvt = std::use_facet<std::codecvt<wchar_t, char, std::mbstate_t>>(l);
	std::mbstate_t state = {};
	const char *from = "\xc3\xa9z", *from_next;
	wchar_t to[5] = {}, *to_next;
	say("%d ", cvt.in(state, from, from + 3, from_next, to, to + 5, to_next));
	say("%x %x %d %d\n", to[0], to[1], cvt.max_length() > 0, cvt.encoding());
	state = {};
	from = "\xc3";
	say("%d\n", cvt.in(state, from, from + 1, from_next, to, to + 5, to_next));
	char32_t c32 = 0;
	mbstate_t ms = {};
	say("%zu %x\n", mbrtoc32(&c32, "\xe2\x82\xac", 3, &ms), (unsigned)c32);
	DONE;
}
