/* refuse: unknown */
#include "planted.h"
extern int argz_count(const char *, size_t) __attribute__((weak));
RUN { say("%d\n", argz_count != 0); DONE; }
