/*
 * test_vectors: the known answers of docs/vectors, byte for byte, so that no change of the
 * code changes an answer unseen. With a folder as its argument (`make vectors`) the program
 * writes them there.
 */
#include "tests/vectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/mem.h"

/* ---- writing ---- */

static void
next(struct vec *v, const char *name)
{
	fprintf(v->file, "%s\n%*s", v->first ? "" : ",", v->depth, "");
	v->first = 0;
	if (name != NULL)
		fprintf(v->file, "\"%s\": ", name);
}

void
vec_open(struct vec *v, const char *name, char bracket)
{
	next(v, name);
	fputc(bracket, v->file);
	v->depth++;
	v->first = 1;
}

void
vec_close(struct vec *v, char bracket)
{
	v->depth--;
	fprintf(v->file, "\n%*s%c", v->depth, "", bracket);
	v->first = 0;
}

void
vec_string(struct vec *v, const char *name, const char *string)
{
	next(v, name);
	fprintf(v->file, "\"%s\"", string);
}

void
vec_number(struct vec *v, const char *name, uint64_t x)
{
	next(v, name);
	fprintf(v->file, "%llu", (unsigned long long)x);
}

void
vec_hex(struct vec *v, const char *name, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t i;

	next(v, name);
	fputc('"', v->file);
	for (i = 0; i < n; i++)
		fprintf(v->file, "%02x", p[i]);
	fputc('"', v->file);
}

void
vec_encodings(struct vec *v, const char *name, const struct group *g, const uint8_t *bytes,
    size_t n)
{
	const size_t size = group_element_bytes(g);
	size_t i;

	vec_open(v, name, '[');
	for (i = 0; i < n; i++)
		vec_hex(v, NULL, bytes + i * size, size);
	vec_close(v, ']');
}

void
vec_elements(struct vec *v, const char *name, const struct gvec *e)
{
	const size_t size = group_element_bytes(gvec_group(e));
	uint8_t *bytes = vec_bytes(gvec_len(e) * size);

	vec_must(gvec_encode(bytes, size, e, NULL));
	vec_encodings(v, name, gvec_group(e), bytes, gvec_len(e));
	free(bytes);
}

void
vec_element(struct vec *v, const char *name, const struct gvec *e)
{
	uint8_t bytes[GROUP_ENCODING_MAX];

	vec_check(gvec_len(e) == 1, name);
	vec_must(gvec_encode(bytes, sizeof bytes, e, NULL));
	vec_hex(v, name, bytes, group_element_bytes(gvec_group(e)));
}

void
vec_scalars(struct vec *v, const char *name, const struct svec *s)
{
	const size_t size = group_scalar_bytes(svec_group(s));
	uint8_t *bytes = vec_bytes(svec_len(s) * size);
	size_t i;

	svec_encode(bytes, size, s);
	vec_open(v, name, '[');
	for (i = 0; i < svec_len(s); i++)
		vec_hex(v, NULL, bytes + i * size, size);
	vec_close(v, ']');
	free(bytes);
}

void
vec_scalar(struct vec *v, const char *name, const struct svec *s)
{
	uint8_t bytes[GROUP_ENCODING_MAX];

	vec_check(svec_len(s) == 1, name);
	svec_encode(bytes, sizeof bytes, s);
	vec_hex(v, name, bytes, group_scalar_bytes(svec_group(s)));
}

/* ---- values ---- */

void
vec_must(enum result r)
{
	if (r != R_GOOD) {
		fprintf(stderr, "vectors: %s\n", result_name(r));
		exit(EXIT_FAILURE);
	}
}

void
vec_check(int condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "vectors: %s does not agree\n", what);
		exit(EXIT_FAILURE);
	}
}

uint8_t *
vec_bytes(size_t n)
{
	uint8_t *p = calloc(1, n + 1);

	if (p == NULL)
		vec_must(R_NO_MEMORY);
	return p;
}

void
vec_rng(struct rng *rng, const char *name, const struct group *g)
{
	struct sha256 hash;
	struct digest digest;

	hash_tagged_start(&hash, "tabella/1 vectors");
	sha256_add(&hash, name, strlen(name) + 1);
	sha256_add(&hash, group_name(g), strlen(group_name(g)));
	sha256_finish(&hash, &digest);
	rng_seeded(rng, digest.b);
}

struct svec *
vec_draw(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *s;

	vec_must(svec_new(&s, g, n));
	vec_must(svec_random(s, rng));
	return s;
}

struct gvec *
vec_powers(const struct svec *e)
{
	struct gvec *g, *v;

	vec_must(gvec_new(&g, svec_group(e), 1));
	vec_must(gvec_new(&v, svec_group(e), svec_len(e)));
	gvec_set_generator(g);
	vec_must(gvec_pow_fixed(v, g, e, NULL));
	gvec_free(g);
	return v;
}

/* ---- the files ---- */

static const struct {
	const char *name;
	vec_writer *write;
	int groups; /* once for each group; else once */
} files[] = {
	{ "tagged", vec_tagged, 0 },
	{ "checkpoint", vec_checkpoint, 0 },
	{ "stream", vec_stream, 0 },
	{ "transcript", vec_transcript, 0 },
	{ "reduction", vec_reduction, 1 },
	{ "decoding", vec_decoding, 1 },
	{ "generators", vec_generators, 1 },
	{ "embedding", vec_embedding, 1 },
	{ "elgamal", vec_elgamal, 1 },
	{ "schnorr", vec_schnorr, 1 },
	{ "lagrange", vec_lagrange, 1 },
	{ "dleq", vec_dleq, 1 },
	{ "shuffle", vec_shuffle, 1 },
	{ "keygen", vec_keygen, 1 },
};

#define FILES ((int)(sizeof files / sizeof files[0]))

/* Write the contents of file i. */
static void
write_file(FILE *file, int i)
{
	static const char *const groups[] = { "ristretto255", "modp2048" };
	struct vec v = { .file = file, .depth = 1, .first = 1 };
	size_t j;

	fputc('{', file);
	vec_string(&v, "subject", files[i].name);
	vec_open(&v, "cases", '[');
	if (!files[i].groups)
		files[i].write(&v, NULL);
	for (j = 0; files[i].groups && j < sizeof groups / sizeof groups[0]; j++)
		files[i].write(&v, group_by_name(groups[j]));
	vec_close(&v, ']');
	fputs("\n}\n", file);
}

/* Open file i in a folder. */
static FILE *
open_file(const char *folder, int i, const char *mode)
{
	char path[4096];
	FILE *file;

	if ((size_t)snprintf(path, sizeof path, "%s/%s.json", folder, files[i].name) >= sizeof path)
		vec_must(R_BAD_INPUT);
	file = fopen(path, mode);
	if (file == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return file;
}

static int
write_all(const char *folder)
{
	FILE *file;
	int i;

	for (i = 0; i < FILES; i++) {
		file = open_file(folder, i, "w");
		write_file(file, i);
		if (ferror(file) || fclose(file) != 0)
			vec_must(R_NO_DISK);
	}
	return EXIT_SUCCESS;
}

/* ---- comparing ---- */

START_TEST(as_in_the_tree)
{
	const char *top = getenv("TOP_SRCDIR");
	char folder[4096], *have = NULL;
	size_t n, at;
	FILE *memory, *file;
	int c = 0;

	ck_assert_int_gt(snprintf(folder, sizeof folder, "%s/docs/vectors",
			     top != NULL ? top : "."),
	    0);
	memory = open_memstream(&have, &n);
	ck_assert_ptr_nonnull(memory);
	write_file(memory, _i);
	ck_assert_int_eq(fclose(memory), 0);
	file = open_file(folder, _i, "r");
	for (at = 0; at < n; at++) {
		c = fgetc(file);
		if (c != (unsigned char)have[at])
			break;
	}
	ck_assert_msg(at == n && fgetc(file) == EOF, "%s.json differs at byte %zu", files[_i].name,
	    at);
	(void)fclose(file);
	free(have);
}
END_TEST

int
main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	TCase *tc;
	int failed;

	vec_must(mem_init());
	if (argc == 2)
		return write_all(argv[1]);
	suite = suite_create("vectors");
	tc = tcase_create("vectors");
	tcase_add_loop_test(tc, as_in_the_tree, 0, FILES);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
