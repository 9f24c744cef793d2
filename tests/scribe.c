/*
 * scribe: signs and chains whatever it is given, for tests that play the part of people
 * and boards who do not keep the rules. All keys are key files without a passphrase.
 *
 *	scribe sign KEY				body on standard input -> record
 *	scribe ticket KEY ELECTION BLOB BYTES	-> ticket (hexadecimal hashes)
 *	scribe chain KEY NAME ELECTION FOLDER	records or entries, one a line -> the entries of a
 *						board with that key and name: FOLDER/entries.ndjson, FOLDER/checkpoint;
 *						of entries the record and the time are kept
 *	scribe receipt KEY NAME ELECTION FOLDER SEQ
 *						-> the receipt of one of these entries
 *	scribe honest FOLDER HEAD...		FOLDER/entries.ndjson is the board in the end; the heads are what it has
 *						signed on the way. Ends with 1 if any two of them, or the last
 *						over its entries, convict somebody
 *	scribe hash				record on standard input -> its hash, hexadecimal
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/evidence.h"
#include "ballots/receipt.h"
#include "ballots/ticket.h"
#include "crypto/base64.h"
#include "crypto/keyfile.h"
#include "crypto/mem.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

static void
need(int good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "scribe: %s\n", what);
		exit(3);
	}
}

static void
read_stream(struct buffer *out, FILE *f)
{
	uint8_t *room;
	size_t n;

	do {
		room = buffer_room(out, 65536);
		need(room != NULL, "no memory");
		n = fread(room, 1, 65536, f);
		out->n += n;
	} while (n > 0);
}

static void
read_path(struct buffer *out, const char *path)
{
	FILE *f = fopen(path, "rb");

	need(f != NULL, path);
	read_stream(out, f);
	(void)fclose(f);
}

static void
read_key(struct sign_key *key, struct sign_public *public, const char *path)
{
	struct slice none = { NULL, 0 };
	struct buffer text = { 0 };
	struct keyfile file;
	uint8_t *seed;
	size_t n;

	read_path(&text, path);
	need(keyfile_open(&file, &seed, &n, buffer_slice(&text), none) == R_GOOD &&
		n == SIGN_SEED_BYTES,
	    path);
	sign_key_from_seed(public, key, seed);
	mem_free(seed);
	buffer_free(&text);
}

static void
read_hex(struct digest *d, const char *hex)
{
	need(hex_decode(d->b, sizeof d->b, slice_of(hex)) == R_GOOD, hex);
}

static void
print(struct buffer *bytes)
{
	need(buffer_result(bytes) == R_GOOD && fwrite(bytes->p, 1, bytes->n, stdout) == bytes->n &&
		fflush(stdout) == 0,
	    "cannot write");
	buffer_free(bytes);
}

static void
print_file(const char *folder, const char *name, struct buffer *bytes)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "wb");
	need(f != NULL && fwrite(bytes->p, 1, bytes->n, f) == bytes->n && fclose(f) == 0, path);
}

static void
scribe_sign(char **argv)
{
	char by[BASE64URL_LEN(32) + 1], sig[BASE64URL_LEN(64) + 1];
	struct buffer body = { 0 }, out = { 0 };
	struct signature signature;
	struct sign_public public;
	struct sign_key key;

	read_key(&key, &public, argv[2]);
	read_stream(&body, stdin);
	while (body.n > 0 && body.p[body.n - 1] == '\n')
		body.n--;
	need(sign_make(&signature, &key, "tabella/1 record", buffer_slice(&body)) == R_GOOD,
	    "cannot sign");
	(void)base64url_encode(by, public.b, sizeof public.b);
	(void)base64url_encode(sig, signature.b, sizeof signature.b);
	buffer_add_string(&out, "{\"body\":");
	buffer_add(&out, body.p, body.n);
	buffer_add_string(&out, ",\"by\":\"");
	buffer_add_string(&out, by);
	buffer_add_string(&out, "\",\"sig\":\"");
	buffer_add_string(&out, sig);
	buffer_add_string(&out, "\"}");
	print(&out);
	buffer_free(&body);
}

static void
scribe_ticket(char **argv)
{
	struct digest election, blob;
	struct buffer out = { 0 };
	struct sign_public public;
	struct sign_key key;

	read_key(&key, &public, argv[2]);
	read_hex(&election, argv[3]);
	read_hex(&blob, argv[4]);
	need(ticket_make(&out, &election, &blob, strtoull(argv[5], NULL, 10), &key) == R_GOOD,
	    "cannot make the ticket");
	print(&out);
}

/* The signed head over some leaves, the last of them of that time. */
static void
add_head(struct buffer *out, char **argv, const struct digest *leaves, size_t n, uint64_t time)
{
	struct checkpoint head = { .size = n, .time = time / 1000 };
	struct checkpoint_board board;
	struct buffer origin = { 0 };
	struct sign_public public;
	struct digest election;
	struct sign_key key;

	read_key(&key, &public, argv[2]);
	read_hex(&election, argv[4]);
	need(checkpoint_board_set(&board, argv[3], &public) == R_GOOD, "not a name");
	merkle_root(&head.root, leaves, n);
	head_origin(&origin, argv[3], &election);
	head.origin = buffer_slice(&origin);
	need(checkpoint_sign(out, &head, &board, &key) == R_GOOD, "no memory");
	buffer_free(&origin);
}

#define LINES_MOST 4096

static void
scribe_chain(char **argv)
{
	struct buffer in = { 0 }, out = { 0 }, head = { 0 };
	static struct digest leaves[LINES_MOST];
	struct entry entry = { .time = UINT64_C(1700000000000) }, given;
	size_t at = 0, start;
	uint8_t *end;

	read_hex(&entry.election, argv[4]);
	read_stream(&in, stdin);
	while (at < in.n && entry.seq < LINES_MOST) {
		end = memchr(in.p + at, '\n', in.n - at);
		need(end != NULL, "a record without a line end");
		entry.record = (struct slice){ in.p + at, (size_t)(end - in.p) - at };
		at = (size_t)(end - in.p) + 1;
		if (entry_read(&given, entry.record, NULL) == R_GOOD) {
			entry.record = given.record;
			entry.time = given.time;
		}
		start = out.n;
		need(entry_write(&out, &entry) == R_GOOD, "not a record");
		merkle_leaf(&leaves[entry.seq], out.p + start, out.n - start);
		entry_hash(&entry.prev, (struct slice){ out.p + start, out.n - start });
		buffer_add_string(&out, "\n");
		entry.seq++;
		entry.time++;
	}
	add_head(&head, argv, leaves, (size_t)entry.seq, entry.time - 1);
	print_file(argv[5], "entries.ndjson", &out);
	print_file(argv[5], "checkpoint", &head);
	buffer_free(&in);
	buffer_free(&out);
	buffer_free(&head);
}

static void
scribe_receipt(char **argv)
{
	static struct digest path[MERKLE_PATH_MAX], leaves[LINES_MOST];
	struct buffer lines = { 0 }, head = { 0 }, out = { 0 };
	struct merkle_tree *tree = NULL;
	uint64_t seq = strtoull(argv[6], NULL, 10), n = 0;
	struct receipt receipt = { .path = path };
	struct entry entry = { 0 };
	char name[4096], *line, *end;

	(void)snprintf(name, sizeof name, "%s/entries.ndjson", argv[5]);
	read_path(&lines, name);
	buffer_add(&lines, "", 1);
	need(buffer_result(&lines) == R_GOOD && merkle_tree_new(&tree) == R_GOOD, "no memory");
	for (line = (char *)lines.p; (end = strchr(line, '\n')) != NULL && n < LINES_MOST;
	     line = end + 1) {
		*end = '\0';
		merkle_leaf(&leaves[n], line, (size_t)(end - line));
		need(merkle_tree_append(tree, &leaves[n]) == R_GOOD, "no memory");
		need(entry_read(&entry, slice_of(line), NULL) == R_GOOD, "not an entry");
		if (n++ == seq)
			receipt.entry = line;
	}
	need(seq < n, "no such entry");
	receipt.path_count = merkle_tree_inclusion(tree, path, seq, n);
	add_head(&head, argv, leaves, (size_t)n, entry.time);
	buffer_add(&head, "", 1);
	receipt.checkpoint = (char *)head.p;
	need(receipt_write(&out, &receipt) == R_GOOD, "cannot write the receipt");
	print(&out);
	merkle_tree_free(tree);
	buffer_free(&lines);
	buffer_free(&head);
}

/* Try each way to make evidence out of two heads of the board with this tree. */
static int
convicts(struct slice definition, const struct merkle_tree *tree, const struct buffer *a,
    const struct buffer *b)
{
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = { .definition = definition,
		.head = { buffer_slice(a), buffer_slice(b) },
		.nodes = nodes };
	struct checkpoint first, second;
	struct note note;
	struct buffer out = { 0 };
	enum result r;

	need(note_parse(&note, c.head[0]) == R_GOOD &&
		checkpoint_read(&first, note.text) == R_GOOD &&
		note_parse(&note, c.head[1]) == R_GOOD &&
		checkpoint_read(&second, note.text) == R_GOOD,
	    "not a head");
	if (first.size > 0 && first.size < second.size) {
		if ((first.size & (first.size - 1)) == 0)
			merkle_tree_root(tree, &nodes[c.n++], first.size);
		c.n += merkle_tree_consistency(tree, nodes + c.n, first.size, second.size);
	}
	r = evidence_of_heads(&out, &c, NULL);
	need(r == R_GOOD || r == R_NO_EVIDENCE, result_name(r));
	buffer_free(&out);
	return r == R_GOOD;
}

static void
scribe_honest(char **argv)
{
	struct buffer lines = { 0 }, definition = { 0 }, *heads;
	struct merkle_tree *tree = NULL;
	struct entry entry;
	struct digest leaf;
	char name[4096], *line, *end;
	size_t n = 0, i, k;

	(void)snprintf(name, sizeof name, "%s/entries.ndjson", argv[2]);
	read_path(&lines, name);
	buffer_add(&lines, "", 1);
	need(buffer_result(&lines) == R_GOOD && merkle_tree_new(&tree) == R_GOOD, "no memory");
	for (line = (char *)lines.p; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		merkle_leaf(&leaf, line, (size_t)(end - line));
		need(merkle_tree_append(tree, &leaf) == R_GOOD, "no memory");
		if (definition.n == 0) {
			*end = '\0';
			need(entry_read(&entry, slice_of(line), NULL) == R_GOOD, "not an entry");
			buffer_add(&definition, entry.record.p, entry.record.n);
		}
	}
	while (argv[3 + n] != NULL)
		n++;
	heads = calloc(n + 1, sizeof *heads);
	need(heads != NULL, "no memory");
	for (i = 0; i < n; i++)
		read_path(&heads[i], argv[3 + i]);
	for (i = 0; i < n; i++)
		for (k = i; k < n; k++)
			if (convicts(buffer_slice(&definition), tree, &heads[i], &heads[k])) {
				(void)printf("%s and %s convict\n", argv[3 + i], argv[3 + k]);
				exit(1);
			}
	(void)printf("%zu heads convict nobody\n", n);
	for (i = 0; i < n; i++)
		buffer_free(&heads[i]);
	free(heads);
	merkle_tree_free(tree);
	buffer_free(&definition);
	buffer_free(&lines);
}

static void
scribe_hash(char **argv)
{
	struct buffer in = { 0 };
	struct digest hash;
	char hex[65];

	(void)argv;
	read_stream(&in, stdin);
	sha256(&hash, in.p, in.n);
	(void)hex_encode(hex, hash.b, sizeof hash.b);
	(void)puts(hex);
	buffer_free(&in);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int argc;
		void (*run)(char **argv);
	} commands[] = { { "sign", 3, scribe_sign }, { "ticket", 6, scribe_ticket },
		{ "chain", 6, scribe_chain }, { "receipt", 7, scribe_receipt },
		{ "honest", 0, scribe_honest }, { "hash", 2, scribe_hash } };
	size_t i;

	need(mem_init() == R_GOOD, "cannot start");
	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if ((argc == commands[i].argc || (commands[i].argc == 0 && argc > 3)) &&
		    strcmp(argv[1], commands[i].name) == 0) {
			commands[i].run(argv);
			return 0;
		}
	need(0, "unknown command or number of arguments");
	return 3;
}
