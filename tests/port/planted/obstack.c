/* same */
#include "planted.h"
#include <obstack.h>
#include <stdlib.h>
extern int _obstack_allocated_p(struct obstack *, void *);
#define obstack_chunk_alloc malloc
#define obstack_chunk_free free
RUN
{
	struct obstack stack;
	char *first, *all[100];
	obstack_init(&stack);
	first = obstack_copy0(&stack, "first", 5);
	for (int i = 0; i < 100; i++) { obstack_printf(&stack, "object %d ", i); obstack_grow0(&stack, "tail", 4); all[i] = obstack_finish(&stack); obstack_alloc(&stack, 500); }
	say("%s %s %s\n", first, all[0], all[99]);
	obstack_grow(&stack, "growing", 7);
	for (int i = 0; i < 1000; i++) obstack_1grow(&stack, 'a' + i % 26);
	say("%d ", obstack_object_size(&stack));
	char *grown = obstack_finish(&stack);
	say("%.20s %d\n", grown, _obstack_allocated_p(&stack, grown));
	say("%d\n", obstack_memory_used(&stack) > 50000);
	obstack_free(&stack, all[50]);
	say("%s %s\n", first, all[49]);
	obstack_free(&stack, 0);
	DONE;
}
