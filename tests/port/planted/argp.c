/* refuse: argp */
#include "planted.h"
#include <argp.h>
RUN { char *args[] = { "x", 0 }; struct argp none = { 0 }; say("%d\n", argp_parse(&none, 1, args, 0, 0, 0)); DONE; }
