/* refuse: unknown */
#include "planted.h"
#include <argz.h>
RUN { char *z = 0; size_t n = 0; say("%d\n", argz_add(&z, &n, "x")); DONE; }
