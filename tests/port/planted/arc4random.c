/* same */
#include "planted.h"
#include <stdlib.h>
RUN
{
	unsigned char block[1000] = { 0 };
	int ones = 0, over = 0;
	arc4random_buf(block, sizeof block);
	for (int i = 0; i < 1000; i++) ones += __builtin_popcount(block[i]);
	for (int i = 0; i < 1000; i++) over += arc4random_uniform(10) > 9;
	say("%d %d %d\n", ones > 3500 && ones < 4500, over, arc4random() != arc4random());
	DONE;
}
