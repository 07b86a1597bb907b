/* refuse: stdio */
#include "planted.h"
struct _IO_FILE_plus;
extern struct _IO_FILE_plus _IO_2_1_stdout_;
RUN { const void *volatile at = &_IO_2_1_stdout_; say("%d\n", at != 0); DONE; }
