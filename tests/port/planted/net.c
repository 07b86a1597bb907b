/* same */
#include "planted.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
RUN
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV }, *found = 0;
	say("%d ", getaddrinfo("127.0.0.1", "80", &hints, &found));
	char host[100], service[20];
	say("%d ", getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV));
	say("%s %s %d %d\n", host, service, found->ai_protocol, found->ai_canonname == 0);
	freeaddrinfo(found);
	say("%d %d\n", getaddrinfo("no.such.host.invalid", 0, 0, &found) == 0, getaddrinfo("x", "80", &hints, &found) == EAI_NONAME);
	struct in6_addr six;
	say("%d ", inet_pton(AF_INET6, "2001:db8::1:0:0:1", &six));
	say("%s\n", inet_ntop(AF_INET6, &six, host, sizeof host));
	int pair[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, got[10] = "";
	struct iovec vec = { "msg", 3 };
	struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &pair[0], sizeof(int));
	say("%zd ", sendmsg(pair[0], &message, 0));
	vec.iov_base = got;
	memset(control, 0, sizeof control);
	message.msg_controllen = sizeof control;
	say("%zd %s ", recvmsg(pair[1], &message, 0), got);
	head = CMSG_FIRSTHDR(&message);
	say("%d %zu\n", head && head->cmsg_type == SCM_RIGHTS, head ? head->cmsg_len : 0);
	struct servent *http = getservbyname("http", "tcp");
	say("%d\n", http && ntohs(http->s_port) == 80);
	DONE;
}
