// SPDX-License-Identifier: Apache-2.0
/*
 * Frames a second through the proxy of 802.1X over IP, and the delay that it adds, beside the least
 * that anybody could do on the same path: a relay that copies octets between a TCP connection and a
 * packet socket. The station is here, the access point is a process that sends every frame back, the
 * LAN a veth pair. All of it is in a network namespace of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ref/dot1x/dxi_wire.h"

#define PDU 100 /* octets of every PDU */
#define ROUNDS 20000
#define WINDOW 16
#define RELAY_PORT 49999

static const uint8_t station[] = { 2, 0, 0, 0, 1, 1 }, bssid[] = { 2, 0, 0, 0, 0x0a, 0 };

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "proxy_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	must(f && fputs(text, f) >= 0 && fclose(f) == 0, path);
}

/* --- the place -------------------------------------------------------------------------------- */

static void make_network(void)
{
	char map[64];
	uid_t uid = getuid();

	if (uid != 0) {
		must(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "a namespace");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
	} else {
		must(unshare(CLONE_NEWNET) == 0, "a namespace");
	}
	must(system("ip link set lo up && ip link add lan0 type veth peer name lan1 && "
		    "ip link set lan0 up && ip link set lan1 up") == 0, "ip");
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(EAPOL_PREAUTH_ETHERTYPE),
		.sll_ifindex = (int)if_nametoindex(device) };
	const int on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, htons(EAPOL_PREAUTH_ETHERTYPE));

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "a packet socket");
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	return fd;
}

/* A process that ends with this one. */
static pid_t start(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* The access point: what comes goes back. */
static void be_access_point(int fd)
{
	uint8_t frame[2048], address[MAC_SIZE];
	ssize_t n;

	while ((n = recv(fd, frame, sizeof(frame), 0)) > 0) {
		memcpy(address, frame, MAC_SIZE);
		memcpy(frame, frame + MAC_SIZE, MAC_SIZE);
		memcpy(frame + MAC_SIZE, address, MAC_SIZE);
		must(send(fd, frame, (size_t)n, 0) == n, "the access point");
	}
	exit(0);
}

static void send_all(int fd, const uint8_t *octets, size_t size)
{
	while (size) {
		ssize_t n = send(fd, octets, size, MSG_NOSIGNAL);
		must(n > 0, "send");
		octets += n;
		size -= (size_t)n;
	}
}

static void at_once(int fd)
{
	const int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* The least: PDU octets of the connection are a frame, and a frame's PDU goes back. */
static void be_relay(int listening, int lan)
{
	int tcp = accept(listening, NULL, NULL);
	struct pollfd fds[] = { { .fd = tcp, .events = POLLIN }, { .fd = lan, .events = POLLIN } };
	uint8_t frame[ETH_HLEN + 2048];
	ssize_t n;

	at_once(tcp);
	for (;;) {
		poll(fds, 2, -1);
		if (fds[0].revents) {
			n = recv(tcp, frame + ETH_HLEN, PDU, MSG_WAITALL);
			if (n <= 0)
				exit(0);
			memcpy(frame, bssid, MAC_SIZE);
			memcpy(frame + MAC_SIZE, station, MAC_SIZE);
			frame[12] = EAPOL_PREAUTH_ETHERTYPE >> 8;
			frame[13] = EAPOL_PREAUTH_ETHERTYPE & 0xff;
			send(lan, frame, ETH_HLEN + PDU, 0);
		}
		if (fds[1].revents && recv(lan, frame, sizeof(frame), 0) >= ETH_HLEN + PDU)
			send_all(tcp, frame + ETH_HLEN, PDU);
	}
}

static pid_t start_relay(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(RELAY_PORT),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0, "listening");
	int lan = packet_socket("lan0");
	pid_t pid = start();
	if (pid == 0)
		be_relay(fd, lan);
	close(fd);
	close(lan);
	return pid;
}

static pid_t start_proxy(const char *folder)
{
	char config[200], path[100];

	snprintf(path, sizeof(path), "%s/proxy.yaml", folder);
	snprintf(config, sizeof(config),
		"control: %s/sock\nlog: error\nlisten: 127.0.0.1\nlan: lan0\n"
		"bssids: [{bssid: \"02:00:00:00:0a:00\"}]\n", folder);
	write_file(path, config);
	pid_t pid = start();
	if (pid == 0) {
		execl("build/bin/baton-proxy", "baton-proxy", "-c", path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Waits until somebody listens. */
static int connect_to(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	for (int i = 0; i < 200; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			at_once(fd);
			return fd;
		}
		close(fd);
		nanosleep(&(struct timespec){ .tv_nsec = 25000000 }, NULL);
	}
	must(false, "nobody listens");
	return -1;
}

/* --- what is measured ------------------------------------------------------------------------- */

static size_t message(enum dxi_type type, uint8_t *out, size_t size)
{
	static uint8_t pdu[PDU] = { EAPOL_VERSION, EAPOL_EAP, 0, PDU - EAPOL_HEADER_SIZE, 2 };
	struct packet p = packet_of(&dxi_protocol);
	struct writer w = writer_of(out, size);

	p.header[DXI_VERSION_FIELD] = DXI_VERSION;
	p.header[DXI_TYPE] = type;
	p.header[DXI_STATION] = dxi_mac(station);
	p.header[DXI_BSSID] = dxi_mac(bssid);
	if (type == DXI_FRAME)
		packet_add(&p, 0, DXI_EAPOL, VIEW_OF(pdu));
	wire_encode(&p, &w);
	must(!w.failed, "a message");
	return w.used;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

struct figures {
	double round_trip_us, frames_per_s;
};

/* One round trip after the other, then with a window of them under way. */
static struct figures measure(int fd, const uint8_t *octets, size_t size)
{
	static double times[ROUNDS];
	uint8_t answer[4096];
	struct figures f;

	for (int i = 0; i < ROUNDS; i++) {
		double began = now_us();
		send_all(fd, octets, size);
		must(recv(fd, answer, size, MSG_WAITALL) == (ssize_t)size, "an answer");
		times[i] = now_us() - began;
	}
	qsort(times, ROUNDS, sizeof(times[0]), compare);
	f.round_trip_us = times[ROUNDS / 2];
	double began = now_us();
	for (int i = 0; i < WINDOW; i++)
		send_all(fd, octets, size);
	for (int i = 0; i < ROUNDS; i++) {
		must(recv(fd, answer, size, MSG_WAITALL) == (ssize_t)size, "an answer");
		if (i + WINDOW < ROUNDS)
			send_all(fd, octets, size);
	}
	f.frames_per_s = 2.0 * ROUNDS / (now_us() - began) * 1e6;
	return f;
}

static struct figures through_proxy(const char *folder)
{
	uint8_t octets[256], answer[DXI_HEADER_SIZE + 8];
	pid_t pid = start_proxy(folder);
	int fd = connect_to(DXI_PORT);
	size_t size = message(DXI_OPEN, octets, sizeof(octets));

	send_all(fd, octets, size);
	must(recv(fd, answer, sizeof(answer), MSG_WAITALL) == sizeof(answer) &&
			answer[1] == DXI_OPENED, "OPENED");
	size = message(DXI_FRAME, octets, sizeof(octets));
	struct figures f = measure(fd, octets, size);
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return f;
}

static struct figures through_relay(void)
{
	static const uint8_t pdu[PDU];
	pid_t pid = start_relay();
	int fd = connect_to(RELAY_PORT);
	struct figures f = measure(fd, pdu, PDU);

	close(fd);
	waitpid(pid, NULL, 0);
	return f;
}

static void line(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.*f, \"unit\": \"%s\"}\n", name,
		value < 100 ? 2 : 0, value, unit);
}

int main(void)
{
	char folder[] = "/tmp/baton-proxy-bench-XXXXXX", command[64];

	make_network();
	must(mkdtemp(folder) != NULL, "a folder");
	/* It must hear the first frame already. */
	int lan = packet_socket("lan1");
	pid_t access_point = start();
	if (access_point == 0)
		be_access_point(lan);
	struct figures proxy = through_proxy(folder), relay = through_relay();
	kill(access_point, SIGTERM);
	waitpid(access_point, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	must(system(command) == 0, command);
	line("802.1X over IP, frames through the proxy", proxy.frames_per_s, "frames/s");
	line("802.1X over IP, frames through a plain relay", relay.frames_per_s, "frames/s");
	line("802.1X over IP, proxy over plain relay", proxy.frames_per_s / relay.frames_per_s, "times");
	line("802.1X over IP, round trip through the proxy", proxy.round_trip_us, "us");
	line("802.1X over IP, round trip through a plain relay", relay.round_trip_us, "us");
	line("802.1X over IP, delay added each way", (proxy.round_trip_us - relay.round_trip_us) / 2,
		"us");
	return 0;
}
