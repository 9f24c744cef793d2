/* board: blobs, up in pieces and down into files. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/board_inner.h"
#include "crypto/base64.h"

#define CHUNK ((size_t)4 << 20)

/* What the board says of an upload: how much it has, and where the rest goes. */
struct upload {
	uint64_t have;
	char name[65];
};

static enum result
read_upload(const struct board *b, const struct buffer *body, uint64_t most, struct upload *u,
    struct why *why)
{
	json_t *root = json_loadb((const char *)body->p, body->n, JSON_REJECT_DUPLICATES, NULL);
	const char *name = NULL;
	uint8_t token[32];
	json_int_t have = -1;
	int bad = root == NULL ||
	    json_unpack(root, "{s:I,s:s}", "have", &have, "upload", &name) != 0 || have < 0 ||
	    (uint64_t)have > most || hex_decode(token, sizeof token, slice_of(name)) != R_GOOD;

	if (!bad) {
		u->have = (uint64_t)have;
		(void)hex_encode(u->name, token, sizeof token);
	}
	json_decref(root);
	if (bad)
		return why_set(why, R_BAD_ENCODING,
		    "the board %s gave an answer that makes no sense", b->url);
	return R_GOOD;
}

enum result
board_upload(struct board *b, const struct digest *election, struct slice ticket, struct slice blob,
    struct why *why)
{
	struct exchange x = { .method = "POST", .body = ticket };
	struct buffer body = { 0 };
	struct upload u = { 0 };
	uint64_t before;
	char rest[128];
	enum result r;

	board_path(&x, election, "blobs");
	r = board_ask(b, &x, &body, why);
	if (r == R_GOOD)
		r = read_upload(b, &body, blob.n, &u, why);
	while (r == R_GOOD && u.have < blob.n) {
		struct exchange put = { .method = "PUT", .wait_seconds = 60 };

		before = u.have;
		put.body.p = blob.p + u.have;
		put.body.n = blob.n - u.have < CHUNK ? (size_t)(blob.n - u.have) : CHUNK;
		(void)snprintf(rest, sizeof rest, "uploads/%s?at=%" PRIu64, u.name, u.have);
		board_path(&put, election, rest);
		r = board_ask(b, &put, &body, why);
		if (r == R_GOOD)
			r = read_upload(b, &body, blob.n, &u, why);
		if (r == R_GOOD && u.have <= before)
			r = why_set(why, R_BAD_ENCODING, "the board %s does not take in the blob",
			    b->url);
	}
	buffer_free(&body);
	return r;
}

enum result
board_download(struct board *b, const struct digest *election, const struct digest *name,
    const char *path, uint64_t most, struct why *why)
{
	struct exchange x = { .method = "GET", .most = most };
	struct sha256 hash;
	struct digest found;
	char hex[65], rest[80], *partial = NULL;
	enum result r;

	(void)hex_encode(hex, name->b, sizeof name->b);
	(void)snprintf(rest, sizeof rest, "blobs/%s", hex);
	board_path(&x, election, rest);
	if (asprintf(&partial, "%s.part.%ld", path, (long)getpid()) < 0)
		return R_NO_MEMORY;
	sha256_start(&hash);
	x.hash = &hash;
	x.file = fopen(partial, "wb");
	if (x.file == NULL) {
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial, strerror(errno));
		goto out;
	}
	r = board_ask(b, &x, NULL, why);
	if (fflush(x.file) != 0 || fsync(fileno(x.file)) != 0 || ferror(x.file)) {
		if (r == R_GOOD)
			r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial,
			    strerror(errno));
	}
	if (fclose(x.file) != 0 && r == R_GOOD)
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial, strerror(errno));
	if (r != R_GOOD)
		goto out;
	sha256_finish(&hash, &found);
	if (!digest_equal(&found, name))
		r = why_set(why, R_BAD_BLOB, "the board sent another blob than %s", hex);
	else if (rename(partial, path) != 0)
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", path, strerror(errno));
out:
	if (r != R_GOOD)
		(void)unlink(partial);
	free(partial);
	return r;
}
