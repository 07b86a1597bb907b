/* refuse: layout */
/* x86_64 only: its text is the machine's, or the name is */
#include "planted.h"
#include <pthread.h>
__asm__(".symver pthread_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
RUN { pthread_cond_t cond = PTHREAD_COND_INITIALIZER; say("%d\n", pthread_cond_signal(&cond)); DONE; }
