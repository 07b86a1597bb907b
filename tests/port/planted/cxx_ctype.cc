/* same */
#include "planted.h"
#include <locale>
#include <string>
RUN
{
	std::locale utf8("C.UTF-8"), c = std::locale::classic();
	for (const std::locale &l : { c, utf8 }) {
		unsigned sum = 0;
		auto &narrow = std::use_facet<std::ctype<char>>(l);
		auto &wide = std::use_facet<std::ctype<wchar_t>>(l);
		for (int i = 0; i < 256; i++) {
			char ch = (char)i;
			sum = sum * 31 + narrow.is(std::ctype_base::alpha, ch) + 2 * narrow.is(std::ctype_base::punct, ch) + 4 * narrow.is(std::ctype_base::space, ch) + 8 * narrow.is(std::ctype_base::xdigit, ch)
				+ (unsigned char)narrow.toupper(ch) * 3 + (unsigned char)narrow.tolower(ch);
			if (i < 128) sum = sum * 31 + wide.is(std::ctype_base::alnum, (wchar_t)i) + wide.toupper((wchar_t)i) + wide.widen((char)i) + (unsigned)wide.narrow((wchar_t)i, '?');
		}
		say("%s %u\n", l.name().c_str(), sum);
	}
	say("%d %d\n", std::isalpha('x', utf8), std::toupper(L'\xe9', utf8) == L'\xc9');
	DONE;
}
