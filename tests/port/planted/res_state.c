/* refuse: resolver */
#include "planted.h"
#include <netinet/in.h>
#include <resolv.h>
RUN { res_init(); say("%d\n", _res.nscount); DONE; }
