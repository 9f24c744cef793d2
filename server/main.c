/*
 * tabellad: the bulletin-board server.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "crypto/cpu.h"
#include "crypto/mem.h"
#include "server/board.h"
#include "server/boardkey.h"
#include "server/cluster.h"
#include "server/roles.h"
#include "server/store_schema.h"

static const char help[] =
    "Usage: tabellad --data DIR [OPTION]...\n"
    "       tabellad --data DIR --check\n"
    "       tabellad --data DIR --make-mark\n"
    "       tabellad --data DIR --backup NEWDIR\n"
    "       tabellad --data DIR --new-board-key\n"
    "       tabellad --make-tables --db ADDRESS\n"
    "\n"
    "The bulletin board: takes in signed records over HTTP, keeps them in PostgreSQL,\n"
    "answers each with a receipt.\n"
    "\n"
    "  --data DIR           the board's folder: its key, and its private database\n"
    "  --db ADDRESS         use this database (a libpq connection string) instead of a\n"
    "                       private one; --make-tables prepares it\n"
    "  --listen HOST:PORT   numeric address; may be given several times; port 0 takes\n"
    "                       any (default 127.0.0.1:8410, unless --tls is given)\n"
    "  --tls HOST:PORT      the same, with TLS\n"
    "  --certificate FILE   for TLS: certificate and chain, in PEM; read again on SIGHUP\n"
    "  --key FILE           and its private key, in PEM, without a passphrase\n"
    "  --count-loopback     limits for an address hold for loopback too: no reverse proxy on\n"
    "                       this machine speaks for everybody\n"
    "  --name NAME          the board's name in definitions (default tabella.local)\n"
    "  --organiser KEY      a public key that may found elections here, as printed by\n"
    "                       \"tabella organiser key\"; may be given several times\n"
    "  --witness NAME=URL   where a witness of definitions is: the prefix of its C2SP\n"
    "                       tlog-witness interface; may be given several times\n"
    "  --time-stamps URL    an RFC 3161 time-stamp authority, for the heads of opening,\n"
    "                       closing and results\n"
    "  --address-file FILE  write the board's URLs there once it listens, one a line\n"
    "  --new-board-key      make the key that is to replace the board's, print its public\n"
    "                       part for the organisers, then exit\n"
    "  --check              verify everything in the database, then exit; also while a\n"
    "                       board serves it\n"
    "  --make-mark          when board.mark is lost for good: verify everything in the database,\n"
    "                       take it for all that the board has signed, then exit\n"
    "  --backup NEWDIR      copy the private database to a new folder for --data, then exit;\n"
    "                       also while a board serves it; board.key is not copied\n"
    "  --make-tables        make or update the tables in --db as its owner, then exit\n"
    "  --help, --version\n"
    "\n"
    "Stop it with SIGTERM; SIGHUP reads the certificate again. Exit codes: 0 good; 1 refused, or "
    "the content is wrong;\n"
    "2 usage; 3 could not run for want of memory, disk or a database.\n"
    "\n"
    "Example:\n"
    "  tabellad --data /var/lib/tabella --name vote.example.org \\\n"
    "      --organiser kx0Jk1nUOmdF8Kbn1aR4YcM8c2TnHk2kq3b3b1xE2uQ\n";

#define LISTEN_MOST 8
#define TIDY_SECONDS 3600

struct options {
	const char *data, *db, *name, *address_file, *backup, *certificate, *key;
	const char *listen[LISTEN_MOST], *tls[LISTEN_MOST];
	size_t listen_count, tls_count;
	struct sign_public organisers[BOARD_ORGANISERS_MAX];
	size_t organiser_count;
	struct witness_address witnesses[CHECKPOINT_WITNESSES_MAX];
	size_t witness_count;
	const char *time_stamps;
	int check, make_mark, make_tables, new_key, count_loopback;
};

static int
refuse(enum result r, const struct why *why)
{
	(void)fprintf(stderr, "tabellad: %s: %s\n", result_name(r),
	    why->text[0] != '\0' ? why->text : result_text(r));
	return result_exit(r);
}

static int
usage(const char *what, const char *value)
{
	(void)fprintf(stderr, "tabellad: %s%s\nTry: tabellad --help\n", what, value);
	return 2;
}

/* Returns -1 to go on, or an exit code. */
static int
read_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' },
		{ "db", required_argument, NULL, 'b' }, { "listen", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "organiser", required_argument, NULL, 'o' },
		{ "witness", required_argument, NULL, 'w' },
		{ "time-stamps", required_argument, NULL, 'T' },
		{ "address-file", required_argument, NULL, 'a' },
		{ "tls", required_argument, NULL, 't' },
		{ "certificate", required_argument, NULL, 'C' },
		{ "key", required_argument, NULL, 'k' },
		{ "count-loopback", no_argument, NULL, 'L' }, { "check", no_argument, NULL, 'c' },
		{ "new-board-key", no_argument, NULL, 'N' },
		{ "backup", required_argument, NULL, 'B' }, { "make-mark", no_argument, NULL, 'M' },
		{ "make-tables", no_argument, NULL, 'm' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'd': o->data = optarg; break;
		case 'b': o->db = optarg; break;
		case 'n': o->name = optarg; break;
		case 'a': o->address_file = optarg; break;
		case 'c': o->check = 1; break;
		case 'N': o->new_key = 1; break;
		case 'L': o->count_loopback = 1; break;
		case 'B': o->backup = optarg; break;
		case 'm': o->make_tables = 1; break;
		case 'M': o->check = o->make_mark = 1; break;
		case 'C': o->certificate = optarg; break;
		case 'k': o->key = optarg; break;
		case 't':
			if (o->tls_count == LISTEN_MOST)
				return usage("--tls is given too often", "");
			o->tls[o->tls_count++] = optarg;
			break;
		case 'l':
			if (o->listen_count == LISTEN_MOST)
				return usage("--listen is given too often", "");
			o->listen[o->listen_count++] = optarg;
			break;
		case 'o':
			if (o->organiser_count == BOARD_ORGANISERS_MAX)
				return usage("--organiser is given too often", "");
			if (base64url_decode(o->organisers[o->organiser_count++].b, 32,
				slice_of(optarg)) != R_GOOD)
				return usage("--organiser is a public key of 43 characters, not ",
				    optarg);
			break;
		case 'T': o->time_stamps = optarg; break;
		case 'w':
			if (o->witness_count == CHECKPOINT_WITNESSES_MAX)
				return usage("--witness is given too often", "");
			if (strchr(optarg, '=') == NULL)
				return usage("--witness is NAME=URL, not ", optarg);
			o->witnesses[o->witness_count].name = optarg;
			o->witnesses[o->witness_count].url = strchr(optarg, '=') + 1;
			*strchr(optarg, '=') = '\0';
			o->witness_count++;
			break;
		case 'h': (void)fputs(help, stdout); return 0;
		case 'v': (void)puts("tabellad " PACKAGE_VERSION " (protocol version 1)"); return 0;
		default: return usage("an option is wrong", "");
		}
	if (optind < argc)
		return usage("what is this: ", argv[optind]);
	if (o->make_tables && o->db == NULL)
		return usage("--make-tables needs --db", "");
	if (!o->make_tables && o->data == NULL)
		return usage("--data is missing", "");
	if (o->backup != NULL && o->db != NULL)
		return usage("--backup is for the private database; see docs/operations.md", "");
	if (o->tls_count > 0 && (o->certificate == NULL || o->key == NULL))
		return usage("--tls needs --certificate and --key", "");
	if (o->tls_count == 0 && (o->certificate != NULL || o->key != NULL))
		return usage("--certificate and --key need --tls", "");
	if (o->listen_count == 0 && o->tls_count == 0)
		o->listen[o->listen_count++] = "127.0.0.1:8410";
	return -1;
}

/* Write the address whole, so that who waits for the file can read it at once. */
static enum result
write_address(const char *path, const struct listen *l, struct why *why)
{
	char address[LISTEN_ADDRESS_LEN], *partial;
	enum result r = R_GOOD;
	int bad;
	size_t i;
	FILE *f;

	if (asprintf(&partial, "%s.new", path) < 0)
		return R_NO_MEMORY;
	f = fopen(partial, "w");
	bad = f == NULL;
	for (i = 0; !bad && listen_address(l, address, i); i++)
		bad = fprintf(f, "http%s://%s\n", listen_is_tls(l, i) ? "s" : "", address) < 0;
	if (bad || fflush(f) != 0 || rename(partial, path) != 0)
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", path, strerror(errno));
	if (f != NULL)
		(void)fclose(f);
	free(partial);
	return r;
}

static void
log_addresses(struct log *log, const struct listen *l)
{
	char address[LISTEN_ADDRESS_LEN];
	size_t i;

	for (i = 0; listen_address(l, address, i); i++)
		log_event(log, LOG_START, "listening on %s%s", address,
		    listen_is_tls(l, i) ? " with TLS" : "");
}

static void
reload(struct tls *tls, struct log *log)
{
	struct why why = { 0 };

	if (tls == NULL)
		log_event(log, LOG_START, "SIGHUP: there is no certificate to read again");
	else if (tls_reload(tls, &why) == R_GOOD)
		log_event(log, LOG_START, "the certificate was read again");
	else
		log_event(log, LOG_SECURITY, "the certificate stays as it was: %s", why.text);
}

/* Tidy now and then, until a signal asks to stop. */
static void
attend(struct board *board, struct tls *tls, const sigset_t *signals, struct log *log)
{
	struct timespec tidy_every = { .tv_sec = TIDY_SECONDS };
	int signal;

	do {
		board_tidy(board);
		while ((signal = sigtimedwait(signals, NULL, &tidy_every)) == SIGHUP)
			reload(tls, log);
	} while (signal < 0);
}

/* Run until a signal asks to stop. */
static enum result
serve(const struct options *o, const struct store_options *store, struct log *log, struct why *why)
{
	struct board_config config = { 0 };
	struct board board;
	sigset_t signals;
	struct tls *tls = NULL;
	enum result r;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)listen_raise_descriptors();
	config.name = o->name != NULL ? o->name : "tabella.local";
	config.folder = o->data;
	memcpy(config.organisers, o->organisers, sizeof config.organisers);
	config.organiser_count = o->organiser_count;
	memcpy(config.witnesses, o->witnesses, sizeof config.witnesses);
	config.witness_count = o->witness_count;
	config.time_stamps = o->time_stamps;
	config.store = *store;
	config.shared = o->db != NULL;
	config.listen.addresses = o->listen;
	config.listen.addresses_len = o->listen_count;
	config.listen.tls_addresses = o->tls;
	config.listen.tls_addresses_len = o->tls_count;
	config.listen.cap_loopback = o->count_loopback;
	config.listen.log = log;
	config.log = log;
	r = boardkey_open(&config.publics[0], &config.keys[0], o->data, why);
	config.key_count = 1;
	if (r == R_GOOD) {
		r = boardkey_next(&config.publics[1], &config.keys[1], o->data, 0, why);
		config.key_count += r == R_GOOD;
		r = r == R_NOT_FOUND ? R_GOOD : r;
	}
	if (r == R_GOOD && o->tls_count > 0)
		r = tls_new(&tls, o->certificate, o->key, why);
	config.listen.tls = tls;
	if (r == R_GOOD)
		r = board_start(&board, &config, why);
	sign_key_wipe(&config.keys[0]);
	sign_key_wipe(&config.keys[1]);
	if (r != R_GOOD) {
		tls_free(tls);
		return r;
	}
	if (o->address_file != NULL)
		r = write_address(o->address_file, board.listen, why);
	if (r == R_GOOD) {
		log_addresses(log, board.listen);
		attend(&board, tls, &signals, log);
		log_event(log, LOG_STOP, "stopping");
	}
	board_stop(&board);
	tls_free(tls);
	return r;
}

static void
print_election(void *ctx, const struct digest *id, uint64_t size)
{
	char hex[65];

	(void)ctx;
	(void)hex_encode(hex, id->b, sizeof id->b);
	(void)printf("election %s: %llu entries, all valid\n", hex, (unsigned long long)size);
}

/* Make the folder NEWDIR/database/data. */
static enum result
backup(const struct cluster *cluster, const char *to, struct why *why)
{
	char *parent = NULL, *data = NULL, *whole = NULL;
	enum result r = R_GOOD;

	if (mkdir(to, 0700) != 0)
		return why_set(why, R_NO_DISK, "%s cannot be made: %s", to, strerror(errno));
	whole = realpath(to, NULL);
	if (whole == NULL || asprintf(&parent, "%s/database", whole) < 0 ||
	    asprintf(&data, "%s/data", parent) < 0)
		r = R_NO_MEMORY;
	else if (mkdir(parent, 0700) != 0)
		r = why_set(why, R_NO_DISK, "%s cannot be made: %s", parent, strerror(errno));
	if (r == R_GOOD)
		r = cluster_backup(cluster, data, why);
	if (r == R_GOOD)
		(void)printf("%s\n", whole);
	free(whole);
	free(parent);
	free(data);
	return r;
}

/* Use the private database: run it, or, to look only, that of a board that serves. */
static enum result
open_cluster(struct cluster **out, const struct options *o, struct store_options *store,
    bool *visiting, char **address, struct why *why)
{
	const bool looks = o->check || o->backup != NULL;
	struct cluster_options options = { 0 };
	char *folder;
	enum result r;

	if (asprintf(&folder, "%s/database", o->data) < 0)
		return R_NO_MEMORY;
	options.folder = folder;
	r = cluster_open(out, &options, why);
	*visiting = r == R_CONFLICT && looks;
	if (*visiting)
		r = cluster_visit(out, folder, why);
	else if (r == R_GOOD)
		r = store_schema_prepare(*out, why);
	if (r == R_GOOD) {
		*address =
		    cluster_address(*out, looks ? DB_ROLE_READER : DB_ROLE_BOARD, DATABASE_NAME);
		r = *address == NULL ? R_NO_MEMORY : R_GOOD;
	}
	if (!*visiting) {
		store->revive = cluster_ensure;
		store->ctx = *out;
	}
	free(folder);
	return r;
}

/* Make the next key, or say again which one was made. */
static enum result
new_key(const struct options *o, struct why *why)
{
	char text[BASE64URL_LEN(32) + 1];
	struct sign_public public;
	struct sign_key key;
	enum result r = boardkey_next(&public, &key, o->data, 1, why);

	sign_key_wipe(&key);
	if (r != R_GOOD)
		return r;
	(void)base64url_encode(text, public.b, sizeof public.b);
	(void)puts(text);
	return R_GOOD;
}

/* Check, copy or serve, with the database that the options name. */
static enum result
run(const struct options *o, struct log *log, struct why *why)
{
	struct store_options store = { .address = o->db, .read_only = o->check };
	struct cluster *cluster = NULL;
	struct why stopping = { 0 };
	bool visiting = false;
	char *address = NULL;
	enum result r = R_GOOD;

	if (mkdir(o->data, 0700) != 0 && errno != EEXIST)
		return why_set(why, R_NO_DISK, "%s cannot be made: %s", o->data, strerror(errno));
	if (o->new_key)
		return new_key(o, why);
	if (o->db == NULL) {
		r = open_cluster(&cluster, o, &store, &visiting, &address, why);
		store.address = address;
	}
	if (r == R_GOOD && o->backup != NULL)
		r = backup(cluster, o->backup, why);
	else if (r == R_GOOD && o->make_mark)
		r = board_make_mark(&store, o->data, print_election, NULL, why);
	else if (r == R_GOOD && o->check)
		r = board_check(&store, o->data, print_election, NULL, why);
	else if (r == R_GOOD)
		r = serve(o, &store, log, why);
	if (cluster != NULL && !visiting && cluster_stop(cluster, &stopping) != R_GOOD)
		log_event(log, LOG_STORE, "the database did not stop: %s", stopping.text);
	cluster_free(cluster);
	free(address);
	return r;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct why why = { 0 };
	struct log *log = NULL;
	enum result r = mem_init();
	int code;

	if (r != R_GOOD)
		return refuse(r, &why);
	if (cpu_choose(&why) != R_GOOD)
		return usage(why.text, "");
	code = read_options(&o, argc, argv);
	if (code >= 0)
		return code;
	if (o.make_tables)
		r = store_schema_make(o.db, &why);
	else {
		r = log_new(&log, STDERR_FILENO);
		if (r == R_GOOD)
			r = run(&o, log, &why);
	}
	log_free(log);
	return r == R_GOOD ? 0 : refuse(r, &why);
}
