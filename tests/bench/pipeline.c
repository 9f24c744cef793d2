/*
 * pipeline: a whole tally on files. Three trustees make a key, each mixes what the one
 * before left, everybody verifies, two decrypt, everybody verifies and reads the plaintexts;
 * in the end they are counted and compared with what was encrypted.
 *
 *	pipeline ROWS [GROUP]
 *
 * Each step is a process of its own. It finds its input in a board's folder (ballots/folder.h:
 * mapped, and its hash compared) and leaves its output there, whole and on the disk. What is too
 * small for a file, and each trustee's seed, is in memory that the steps share.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballots/folder.h"
#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/keygen.h"
#include "crypto/mem.h"
#include "crypto/shuffle.h"
#include "tests/bench/bench.h"
#include "tests/bench/table.h"

#define TRUSTEES 3
#define THRESHOLD 2
#define WIDTH 1
/* Room for what a trustee posts to make the key, in any group. */
#define POST_MAX 4096

static const uint32_t participants[TRUSTEES] = { 1, 2, 3 };
/* Who decrypts: coefficients that are no integers. */
static const uint32_t decryptors[THRESHOLD] = { 1, 3 };

struct post {
	struct digest commit;
	uint8_t receive[POST_MAX], receive_proof[POST_MAX];
	uint8_t A[POST_MAX], proof[POST_MAX], shares[POST_MAX];
};

/* What all steps see. */
struct board {
	size_t rows;
	char group[32];
	char folder[256];
	struct digest election, close;
	uint8_t seed[TRUSTEES][32];
	struct post post[TRUSTEES];
	struct digest list[1 + TRUSTEES], mix_proof[TRUSTEES];
	struct digest factors[THRESHOLD];
	uint8_t dleq[THRESHOLD][POST_MAX];
	struct digest blocks;
	uint64_t counts[CHOICES]; /* of each choice, as encrypted */
	char path[16];            /* of the processor */
};

/* A step at work. */
struct step {
	struct board *board;
	unsigned who; /* index of a trustee or of a decryptor */
	const struct group *g;
	struct folder *folder;
	struct bench b;
	/* from the key generation */
	struct keygen_attempt attempt;
	struct keygen_commit commits[TRUSTEES];
	struct keygen_deal deals[TRUSTEES];
	struct gvec *y, *X;
};

/* ---- the folder ---- */

static struct blob
fetch(const struct step *s, const struct digest *id)
{
	struct blob blob;

	bench_must(source_blob(folder_source(s->folder), id, &blob), "read a file");
	return blob;
}

static void
keep(struct step *s, struct digest *id, const void *bytes, size_t n)
{
	bench_must(folder_add_blob(s->folder, (struct slice){ bytes, n }, id, NULL),
	    "write a file");
}

/* ---- the key ---- */

/* Look at what is on the board as those who read it do. */
static void
read_posts(struct step *s)
{
	struct board *board = s->board;
	const struct group *g = s->g;
	size_t i;

	s->attempt = (struct keygen_attempt){ .group = g,
		.election = &board->election,
		.attempt = 1,
		.threshold = THRESHOLD,
		.count = TRUSTEES,
		.participants = participants };
	for (i = 0; i < TRUSTEES; i++) {
		const struct post *p = &board->post[i];

		s->commits[i] = (struct keygen_commit){ .commit = p->commit,
			.receive = { p->receive, keygen_key_bytes(g) },
			.proof = { p->receive_proof, keygen_proof_bytes(g) } };
		s->deals[i] =
		    (struct keygen_deal){ .A = { p->A, THRESHOLD * group_element_bytes(g) },
			    .proof = { p->proof, keygen_proof_bytes(g) },
			    .shares = { p->shares, TRUSTEES * keygen_share_bytes(g) } };
	}
}

static void
read_keys(struct step *s)
{
	bench_must(gvec_new(&s->y, s->g, 1), "key");
	bench_must(gvec_new(&s->X, s->g, TRUSTEES), "key");
	bench_must(keygen_keys(s->y, s->X, &s->attempt, s->deals), "key");
}

static struct keygen_secret *
secret_of(const struct step *s, size_t i)
{
	struct keygen_secret *secret;

	bench_must(keygen_secret_new(&secret, &s->attempt, participants[i], s->board->seed[i]),
	    "a trustee's secrets");
	return secret;
}

static struct svec *
share_of(const struct step *s, size_t i)
{
	struct keygen_secret *secret = secret_of(s, i);
	struct svec *x;

	bench_must(svec_new(&x, s->g, 1), "share");
	bench_must(keygen_share(x, NULL, &s->attempt, s->commits, s->deals, secret), "share");
	keygen_secret_free(secret);
	return x;
}

static void
make_key(struct step *s)
{
	struct board *board = s->board;
	struct keygen_secret *secret[TRUSTEES];
	size_t i;

	if (TRUSTEES * keygen_share_bytes(s->g) > POST_MAX)
		bench_fail(EXIT_FAILURE, "no room for the shares of %s", board->group);
	for (i = 0; i < TRUSTEES; i++) {
		rng_fill(&s->b.rng, board->seed[i], sizeof board->seed[i]);
		secret[i] = secret_of(s, i);
		bench_must(keygen_make_commit(&board->post[i].commit, board->post[i].receive,
			       board->post[i].receive_proof, &s->attempt, secret[i]),
		    "commit");
		s->commits[i].commit = board->post[i].commit;
	}
	for (i = 0; i < TRUSTEES; i++) {
		bench_must(keygen_check_commit(&s->attempt, participants[i], &s->commits[i]),
		    "commit");
		bench_must(keygen_make_deal(board->post[i].A, board->post[i].proof,
			       board->post[i].shares, &s->attempt, s->commits, secret[i]),
		    "deal");
		keygen_secret_free(secret[i]);
	}
	for (i = 0; i < TRUSTEES; i++)
		bench_must(keygen_check_deal(&s->attempt, s->commits, participants[i],
			       &s->deals[i]),
		    "deal");
	read_keys(s);
	for (i = 0; i < TRUSTEES; i++)
		svec_free(share_of(s, i));
}

/* ---- the list ---- */

static void
encrypt(struct step *s)
{
	const size_t n = elgamal_list_bytes(s->g, s->board->rows, WIDTH);
	struct gvec *choices = bench_choices(&s->b, CHOICES);
	uint8_t *list = bench_memory(1, n);

	read_keys(s);
	bench_list(&s->b, list, s->y, choices, s->board->counts);
	keep(s, &s->board->list[0], list, n);
	gvec_free(choices);
	free(list);
}

/* ---- mixes ---- */

static struct shuffle_statement
mix_statement(const struct step *s, size_t i, const struct blob *input)
{
	return (struct shuffle_statement){ .group = s->g,
		.close = &s->board->close,
		.item = 1,
		.ordinal = i + 1,
		.trustee = participants[i],
		.y = s->y,
		.rows = s->board->rows,
		.width = WIDTH,
		.input = input->bytes };
}

static void
mix(struct step *s)
{
	const size_t i = s->who;
	struct blob input = fetch(s, &s->board->list[i]);
	const size_t output_n = shuffle_output_bytes(s->g, s->board->rows, WIDTH);
	const size_t proof_n = shuffle_proof_bytes(s->g, s->board->rows, WIDTH);
	uint8_t *output = malloc(output_n), *proof = malloc(proof_n);
	struct shuffle_statement st;

	if (output == NULL || proof == NULL)
		bench_fail(EXIT_FAILURE, "out of memory");
	read_keys(s);
	st = mix_statement(s, i, &input);
	bench_must(shuffle_mix(&st, output, proof, &s->b.rng, &s->b.effort), "mix");
	keep(s, &s->board->list[i + 1], output, output_n);
	keep(s, &s->board->mix_proof[i], proof, proof_n);
	free(output);
	free(proof);
	blob_release(&input);
}

static void
verify_mixes(struct step *s)
{
	struct shuffle_statement st;
	size_t i;

	read_keys(s);
	for (i = 0; i < TRUSTEES; i++) {
		struct blob input = fetch(s, &s->board->list[i]);
		struct blob output = fetch(s, &s->board->list[i + 1]);
		struct blob proof = fetch(s, &s->board->mix_proof[i]);

		st = mix_statement(s, i, &input);
		st.output = output.bytes;
		bench_must(shuffle_verify(&st, proof.bytes, &s->b.effort), "a mix");
		blob_release(&input);
		blob_release(&output);
		blob_release(&proof);
	}
}

/* ---- decryption ---- */

/* X (length 1) is set to the decryptor's public share; the caller frees it. */
static struct dleq_statement
decryption(const struct step *s, size_t i, struct gvec **X, const struct blob *list)
{
	bench_must(gvec_new(X, s->g, 1), "share");
	gvec_copy(*X, 0, s->X, decryptors[i] - 1, 1);
	return (struct dleq_statement){ .group = s->g,
		.close = &s->board->close,
		.item = 1,
		.trustee = decryptors[i],
		.X = *X,
		.rows = s->board->rows,
		.width = WIDTH,
		.list = list->bytes };
}

static void
decrypt(struct step *s)
{
	const size_t i = s->who;
	struct blob list = fetch(s, &s->board->list[TRUSTEES]);
	const size_t n = dleq_factors_bytes(s->g, s->board->rows, WIDTH);
	struct dleq_statement st;
	uint8_t *factors = malloc(n);
	struct gvec *X;
	struct svec *x;

	if (factors == NULL)
		bench_fail(EXIT_FAILURE, "out of memory");
	read_keys(s);
	x = share_of(s, decryptors[i] - 1);
	st = decryption(s, i, &X, &list);
	bench_must(dleq_factors(factors, &st, x, &s->b.effort), "factors");
	st.factors = (struct slice){ factors, n };
	bench_must(dleq_prove(s->board->dleq[i], &st, x, &s->b.rng, &s->b.effort), "proof");
	keep(s, &s->board->factors[i], factors, n);
	svec_free(x);
	gvec_free(X);
	free(factors);
	blob_release(&list);
}

static void
verify_decryption(struct step *s)
{
	struct blob list = fetch(s, &s->board->list[TRUSTEES]);
	size_t i;

	read_keys(s);
	for (i = 0; i < THRESHOLD; i++) {
		struct blob factors = fetch(s, &s->board->factors[i]);
		struct gvec *X;
		struct dleq_statement st = decryption(s, i, &X, &list);

		st.factors = factors.bytes;
		bench_must(dleq_verify(&st,
			       (struct slice){ s->board->dleq[i], dleq_proof_bytes(s->g) },
			       &s->b.effort),
		    "a decryption");
		gvec_free(X);
		blob_release(&factors);
	}
	blob_release(&list);
}

/* The plaintexts, as everybody reads them who wants to know the result. */
static void
open_list(struct step *s)
{
	struct blob list = fetch(s, &s->board->list[TRUSTEES]), factors[THRESHOLD];
	const size_t n = s->board->rows * WIDTH;
	uint8_t *blocks = malloc(n * GROUP_BLOCK_BYTES), *valid = malloc(n);
	struct dleq_share share[THRESHOLD];
	size_t i;

	if (blocks == NULL || valid == NULL)
		bench_fail(EXIT_FAILURE, "out of memory");
	for (i = 0; i < THRESHOLD; i++) {
		factors[i] = fetch(s, &s->board->factors[i]);
		share[i] = (struct dleq_share){ decryptors[i], factors[i].bytes };
	}
	bench_must(dleq_open(blocks, valid, s->g, list.bytes, s->board->rows, WIDTH, share,
		       THRESHOLD, &s->b.effort),
	    "open");
	if (memchr(valid, 0, n) != NULL)
		bench_fail(EXIT_FAILURE, "a plaintext is no block");
	keep(s, &s->board->blocks, blocks, n * GROUP_BLOCK_BYTES);
	free(blocks);
	free(valid);
	for (i = 0; i < THRESHOLD; i++)
		blob_release(&factors[i]);
	blob_release(&list);
}

/* ---- what came out is what went in ---- */

static void
compare(struct step *s)
{
	struct blob blocks = fetch(s, &s->board->blocks);
	uint8_t choice[CHOICES][GROUP_BLOCK_BYTES];
	uint64_t counts[CHOICES] = { 0 };
	struct gvec *choices = bench_choices(&s->b, CHOICES);
	size_t at, i;

	bench_must(gvec_extract(choice[0], choices, NULL), "choices");
	for (at = 0; at < blocks.bytes.n; at += GROUP_BLOCK_BYTES) {
		for (i = 0; i < CHOICES; i++)
			if (memcmp(blocks.bytes.p + at, choice[i], GROUP_BLOCK_BYTES) == 0)
				break;
		if (i == CHOICES)
			bench_fail(EXIT_FAILURE, "a plaintext is nobody's");
		counts[i]++;
	}
	if (at != s->board->rows * WIDTH * GROUP_BLOCK_BYTES ||
	    memcmp(counts, s->board->counts, sizeof counts) != 0)
		bench_fail(EXIT_FAILURE, "the plaintexts are not what was encrypted");
	for (i = 0; i < TRUSTEES; i++)
		if (digest_equal(&s->board->list[i], &s->board->list[i + 1]))
			bench_fail(EXIT_FAILURE, "nothing was mixed");
	gvec_free(choices);
	blob_release(&blocks);
}

/* ---- steps as processes ---- */

/* Seconds, and KiB. */
struct spent {
	double wall, cpu;
	long peak;
};

static _Noreturn void
work(struct board *board, void (*f)(struct step *), unsigned who)
{
	struct step s = { .board = board, .who = who, .g = group_by_name(board->group) };

	bench_must(mem_init(), "start");
	s.b.group = s.g;
	s.b.n = board->rows;
	s.b.width = WIDTH;
	bench_must(rng_system(&s.b.rng), "random bytes");
	bench_must(folder_open(&s.folder, board->folder, FOLDER_KEEP, NULL), "folder");
	read_posts(&s);
	f(&s);
	(void)snprintf(board->path, sizeof board->path, "%s", bench_path());
	gvec_free(s.y);
	gvec_free(s.X);
	folder_close(s.folder);
	exit(EXIT_SUCCESS);
}

/* Everything that a step leaves behind is in the folder: it goes with the program. */
static void
sweep(const struct board *board)
{
	char *const argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, (char[]){ "--" },
		(char *)(uintptr_t)board->folder, NULL };
	pid_t child = fork();

	if (child == 0) {
		(void)execvp(argv[0], argv);
		_exit(EXIT_FAILURE);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
}

static struct spent
run_step(struct board *board, void (*f)(struct step *), unsigned who)
{
	const double from = bench_clock();
	struct spent spent;
	struct rusage usage;
	int status;
	pid_t child;

	(void)fflush(NULL);
	child = fork();
	if (child == 0)
		work(board, f, who);
	while (child > 0 && wait4(child, &status, 0, &usage) < 0 && errno == EINTR)
		;
	if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
		sweep(board);
		bench_fail(EXIT_FAILURE, "a step of the pipeline failed");
	}
	spent.wall = bench_clock() - from;
	spent.cpu = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
	    (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
	spent.peak = usage.ru_maxrss;
	return spent;
}

/* ---- the report ---- */

static int
processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

struct report {
	const struct board *board;
	FILE *json;
	int threads;
	struct spent once, all; /* the totals */
};

static void
print(const struct report *r, const char *name, const struct spent *spent)
{
	const double us = spent->wall * 1e6 * r->threads / (double)r->board->rows;
	char full[64];

	(void)printf("%-28s %9.2f %9.2f %9.2f %9.1f\n", name, spent->wall, spent->cpu, us,
	    (double)spent->peak / 1024);
	(void)fflush(stdout);
	if (r->json == NULL)
		return;
	(void)snprintf(full, sizeof full, "pipeline/%s", name);
	table_json(r->json,
	    &(struct figures){ .name = full,
		.group = r->board->group,
		.cpu = r->board->path,
		.threads = r->threads,
		.n = r->board->rows,
		.width = WIDTH,
		.runs = 1,
		.min = us,
		.median = us,
		.max = us,
		.ratio = NAN,
		.bound = NAN,
		.speedup = NAN,
		.peak_kib = spent->peak });
}

static void
add(struct spent *total, const struct spent *spent)
{
	total->wall += spent->wall;
	total->cpu += spent->cpu;
	if (spent->peak > total->peak)
		total->peak = spent->peak;
}

/* How a step counts. */
enum counts { COUNTS_NOT, COUNTS_ONCE, COUNTS_MORE };

static void
step(struct report *r, struct board *board, const char *name, void (*f)(struct step *),
    unsigned who, enum counts counts)
{
	const struct spent spent = run_step(board, f, who);

	print(r, name, &spent);
	if (counts == COUNTS_ONCE)
		add(&r->once, &spent);
	if (counts != COUNTS_NOT)
		add(&r->all, &spent);
}

static void
tally(struct report *r, struct board *board)
{
	char name[32];
	unsigned i;

	step(r, board, "key", make_key, 0, COUNTS_ONCE);
	step(r, board, "encrypt (voters)", encrypt, 0, COUNTS_NOT);
	for (i = 0; i < TRUSTEES; i++) {
		(void)snprintf(name, sizeof name, "mix %u", i + 1);
		step(r, board, name, mix, i, COUNTS_ONCE);
	}
	for (i = 0; i < TRUSTEES; i++) {
		(void)snprintf(name, sizeof name, "verify mixes, trustee %u", i + 1);
		step(r, board, name, verify_mixes, i, i == 0 ? COUNTS_ONCE : COUNTS_MORE);
	}
	for (i = 0; i < THRESHOLD; i++) {
		(void)snprintf(name, sizeof name, "decrypt, trustee %u", (unsigned)decryptors[i]);
		step(r, board, name, decrypt, i, COUNTS_ONCE);
	}
	for (i = 0; i < TRUSTEES; i++) {
		(void)snprintf(name, sizeof name, "verify both, trustee %u", i + 1);
		step(r, board, name, verify_decryption, i, i == 0 ? COUNTS_ONCE : COUNTS_MORE);
	}
	for (i = 0; i < TRUSTEES; i++) {
		(void)snprintf(name, sizeof name, "open, trustee %u", i + 1);
		step(r, board, name, open_list, i, i == 0 ? COUNTS_ONCE : COUNTS_MORE);
	}
	step(r, board, "compare", compare, 0, COUNTS_NOT);
	print(r, "total, one verifier", &r->once);
	print(r, "total, every trustee", &r->all);
}

int
main(int argc, char **argv)
{
	const char *temporary = getenv("TMPDIR"), *json = getenv("BENCH_JSON");
	struct report r = { .threads = processors() };
	struct board *board;
	struct rng rng;
	char *end;

	if (argc < 2 || argc > 3)
		bench_fail(2, "usage: pipeline ROWS [GROUP]");
	board =
	    mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		bench_fail(EXIT_FAILURE, "out of memory");
	board->rows = (size_t)strtoull(argv[1], &end, 10);
	if (*end != '\0' || board->rows == 0 || board->rows > SHUFFLE_ROWS_MAX)
		bench_fail(2, "\"%s\" is no number of rows", argv[1]);
	(void)snprintf(board->group, sizeof board->group, "%s",
	    argc > 2 ? argv[2] : "ristretto255");
	if (group_by_name(board->group) == NULL)
		bench_fail(2, "there is no group \"%s\"", board->group);
	if (json != NULL && json[0] != '\0' && (r.json = fopen(json, "ae")) == NULL)
		bench_fail(EXIT_FAILURE, "%s cannot be written: %s", json, strerror(errno));
	bench_must(rng_system(&rng), "random bytes");
	rng_fill(&rng, board->election.b, sizeof board->election.b);
	rng_fill(&rng, board->close.b, sizeof board->close.b);
	(void)snprintf(board->folder, sizeof board->folder, "%s/tabella-pipeline.XXXXXX",
	    temporary == NULL ? "/tmp" : temporary);
	if (mkdtemp(board->folder) == NULL)
		bench_fail(EXIT_FAILURE, "%s cannot be made: %s", board->folder, strerror(errno));
	r.board = board;
	(void)printf("pipeline: %zu rows of %d, %s, %d processors, %d trustees, threshold %d\n"
		     "%-28s %9s %9s %9s %9s\n",
	    board->rows, WIDTH, board->group, r.threads, TRUSTEES, THRESHOLD, "step", "wall s",
	    "cpu s", "us", "peak MiB");
	tally(&r, board);
	sweep(board);
	if (r.json != NULL && fclose(r.json) != 0)
		bench_fail(EXIT_FAILURE, "%s cannot be written: %s", json, strerror(errno));
	return EXIT_SUCCESS;
}
