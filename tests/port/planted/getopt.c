/* same */
#include "planted.h"
#include <getopt.h>
#include <unistd.h>
static void try(int count, char **given, const char *options)
{
	char *args[10];
	memcpy(args, given, sizeof *args * (count + 1));
	int c;
	optind = 0;
	opterr = 0;
	while ((c = getopt(count, args, options)) != -1) say("%c(%s) ", c, optarg ? optarg : "");
	say("| %d:", optind);
	for (int i = 0; i < count; i++) say(" %s", args[i]);
	say("\n");
}
RUN
{
	char *args[] = { "prog", "one", "-a", "two", "-b", "value", "--", "-c", 0 };
	try(8, args, "ab:c");
	try(8, args, "+ab:c");
	try(8, args, "-ab:c");
	char *odd[] = { "prog", "-x", "-b", 0 };
	try(3, odd, ":b:");
	struct option longs[] = { { "alpha", 1, 0, 'A' }, { "beta", 0, 0, 'B' }, { 0 } };
	char *with[] = { "prog", "file", "--alpha=3", "--be", "more", 0 };
	int c;
	optind = 0;
	while ((c = getopt_long(5, with, "", longs, 0)) != -1) say("%c(%s) ", c, optarg ? optarg : "");
	say("| %d %s %s\n", optind, with[3], with[4]);
	DONE;
}
