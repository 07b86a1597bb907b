/* refuse: regex */
#include "planted.h"
#include <regex.h>
RUN
{
	struct re_pattern_buffer re;
	memset(&re, 0, sizeof re);
	say("%s\n", re_compile_pattern("a", 1, &re));
	DONE;
}
