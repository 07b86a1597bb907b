/* refuse: cancel */
#include "planted.h"
#include <pthread.h>
RUN { say("%d\n", pthread_cancel(pthread_self())); DONE; }
