/* same */
#include "planted.h"
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
/* Clients of HTTP read /etc/resolv.conf again where a name was not found; musl reads it each time. */
RUN {
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;
	say("%d\n", res_init());
	int failed = getaddrinfo("127.0.0.1", "80", &hints, &found);
	say("%d %d\n", failed, !failed && ntohs(((struct sockaddr_in *)found->ai_addr)->sin_port) == 80);
	DONE;
}
