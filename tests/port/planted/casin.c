/* refuse: precision */
#include "planted.h"
#include <complex.h>
volatile double x = 1e10;
RUN { say("%.17g\n", creal(casin(x))); DONE; }
