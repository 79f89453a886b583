// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of a move share: the journal.
 *
 * A move's journal is a file in /run/baton-move that both of its processes and whoever comes after
 * them map. Everything that has to be known to finish a move stands in it before the deed: which
 * sockets, whose, how far each has come, what was in its queues, which groups are frozen. It grows
 * by journal_take and never moves in memory; places in it are offsets.
 */
#ifndef BATON_HOST_MOVE_INSIDE_H
#define BATON_HOST_MOVE_INSIDE_H

#include "ref/host/move.h"

#define MOVE_FOLDER "/run/baton-move"
#define MOVE_GROUP "baton-move-" /* names of our cgroups begin with it */
#define MOVE_GROUP_PATH 512
#define MOVE_ERROR 256
#define MOVE_SPARES 32

/* As in tcpi_state. */
enum tcp_state {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT,
	TCP_STATE_SYN_RECEIVED,
	TCP_STATE_FIN_WAIT_1,
	TCP_STATE_FIN_WAIT_2,
	TCP_STATE_TIME_WAIT,
	TCP_STATE_CLOSED,
	TCP_STATE_CLOSE_WAIT,
	TCP_STATE_LAST_ACK,
	TCP_STATE_LISTEN,
	TCP_STATE_CLOSING,
};

/* All of a connection that the kernel forgets when its addresses are taken (RFC 9293 §3.3.1).
 * Sequence numbers are those of data: a FIN is not counted. */
struct tcp_image {
	uint32_t receive_next;	/* RCV.NXT */
	uint32_t send_end;	/* behind the last octet written */
	uint32_t unread;	/* octets in the receive queue */
	uint32_t sent, unsent;	/* octets in the send queue; sent ones are not acknowledged */
	uint64_t received, to_send; /* the queues, in the journal */
	bool fin_received, fin_sent;
	bool has_sack, has_timestamps, has_scaling;
	uint8_t send_scale, receive_scale;
	uint16_t mss;
	uint32_t timestamp;
	uint32_t window[5]; /* SND.WL1, SND.WND, the largest SND.WND, RCV.WND, RCV.WUP */
	uint32_t round_trip;	/* µs */
};

/* One socket of a move. */
struct moving {
	struct move_socket result;
	uint32_t inode;
	uint8_t family;	   /* of the socket; AF_INET6 may carry mapped IPv4 */
	bool mapped;
	pid_t pid;	   /* whoever has it, under descriptor `fd` */
	int fd;
	bool complete;	   /* `tcp` holds everything */
	bool over;	   /* its fate is sealed */
	enum move_step step; /* the last that was begun */
	int reuse, mark, buffer_lock; /* options that a move changes on its way */
	int send_buffer, receive_buffer;
	struct tcp_image tcp;
};

/* A cgroup of owners that are to stand still; or one owner, where cgroups are not to be had. */
struct group {
	char path[MOVE_GROUP_PATH]; /* from the root of the hierarchy; "" a single process */
	pid_t pid;		    /* of the single process */
	bool stopped;		    /* by us; or it `stood` already, stopped by somebody else */
	bool stood;
};

#define GROUPS_MAX 1024

struct journal_head {
	uint32_t magic, version;
	uint64_t space; /* inode of the network namespace */
	pid_t watcher, worker; /* the watcher's number names everything that a move makes */
	struct move_config config; /* without `spare` */
	pid_t spare[MOVE_SPARES];
	unsigned spares;
	bool asked; /* `config` stands there */
	bool placed, frozen;
	bool crowded; /* more owners than there is room for: none may be moved */
	uint64_t turn; /* of freeze_turn, before the sockets were looked for */
	uint64_t opened; /* connections of this namespace so far, when they were looked for */
	bool hurried;	/* the kernel's grace periods are short for the moment */
	bool begun;	/* the word to go has come */
	bool over;	/* everything is moved; old addresses are still watched */
	bool told;	/* whoever asked has the report */
	btime born, went; /* since when; when the word came */
	struct move_report report; /* the figures of it */
	unsigned groups, sockets, sockets_room;
	uint64_t sockets_at; /* array of struct moving, of `sockets_room` */
	uint64_t used, size;
	struct group group[GROUPS_MAX];
};

struct journal {
	int file;
	int cgroups; /* the root of their hierarchy, or -1 */
	int sockets; /* sock_diag, or -1 */
	char path[64];
	struct journal_head *head;
};

/*
 * Makes one for this process and those it forks, and locks it; journal_begin says what for, and
 * gives it its name, by which others find it. journal_open takes over one that its processes left.
 * -1 with errno.
 */
int journal_make(struct journal *j);
int journal_begin(struct journal *j, const struct move_config *config);
int journal_open(struct journal *j, const char *path);

/* Those that lie there: calls `each` with every path. */
void journal_each(void (*each)(void *context, const char *path), void *context);

/* The two processes of the one at that path. False: none works on it. */
bool journal_processes(const char *path, pid_t out[2]);

/* Whether a process still works on it. */
bool journal_alive(const struct journal *j);

/* Unmaps; with `remove` the file goes too, its contents wiped. */
void journal_close(struct journal *j, bool remove);

/* `size` octets more, zeroed; 0 when there is no room. */
uint64_t journal_take(struct journal *j, uint64_t size);

/* Wipes all sockets and their data, and gives the room back. */
void journal_forget(struct journal *j);

/* Room for one socket more; false: too many. Pointers to sockets are void afterwards. */
bool journal_more_sockets(struct journal *j);
void *journal_at(const struct journal *j, uint64_t offset);
struct moving *journal_socket(const struct journal *j, unsigned i);

/* --- finding (move_find.c) -------------------------------------------------------------------- */

enum { FIND_TCP = 1, FIND_UDP = 2 };

/* Fills the sockets of the journal with what leads from `from` to `from`, of these protocols; those
 * already there stay as they are. Returns how many are new, or a negative errno with `error`. */
int move_find(struct journal *j, unsigned protocols, char error[MOVE_ERROR]);

/* How many connections of TCP this network namespace has opened or accepted in its life. 0: not to
 * be known. */
uint64_t move_opened(void);

/* Notes in each socket who has it, and calls `each` for every process that has any. */
void move_owners(struct journal *j, void (*each)(struct journal *j, pid_t pid));

/* The descriptor of a socket, through its owner. -1 with errno: ESTALE when the owner has closed it
 * and something else has its number. */
int move_fetch(const struct moving *m);

/* --- standing still (move_freeze.c) ----------------------------------------------------------- */

/* One move at a time has its hand on the groups: the descriptor of the lock, to be closed. */
int freeze_lock(void);
/* The same descriptor without the lock: to read by. */
int freeze_open_lock(void);
/* How often owners have been put back, by any move; `more`, under the lock: once more. */
uint64_t freeze_turn(int lock, bool more);

/* Opens the hierarchy of groups, wherever this system has it or has it not mounted. */
void freeze_open(struct journal *j);

/* Puts the owners of all sockets into groups; they run on. Returns how many groups are new. */
unsigned freeze_place(struct journal *j);

/* Stops the groups and waits until they stand. On an error they run. */
int freeze_stop(struct journal *j, char error[MOVE_ERROR]);

/* Lets them run; puts them back to where they were. */
void freeze_thaw(struct journal *j);

/* Neither gone nor about to go. */
bool freeze_process_lives(pid_t pid);

/* Whether any process lives in that network namespace. */
bool freeze_space_lives(uint64_t space);
void freeze_unplace(struct journal *j);

/* --- holding (move_hold.c) -------------------------------------------------------------------- */

struct hold_rules;

/* All that rules need but them. */
struct hold_rules *hold_rules_open(const struct journal *j);

/* Holds what comes from the peer to the new addresses: segments of TCP that open no connection,
 * datagrams of the UDP sockets of the journal; with the move begun, to the old ones as well. 0, or
 * a negative errno with `error`. */
int hold_rules_raise(struct hold_rules *h, const struct journal *j, char error[MOVE_ERROR]);

/* They are there, raised by a killed process; or gone, because another move has need of the old
 * addresses, and then they must not come back. */
void hold_rules_adopt(struct hold_rules *h);

/* Holds what comes to the old addresses as well. */
int hold_rules_close(struct hold_rules *h, const struct journal *j, char error[MOVE_ERROR]);

/* Lets what waited so far go on its way. */
void hold_rules_drain(struct hold_rules *h);

/* Lets all go on its way. What still comes for the old addresses is dropped until
 * hold_rules_free, or the peer would be told that nobody is there. Returns how many waited. */
unsigned hold_rules_release(struct hold_rules *h, const struct journal *j);
/* Accepts NULL. */
void hold_rules_free(struct hold_rules *h);

/* Waits until what was beyond the rules already when they were made has reached its socket. */
void hold_rules_settle(struct journal *j);

/* Has the kernel's grace periods short for the moment, or as they were. */
void hold_rules_hurry(struct journal *j, bool hurry);

/* Removes the rules of another move. */
void hold_rules_remove(const struct journal *other);

/* --- a way with the right source (move_way.c) --------------------------------------------------- */

struct way;

/* All that a way needs but its routes. */
struct way *way_open(void);
/* A route that marked sockets take: to the new peer from the new address, or, for what has to go
 * back, to the old from the old. Once there it stays. 0, or a negative errno with `error`. */
int way_lay(struct way *way, const struct journal *j, bool after, char error[MOVE_ERROR]);
/* Takes the routes back. Accepts NULL. */
void way_free(struct way *way);

/* The mark (SO_MARK) of a socket that is to get the new addresses, or the old ones. */
unsigned way_mark(const struct journal *j, bool after);

/* --- addresses of a socket (move_socket.c) ------------------------------------------------------- */

/* The address that a side has before and after. */
const struct prefix *local_of(const struct move_config *c, bool after);
const struct prefix *peer_of(const struct move_config *c, bool after);

/* For a socket without addresses: its port again, and the address where the kernel insists on one.
 * -EADDRNOTAVAIL when the kernel insists on another. */
int socket_bind(struct moving *m, int fd, const struct prefix *local);
int socket_connect(struct moving *m, int fd, const struct prefix *local, const struct prefix *peer);

/* Whether it is connected between the new addresses. */
bool socket_is_at(const struct moving *m, int fd, const struct move_config *c);

/* --- one socket (move_tcp.c, move_udp.c) --------------------------------------------------------- */

/* A step is about to be done: the journal knows, and a test may end the process. */
void move_step(struct journal *j, struct moving *m, enum move_step step);

/* Moves one socket, from wherever it stands; its result says what became of it. */
void tcp_move(struct journal *j, struct way *way, struct moving *m, int fd);
void udp_move(struct journal *j, struct way *way, struct moving *m, int fd);

/* --- segments of our own making (move_send.c) ---------------------------------------------------- */

struct segment {
	struct prefix from, to;
	uint16_t from_port, to_port;
	uint32_t sequence, acknowledge;
	bool fin, rst, timestamps;
	uint32_t timestamp;
	uint16_t window;
	struct view data;
};

/* Puts a TCP segment on its way (RFC 9293 §3.1), into this host when `to` is its own. 0 or a
 * negative errno. */
int segment_send(const struct segment *s);

/* Likewise, by a socket of segment_open, for whoever sends many. That one: -1 with errno. */
int segment_send_by(int fd, const struct segment *s);
int segment_open(uint8_t family);

/* Lets a socket take what comes without ESP, or as its policies say again. */
void segment_exempt(int fd, uint8_t family, bool exempt);

/* --- after the move (move_again.c) ---------------------------------------------------------------- */

struct move_again;

/* Begins to send again what was under way at the move and is not acknowledged: the first of it. */
struct move_again *move_again_begin(struct journal *j);

/* The rest; then once more and more seldom, until the peers have answered or `patience` is over; frees it. */
void move_again_go_on(struct move_again *again, btime patience);

/* Seals the fate of a socket; the reason as printf. */
void move_why(struct moving *m, enum move_fate fate, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
