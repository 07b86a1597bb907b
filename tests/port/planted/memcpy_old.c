/* same: flags -fno-builtin */
/* x86_64 only: its text is the machine's, or the name is */
/* The old memcpy was memmove. */
#include "planted.h"
__asm__(".symver old_memcpy, memcpy@GLIBC_2.2.5");
extern void *old_memcpy(void *, const void *, size_t);
volatile size_t n = 900;
RUN
{
	static char block[2000];
	for (int i = 0; i < 2000; i++) block[i] = 'a' + i % 23;
	old_memcpy(block + 100, block, n);
	unsigned sum = 0;
	for (int i = 0; i < 2000; i++) sum = sum * 31 + block[i];
	say("%u\n", sum);
	DONE;
}
