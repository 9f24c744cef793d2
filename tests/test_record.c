/* test_record: every type of record, written and read; every way to spoil one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/record.h"
#include "tests/must.h"
#include "tests/suite.h"

/* ---- one sample of each type ---- */

static struct ratios {
	struct count_ratio r[3];
} ratios = { { { .num = 1, .den = 1 }, { .num = 3, .den = 1 }, { .num = 0, .den = 1000000 } } };

static const char *classes[] = { "ordinary", "preferred" };
static const char *options[] = { "yes", "no", "further \"discussion\" \xc3\xa9" };
static uint64_t sums[] = { 0, (UINT64_C(1) << 44) - 1 };
static uint8_t bytes[200];
static struct party registrars[2], trustees[3], witnesses[2];
static struct body_answer answers[2];
static const char fault_record[] = "{\"body\":{},\"by\":\"\"}";

static struct digest
digest(uint8_t x)
{
	struct digest d;

	memset(d.b, x, sizeof d.b);
	return d;
}

static struct party
party(uint8_t seed, const char *name)
{
	struct party p = { .name = name };
	struct sign_key key;
	uint8_t bytes_of_seed[SIGN_SEED_BYTES];

	memset(bytes_of_seed, seed, sizeof bytes_of_seed);
	sign_key_from_seed(&p.key, &key, bytes_of_seed);
	return p;
}

static struct slice
some(size_t n)
{
	return (struct slice){ bytes, n };
}

static void
sample_definition(struct definition *d)
{
	*d = (struct definition){ .board = party(1, "board.example/a-b_c"),
		.classes = classes,
		.class_count = 2,
		.code_parts = 2,
		.group_name = "ristretto255",
		.late_items = true,
		.min_ballots = UINT64_C(1) << 44,
		.mixers = 3,
		.organiser = party(2, "Company, Inc."),
		.registrar_quorum = 1,
		.registrars = registrars,
		.registrar_count = 2,
		.salt = digest(9),
		.threshold = 2,
		.title = "General meeting",
		.trustees = trustees,
		.trustee_count = 3,
		.witness_quorum = 2,
		.witnesses = witnesses,
		.witness_count = 2 };
	witnesses[0] = party(8, "witness.example/1");
	witnesses[1] = party(9, "w2");
	registrars[0] = party(3, "r1");
	registrars[1] = party(4, "r2");
	trustees[0] = party(5, "t1");
	trustees[1] = party(6, "t2");
	trustees[2] = party(7, "t3");
}

static void
sample_item(struct item *item)
{
	*item = (struct item){ .choice = CHOICE_RANKING,
		.default_option = 3,
		.majority = ratios.r,
		.majority_count = 3,
		.majority_base = COUNT_MAJORITY_DEFAULT,
		.method = COUNT_CONDORCET,
		.quorum = { .num = 3, .den = 2 },
		.quorum_kind = COUNT_QUORUM_SQRT,
		.tie = COUNT_TIE_FIRST,
		.election = digest(1),
		.id = 200,
		.options = options,
		.option_count = 3,
		.prev = digest(2),
		.text = "",
		.title = "Accounts\n" };
}

static void
sample(enum record_type type, union record_body *b)
{
	const struct digest e = digest(1), p = digest(2);
	const struct body_upto upto = { .hash = digest(3), .seq = (UINT64_C(1) << 53) - 1 };

	memset(b, 0, sizeof *b);
	answers[0] = (struct body_answer){ .cts = some(64), .hash = digest(7), .id = 1 };
	answers[1] = (struct body_answer){ .cts = some(128), .hash = digest(8), .id = 200 };
	switch (type) {
	case RECORD_DEFINITION: sample_definition(&b->definition); break;
	case RECORD_ITEM: sample_item(&b->item); break;
	case RECORD_ROLL:
		b->roll = (struct body_roll){ .blob = digest(3),
			.bytes = UINT64_C(1) << 32,
			.count = UINT64_C(1) << 24,
			.election = e,
			.prev = p,
			.root = digest(4),
			.sums = sums,
			.sum_count = 2 };
		break;
	case RECORD_APPROVE:
		b->approve = (struct body_approve){ .election = e, .prev = p, .record = digest(3) };
		break;
	case RECORD_KEYGEN_COMMIT:
		b->keygen_commit = (struct body_keygen_commit){ .attempt = 64,
			.commit = digest(3),
			.election = e,
			.prev = p,
			.proof = some(64),
			.receive = some(32) };
		break;
	case RECORD_KEYGEN_DEAL:
		b->keygen_deal = (struct body_keygen_deal){ .attempt = 1,
			.commitments = some(64),
			.election = e,
			.prev = p,
			.proof = some(64),
			.shares = some(160) };
		break;
	case RECORD_KEYGEN_CONFIRM:
		b->keygen_confirm = (struct body_keygen_confirm){ .attempt = 1,
			.election = e,
			.prev = p,
			.transcript = digest(3) };
		break;
	case RECORD_KEYGEN_COMPLAIN:
		b->keygen_complain = (struct body_keygen_complain){ .attempt = 1,
			.dealer = 64,
			.election = e,
			.prev = p,
			.rho = some(32) };
		break;
	case RECORD_KEYGEN_SKIP:
		b->keygen_skip = (struct body_keygen_skip){ .attempt = 1,
			.election = e,
			.prev = p,
			.trustee = 64 };
		break;
	case RECORD_OPEN:
		b->open = (struct body_open){ .attempt = 1,
			.election = e,
			.key = some(32),
			.prev = p,
			.roll = digest(3) };
		break;
	case RECORD_OPEN_ITEM:
		b->open_item = (struct body_open_item){ .election = e,
			.hash = digest(3),
			.item = 1,
			.prev = p };
		break;
	case RECORD_BALLOT:
		b->ballot = (struct body_ballot){ .answers = answers,
			.answer_count = 2,
			.election = e,
			.line = 0,
			.open = digest(3),
			.prev = p };
		break;
	case RECORD_CHALLENGED:
		b->challenged = (struct body_challenged){ .election = e,
			.line = 7,
			.open = digest(3),
			.prev = p,
			.tracker = digest(4) };
		break;
	case RECORD_CLOSING:
		b->closing = (struct body_closing){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_CLOSE:
		b->close = (struct body_close){ .election = e, .item = 1, .prev = p, .upto = upto };
		break;
	case RECORD_READY:
		b->ready = (struct body_ready){ .close = digest(3),
			.election = e,
			.item = 1,
			.list = digest(4),
			.prev = p };
		break;
	case RECORD_MIX:
		b->mix = (struct body_mix){ .close = digest(3),
			.election = e,
			.input = digest(4),
			.item = 1,
			.ordinal = 64,
			.output = digest(5),
			.prev = p,
			.proof = digest(6) };
		break;
	case RECORD_DECRYPT:
		b->decrypt = (struct body_decrypt){ .close = digest(3),
			.election = e,
			.factors = digest(4),
			.item = 1,
			.list = digest(5),
			.prev = p,
			.proof = some(96) };
		break;
	case RECORD_FAULT:
		b->fault = (struct body_fault){ .election = e,
			.prev = p,
			.record = slice_of(fault_record) };
		break;
	case RECORD_RESULT:
		b->result = (struct body_result){ .election = e,
			.item = 1,
			.prev = p,
			.result = digest(4),
			.upto = upto };
		break;
	case RECORD_BOARD_KEY:
		b->board_key =
		    (struct body_board_key){ .election = e, .key = party(20, "").key, .prev = p };
		break;
	case RECORD_UNKNOWN:
	case RECORD_TYPES: ck_abort_msg("no such type");
	}
}

static struct sign_key
author(void)
{
	struct sign_public public;
	struct sign_key key;
	uint8_t seed[SIGN_SEED_BYTES];

	memset(seed, 2, sizeof seed);
	sign_key_from_seed(&public, &key, seed);
	return key;
}

/* Write the sample record of a type; the caller frees it. */
static void
write_sample(struct buffer *out, enum record_type type)
{
	const struct sign_key key = author();
	union record_body body;
	struct buffer inner = { 0 };
	struct why why = { .text = "" };
	enum result r;

	sample(type, &body);
	if (record_is_voters(type)) {
		r = record_write_body(&inner, type, &body, &why);
		if (r == R_GOOD)
			r = record_write_voter(out, buffer_slice(&inner), some(32), some(128),
			    &why);
	} else
		r = record_sign(out, type, &body, &key, &why);
	ck_assert_msg(r == R_GOOD, "%s: %s", record_type_name(type), why.text);
	buffer_free(&inner);
}

/* ---- round trips ---- */

START_TEST(round_trip)
{
	const enum record_type type = (enum record_type)_i;
	struct buffer written = { 0 }, again = { 0 };
	struct record *record;
	enum record_type seen;
	struct digest hash;
	struct slice whole;

	write_sample(&written, type);
	whole = buffer_slice(&written);
	ck_assert_int_eq(record_parse(&record, &seen, whole, NULL), R_GOOD);
	ck_assert_int_eq(seen, type);
	ck_assert_int_eq(record->type, type);
	ck_assert(slice_equal(record->bytes, whole));
	sha256(&hash, whole.p, whole.n);
	ck_assert(digest_equal(&record->hash, &hash));
	/* What was read is written as it was. */
	ck_assert_int_eq(record_write_body(&again, type, &record->of, NULL), R_GOOD);
	ck_assert(slice_equal(record->body, buffer_slice(&again)));
	hash = digest(type == RECORD_DEFINITION ? 0 : 2);
	ck_assert(digest_equal(&record->prev, &hash));
	if (type == RECORD_DEFINITION)
		definition_id(&hash, record->body);
	else
		hash = digest(1);
	ck_assert(digest_equal(&record->election, &hash));
	if (record_is_voters(type)) {
		ck_assert(slice_equal(record->by, some(32)));
		ck_assert(slice_equal(record->proof, some(128)));
	} else {
		ck_assert_uint_eq(record->by.n, 32);
		ck_assert_int_eq(record_check_signature(record), R_GOOD);
		record->sig.b[0] ^= 1;
		ck_assert_int_eq(record_check_signature(record), R_BAD_SIGNATURE);
	}
	record_free(record);
	buffer_free(&written);
	buffer_free(&again);
}
END_TEST

/* If these bytes are a record, they are the only way to write it. */
static enum result
judge(struct slice changed)
{
	struct buffer again = { 0 };
	struct record *record;
	enum result r = record_parse(&record, NULL, changed, NULL);

	if (r == R_GOOD) {
		must(record_write_body(&again, record->type, &record->of, NULL) == R_GOOD);
		must(slice_equal(record->body, buffer_slice(&again)));
	} else
		must(record == NULL && r < R_NO_MEMORY);
	buffer_free(&again);
	record_free(record);
	return r;
}

/* Each byte changed, taken out, doubled; each prefix; each suffix. */
START_TEST(every_byte)
{
	static const char replacements[] = "\"{}[]:,0-A\\ \x80";
	struct buffer written = { 0 };
	uint8_t *changed;
	size_t n, i, j;

	write_sample(&written, (enum record_type)_i);
	n = written.n;
	changed = malloc(n + 1);
	ck_assert_ptr_nonnull(changed);
	for (i = 0; i < n; i++) {
		must(judge((struct slice){ written.p, i }) == R_BAD_ENCODING);
		must(i == 0 || judge((struct slice){ written.p + i, n - i }) == R_BAD_ENCODING);
		memcpy(changed, written.p, n);
		for (j = 0; j < sizeof replacements - 1; j++) {
			changed[i] = (uint8_t)replacements[j];
			(void)judge((struct slice){ changed, n });
		}
		memcpy(changed, written.p, i);
		memcpy(changed + i, written.p + i + 1, n - i - 1);
		(void)judge((struct slice){ changed, n - 1 });
		memcpy(changed + i, written.p + i, 1);
		memcpy(changed + i + 1, written.p + i, n - i);
		(void)judge((struct slice){ changed, n + 1 });
	}
	memcpy(changed, written.p, n);
	changed[n] = '\n';
	ck_assert_int_eq(judge((struct slice){ changed, n + 1 }), R_BAD_ENCODING);
	free(changed);
	buffer_free(&written);
}
END_TEST

/* ---- fields ---- */

/* The sample of a type with one piece of its text replaced, and what is said about it. */
struct change {
	enum record_type type;
	const char *from, *to;
	enum result reason;
};

static const struct change changes[] = {
	/* the envelope */
	{ RECORD_APPROVE, "{\"body\":", "{\"Body\":", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"by\":", "\"bz\":", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"sig\":", "\"proof\":", R_BAD_ENCODING },
	{ RECORD_BALLOT, "\"proof\":", "\"sig\":", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"approve\":", "\"aprove\":", R_STATE },
	{ RECORD_APPROVE, "\"approve\":", "\"Approve\":", R_STATE },
	{ RECORD_APPROVE, "{\"approve\":", "{\"\":", R_STATE },
	{ RECORD_APPROVE, "}},\"by\"", "},\"x\":1},\"by\"", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"sig\":", "\"sig\":1,\"x\":", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"by\":", " \"by\":", R_BAD_ENCODING },
	/* fields: missing, unknown, out of order */
	{ RECORD_APPROVE, "\"record\":\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"", "",
	    R_BAD_ENCODING },
	{ RECORD_APPROVE, ",\"record\":\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"", "",
	    R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1,", "", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1,", "\"item\":1,\"item\":1,", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1,", "\"item\":1,\"jtem\":1,", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"closing\":{\"election\"", "\"closing\":{\"a\":0,\"election\"",
	    R_BAD_ENCODING },
	/* numbers */
	{ RECORD_CLOSING, "\"item\":1", "\"item\":0", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":201", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":200", R_GOOD },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":01", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":1.0", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":1e0", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":-1", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":+1", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":\"1\"", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":true", R_BAD_ENCODING },
	{ RECORD_CLOSING, "\"item\":1", "\"item\":null", R_BAD_ENCODING },
	{ RECORD_CLOSE, "\"seq\":9007199254740991", "\"seq\":9007199254740992", R_BAD_ENCODING },
	{ RECORD_CLOSE, "\"seq\":9007199254740991", "\"seq\":0", R_GOOD },
	{ RECORD_OPEN_ITEM, "\"item\":1", "\"item\":0", R_BAD_ENCODING },
	{ RECORD_READY, "\"item\":1", "\"item\":0", R_BAD_ENCODING },
	{ RECORD_MIX, "\"item\":1", "\"item\":201", R_BAD_ENCODING },
	{ RECORD_MIX, "\"ordinal\":64", "\"ordinal\":65", R_BAD_ENCODING },
	{ RECORD_MIX, "\"ordinal\":64", "\"ordinal\":0", R_BAD_ENCODING },
	{ RECORD_DECRYPT, "\"item\":1", "\"item\":0", R_BAD_ENCODING },
	{ RECORD_RESULT, "\"item\":1", "\"item\":0", R_BAD_ENCODING },
	{ RECORD_KEYGEN_COMMIT, "\"attempt\":64", "\"attempt\":65", R_BAD_ENCODING },
	{ RECORD_KEYGEN_COMMIT, "\"attempt\":64", "\"attempt\":0", R_BAD_ENCODING },
	{ RECORD_KEYGEN_DEAL, "\"attempt\":1", "\"attempt\":65", R_BAD_ENCODING },
	{ RECORD_KEYGEN_CONFIRM, "\"attempt\":1", "\"attempt\":0", R_BAD_ENCODING },
	{ RECORD_KEYGEN_COMPLAIN, "\"dealer\":64", "\"dealer\":65", R_BAD_ENCODING },
	{ RECORD_KEYGEN_COMPLAIN, "\"dealer\":64", "\"dealer\":0", R_BAD_ENCODING },
	{ RECORD_KEYGEN_SKIP, "\"trustee\":64", "\"trustee\":65", R_BAD_ENCODING },
	{ RECORD_KEYGEN_SKIP, "\"trustee\":64", "\"trustee\":0", R_BAD_ENCODING },
	{ RECORD_OPEN, "\"attempt\":1", "\"attempt\":65", R_BAD_ENCODING },
	{ RECORD_BALLOT, "\"line\":0", "\"line\":9007199254740991", R_GOOD },
	{ RECORD_BALLOT, "\"line\":0", "\"line\":9007199254740992", R_BAD_ENCODING },
	{ RECORD_ROLL, "\"bytes\":4294967296", "\"bytes\":4294967297", R_BAD_ENCODING },
	{ RECORD_ROLL, "\"bytes\":4294967296", "\"bytes\":0", R_BAD_ENCODING },
	{ RECORD_ROLL, "\"count\":16777216", "\"count\":16777217", R_BAD_ENCODING },
	{ RECORD_ROLL, "\"count\":16777216", "\"count\":0", R_BAD_ENCODING },
	{ RECORD_ROLL, "[0,17592186044415]", "[0,17592186044416]", R_BAD_ENCODING },
	{ RECORD_ROLL, "[0,17592186044415]", "[]", R_GOOD },
	{ RECORD_ROLL, "[0,17592186044415]", "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
	    R_BAD_ENCODING },
	/* binaries */
	{ RECORD_APPROVE, "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"",
	    "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwN\"", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"",
	    "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\"", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"",
	    "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD\"", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"",
	    "\"AwMD+wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"", R_BAD_ENCODING },
	{ RECORD_APPROVE, "\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"", "3", R_BAD_ENCODING },
	/* ballots: the answers' ids rise */
	{ RECORD_BALLOT, "\"id\":1}", "\"id\":200}", R_BAD_ENCODING },
	{ RECORD_BALLOT, "\"id\":200}", "\"id\":1}", R_BAD_ENCODING },
	{ RECORD_BALLOT, "\"id\":200}", "\"id\":201}", R_BAD_ENCODING },
	{ RECORD_BALLOT, "\"id\":1}", "\"id\":0}", R_BAD_ENCODING },
	/* fault: an object, canonical */
	{ RECORD_FAULT, "{\"body\":{},\"by\":\"\"}", "[]", R_BAD_ENCODING },
	{ RECORD_FAULT, "{\"body\":{},\"by\":\"\"}", "\"{}\"", R_BAD_ENCODING },
	{ RECORD_FAULT, "{\"body\":{},\"by\":\"\"}", "{\"b\":1,\"a\":1}", R_BAD_ENCODING },
	{ RECORD_FAULT, "{\"body\":{},\"by\":\"\"}", "{}", R_GOOD },
	/* definition */
	{ RECORD_DEFINITION, "\"version\":1", "\"version\":2", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"version\":1", "\"version\":0", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"late_items\":1", "\"late_items\":2", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "board.example/a-b_c", "board example", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "board.example/a-b_c", "b\xc3\xb6rd", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "board.example/a-b_c", "", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"min_ballots\":17592186044416", "\"min_ballots\":17592186044417",
	    R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"min_ballots\":17592186044416", "\"min_ballots\":0",
	    R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"code_parts\":2", "\"code_parts\":9", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"code_parts\":2", "\"code_parts\":0", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"code_parts\":2", "\"code_parts\":3", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"registrar_quorum\":1", "\"registrar_quorum\":3", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"registrar_quorum\":1", "\"registrar_quorum\":33", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"threshold\":2", "\"threshold\":4", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"threshold\":2", "\"threshold\":0", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"threshold\":2", "\"threshold\":65", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "\"threshold\":2", "\"threshold\":3", R_GOOD },
	{ RECORD_DEFINITION, "\"mixers\":3", "\"mixers\":1", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"mixers\":3", "\"mixers\":4", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"mixers\":3", "\"mixers\":2", R_GOOD },
	{ RECORD_DEFINITION, "\"witness_quorum\":2", "\"witness_quorum\":1", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"witness_quorum\":2", "\"witness_quorum\":0", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"witness_quorum\":2", "\"witness_quorum\":3", R_BAD_DEFINITION },
	{ RECORD_DEFINITION, "\"witness_quorum\":2", "\"witness_quorum\":33", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "witness.example/1", "witness example", R_BAD_ENCODING },
	{ RECORD_DEFINITION, "ristretto255", "ristretto256", R_UNKNOWN_GROUP },
	{ RECORD_DEFINITION, "ristretto255", "modp2048", R_GOOD },
	{ RECORD_DEFINITION, "ristretto255", "modp1024", R_UNKNOWN_GROUP },
	{ RECORD_DEFINITION, "ristretto255", "tiny23", R_UNKNOWN_GROUP },
	/* item */
	{ RECORD_ITEM, "\"method\":\"condorcet\"", "\"method\":\"plurality\"", R_BAD_ITEM },
	{ RECORD_ITEM, "\"method\":\"condorcet\"", "\"method\":\"borda\"", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"choice\":\"ranking\"", "\"choice\":\"approval\"", R_BAD_ITEM },
	{ RECORD_ITEM, "\"choice\":\"ranking\"", "\"choice\":\"rank\"", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"default\":3", "\"default\":4", R_BAD_ITEM },
	{ RECORD_ITEM, "\"default\":3", "\"default\":0", R_BAD_ITEM },
	{ RECORD_ITEM, "\"default\":3", "\"default\":251", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"tie\":\"first\"", "\"tie\":\"last\"", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"tie\":\"first\"", "\"tie\":\"none\"", R_GOOD },
	{ RECORD_ITEM, "\"kind\":\"sqrt\"", "\"kind\":\"none\"", R_BAD_ITEM },
	{ RECORD_ITEM, "\"kind\":\"sqrt\"", "\"kind\":\"turnout\"", R_GOOD },
	{ RECORD_ITEM, "\"majority_base\":\"default\"", "\"majority_base\":\"valid\"", R_BAD_ITEM },
	{ RECORD_ITEM, "\"majority_base\":\"default\"", "\"majority_base\":\"none\"", R_BAD_ITEM },
	{ RECORD_ITEM, "{\"den\":1,\"num\":1},", "", R_BAD_ITEM },
	{ RECORD_ITEM, "{\"den\":1,\"num\":1}", "{\"den\":0,\"num\":1}", R_BAD_ENCODING },
	{ RECORD_ITEM, "{\"den\":1,\"num\":1}", "{\"den\":1,\"num\":1000001}", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"yes\",\"no\"", "\"yes\",\"yes\"", R_BAD_ITEM },
	{ RECORD_ITEM, "\"yes\",\"no\"", "\"yes\",\"\"", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"id\":200", "\"id\":0", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"id\":200", "\"id\":201", R_BAD_ENCODING },
	{ RECORD_ITEM, "Accounts\\n", "", R_BAD_ENCODING },
	{ RECORD_ITEM, "Accounts\\n", "Accounts\\u000a", R_BAD_ENCODING },
	{ RECORD_ITEM, "Accounts\\n", "Accounts\\u0001", R_GOOD },
	{ RECORD_ITEM, "Accounts\\n", "Accounts\\u0000", R_BAD_ENCODING },
	{ RECORD_ITEM, "Accounts\\n", "Accounts\xff", R_BAD_ENCODING },
	{ RECORD_ITEM, "Accounts\\n", "Accounts\\/", R_BAD_ENCODING },
	{ RECORD_ITEM, "\"text\":\"\"", "\"text\":\"all of it\"", R_GOOD },
};

START_TEST(every_field)
{
	const struct change *c = &changes[_i];
	struct buffer written = { 0 }, changed = { 0 };
	const uint8_t *at;
	size_t before;
	enum result r;

	write_sample(&written, c->type);
	at = memmem(written.p, written.n, c->from, strlen(c->from));
	ck_assert_msg(at != NULL, "%s is not in the sample", c->from);
	before = (size_t)(at - written.p);
	buffer_add(&changed, written.p, before);
	buffer_add_string(&changed, c->to);
	buffer_add(&changed, at + strlen(c->from), written.n - before - strlen(c->from));
	r = judge(buffer_slice(&changed));
	ck_assert_msg(r == c->reason, "%s -> %s: %s, not %s", c->from, c->to, result_name(r),
	    result_name(c->reason));
	buffer_free(&written);
	buffer_free(&changed);
}
END_TEST

/* Strings and arrays at their limits and one beyond. */
static enum result
write_with(enum record_type type, const union record_body *body)
{
	struct buffer out = { 0 };
	struct why why = { .text = "" };
	enum result r = record_write_body(&out, type, body, &why);

	buffer_free(&out);
	return r;
}

/* A string of n letters; static. */
static const char *
letters(size_t n)
{
	static char text[32768];

	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

START_TEST(limits_of_strings)
{
	union record_body body;

	sample(RECORD_DEFINITION, &body);
	body.definition.board.name = letters(100);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.board.name = letters(101);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);
	sample(RECORD_DEFINITION, &body);
	body.definition.title = letters(500);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.title = letters(501);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);
	sample(RECORD_DEFINITION, &body);
	registrars[1].name = letters(200);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	registrars[1].name = letters(201);
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);
	sample(RECORD_ITEM, &body);
	body.item.text = letters(20000);
	ck_assert_int_eq(write_with(RECORD_ITEM, &body), R_GOOD);
	body.item.text = letters(20001);
	ck_assert_int_eq(write_with(RECORD_ITEM, &body), R_BAD_ENCODING);
	sample(RECORD_ITEM, &body);
	body.item.title = letters(501);
	ck_assert_int_eq(write_with(RECORD_ITEM, &body), R_BAD_ENCODING);
}
END_TEST

START_TEST(limits_of_arrays)
{
	struct party many[65];
	struct body_answer all[201];
	union record_body body;
	size_t i;

	for (i = 0; i < 65; i++)
		many[i] = party((uint8_t)(100 + i), "party");
	sample(RECORD_DEFINITION, &body);
	body.definition.trustees = many;
	body.definition.trustee_count = 64;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.trustee_count = 65;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);
	sample(RECORD_DEFINITION, &body);
	body.definition.registrars = many;
	body.definition.registrar_count = 32;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.registrar_count = 33;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);
	sample(RECORD_DEFINITION, &body);
	body.definition.witness_count = body.definition.witness_quorum = 0;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.witness_quorum = 1;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_DEFINITION);
	body.definition.witnesses = many;
	body.definition.witness_count = body.definition.witness_quorum = 32;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_GOOD);
	body.definition.witness_count = 33;
	ck_assert_int_eq(write_with(RECORD_DEFINITION, &body), R_BAD_ENCODING);

	sample(RECORD_BALLOT, &body);
	for (i = 0; i < 201; i++)
		all[i] = (struct body_answer){ .cts = some(64), .id = i + 1 };
	body.ballot.answers = all;
	body.ballot.answer_count = 200;
	ck_assert_int_eq(write_with(RECORD_BALLOT, &body), R_GOOD);
	body.ballot.answer_count = 201;
	ck_assert_int_eq(write_with(RECORD_BALLOT, &body), R_BAD_ENCODING);
	body.ballot.answer_count = 0;
	ck_assert_int_eq(write_with(RECORD_BALLOT, &body), R_BAD_ENCODING);

	sample(RECORD_ITEM, &body);
	body.item.option_count = 1;
	ck_assert_int_eq(write_with(RECORD_ITEM, &body), R_BAD_ITEM);
}
END_TEST

/* No two parties have one key, whatever their roles. */
START_TEST(equal_keys)
{
	struct party *all[9];
	union record_body body;
	struct sign_public before;
	size_t i, j;

	sample(RECORD_DEFINITION, &body);
	all[0] = &body.definition.board;
	all[1] = &body.definition.organiser;
	all[2] = &registrars[0];
	all[3] = &registrars[1];
	for (i = 0; i < 3; i++)
		all[4 + i] = &trustees[i];
	all[7] = &witnesses[0];
	all[8] = &witnesses[1];
	for (i = 0; i < 9; i++)
		for (j = 0; j < 9; j++) {
			before = all[i]->key;
			all[i]->key = all[j]->key;
			must(write_with(RECORD_DEFINITION, &body) ==
			    (i == j ? R_GOOD : R_BAD_DEFINITION));
			all[i]->key = before;
		}
}
END_TEST

/* ---- the rest ---- */

START_TEST(size_limits)
{
	const size_t widths[] = { 1, 9 };
	struct definition d;

	sample_definition(&d);
	ck_assert_int_eq(definition_check(&d, NULL), R_GOOD);
	ck_assert_uint_eq(record_limit(RECORD_DEFINITION, NULL, NULL, 0), 262144);
	ck_assert_uint_eq(record_limit(RECORD_DEFINITION, &d, NULL, 0), 262144);
	ck_assert_uint_eq(record_limit(RECORD_ITEM, &d, NULL, 0), 262144);
	ck_assert_uint_eq(record_limit(RECORD_FAULT, &d, NULL, 0), 65536);
	ck_assert_uint_eq(record_limit(RECORD_MIX, &d, widths, 2), 8192);
	/* t = 2, n = 3; elements, scalars of 32 bytes */
	ck_assert_uint_eq(record_limit(RECORD_KEYGEN_DEAL, &d, NULL, 0),
	    8192 + 2 * (2 * 32 + 3 * (32 + 32 + 16)));
	ck_assert_uint_eq(record_limit(RECORD_BALLOT, &d, widths, 0), 8192);
	ck_assert_uint_eq(record_limit(RECORD_BALLOT, &d, widths, 2),
	    8192 + (512 + 4 * 32 + 2 * 64) + (512 + 4 * 9 * 32 + 2 * 9 * 64));
	ck_assert_uint_eq(definition_ready_quorum(&d, 3), 3);
	ck_assert_uint_eq(definition_ready_quorum(&d, 4), 3);
}
END_TEST

START_TEST(too_large)
{
	struct buffer huge = { 0 };
	struct record *record;
	uint8_t *room = buffer_room(&huge, RECORD_BYTES_MAX + 1);

	ck_assert_ptr_nonnull(room);
	memset(room, '{', RECORD_BYTES_MAX + 1);
	ck_assert_int_eq(record_parse(&record, NULL, (struct slice){ room, RECORD_BYTES_MAX + 1 },
			     NULL),
	    R_TOO_LARGE);
	ck_assert_int_eq(record_parse(&record, NULL, (struct slice){ room, RECORD_BYTES_MAX },
			     NULL),
	    R_BAD_ENCODING);
	buffer_free(&huge);
}
END_TEST

START_TEST(trackers)
{
	char text[RECORD_TRACKER_TEXT];
	struct digest d = digest(0xff);

	record_tracker_print(text, &d);
	ck_assert_str_eq(text, "7777 7777 7777 7777 7777 7777 7777 7777");
	memcpy(d.b,
	    "\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf", 20);
	record_tracker_print(text, &d);
	ck_assert_str_eq(text, "abcd efgh ijkl mnop qrst uvwx yz23 4567");
}
END_TEST

/* Count the blobs and remember the last. */
static struct digest named;
static enum result
count_blob(void *arg, const struct digest *id)
{
	(*(size_t *)arg)++;
	named = *id;
	return R_GOOD;
}

START_TEST(blobs_that_records_name)
{
	static const size_t
	    expected[RECORD_TYPES] = { [RECORD_ROLL] = 1, [RECORD_MIX] = 2, [RECORD_DECRYPT] = 1 };
	struct buffer written = { 0 }, fault = { 0 };
	const struct sign_key key = author();
	union record_body body;
	struct record *record;
	size_t n;
	int type;

	for (type = 1; type < RECORD_TYPES; type++) {
		if (type == RECORD_FAULT)
			continue;
		buffer_clear(&written);
		write_sample(&written, (enum record_type)type);
		must(record_parse(&record, NULL, buffer_slice(&written), NULL) == R_GOOD);
		n = 0;
		must(record_blobs(record, count_blob, &n) == R_GOOD);
		must(n == expected[type]);
		record_free(record);
		/* The same inside a fault. */
		sample(RECORD_FAULT, &body);
		body.fault.record = buffer_slice(&written);
		buffer_clear(&fault);
		must(record_sign(&fault, RECORD_FAULT, &body, &key, NULL) == R_GOOD);
		must(record_parse(&record, NULL, buffer_slice(&fault), NULL) == R_GOOD);
		n = 0;
		must(record_blobs(record, count_blob, &n) == R_GOOD);
		must(n == expected[type]);
		record_free(record);
	}
	buffer_free(&written);
	buffer_free(&fault);
}
END_TEST

START_TEST(bodies_alone)
{
	struct buffer body = { 0 };
	struct digest tracker;
	union record_body fields;
	struct record *record;

	sample(RECORD_BALLOT, &fields);
	ck_assert_int_eq(record_write_body(&body, RECORD_BALLOT, &fields, NULL), R_GOOD);
	ck_assert_int_eq(record_parse_body(&record, buffer_slice(&body), NULL), R_GOOD);
	ck_assert_uint_eq(record->of.ballot.answer_count, 2);
	record_tracker(&tracker, buffer_slice(&body));
	ck_assert(digest_equal(&record->tracker, &tracker));
	record_free(record);
	{
		struct buffer out = { 0 };
		struct slice bad = buffer_slice(&body);

		bad.n--;
		ck_assert_int_eq(record_write_voter(&out, bad, some(32), some(64), NULL),
		    R_BAD_ENCODING);
		ck_assert_uint_eq(out.n, 0);
		buffer_free(&out);
	}
	buffer_add_string(&body, " ");
	ck_assert_int_eq(record_parse_body(&record, buffer_slice(&body), NULL), R_BAD_ENCODING);
	buffer_free(&body);
}
END_TEST

/* ---- entries ---- */

START_TEST(entries)
{
	static const char form[] =
	    "{\"election\":\"%s\",\"prev\":\"%s\",\"record\":%s,\"seq\":%s,\"time\":%s}";
	static const char one[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
	static const struct {
		const char *record, *seq, *time;
		enum result reason;
	} cases[] = {
		{ "{}", "0", "0", R_GOOD },
		{ "{}", "9007199254740991", "9007199254740991", R_GOOD },
		{ "{\"a\":[1,\"x\"]}", "7", "8", R_GOOD },
		{ "{}", "-1", "0", R_BAD_ENCODING },
		{ "{}", "0", "1.5", R_BAD_ENCODING },
		{ "{}", "00", "0", R_BAD_ENCODING },
		{ "{ }", "0", "0", R_BAD_ENCODING },
		{ "{\"b\":1,\"a\":1}", "0", "0", R_BAD_ENCODING },
		{ "", "0", "0", R_BAD_ENCODING },
		{ "{},\"extra\":1", "0", "0", R_BAD_ENCODING },
		{ "{}", "0", "0,\"zzz\":1", R_BAD_ENCODING },
	};
	struct buffer again = { 0 };
	struct entry entry;
	char line[512];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(line, sizeof line, form, one, one, cases[i].record, cases[i].seq,
		    cases[i].time);
		ck_assert_int_eq(entry_read(&entry, slice_of(line), NULL), cases[i].reason);
		if (cases[i].reason != R_GOOD)
			continue;
		buffer_clear(&again);
		ck_assert_int_eq(entry_write(&again, &entry), R_GOOD);
		ck_assert(slice_equal(buffer_slice(&again), slice_of(line)));
		ck_assert(slice_equal(entry.record, slice_of(cases[i].record)));
	}
	(void)snprintf(line, sizeof line, form, one, one, "{}", "0", "0\n");
	ck_assert_int_eq(entry_read(&entry, slice_of(line), NULL), R_BAD_ENCODING);
	ck_assert_int_eq(entry_read(&entry, slice_of(""), NULL), R_BAD_ENCODING);
	buffer_free(&again);
}
END_TEST

int
main(void)
{
	const int n = (int)(sizeof changes / sizeof *changes);
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("record");
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(7 * i + 1);
	tcase_add_loop_test(tc, round_trip, 1, RECORD_TYPES);
	tcase_add_loop_test(tc, every_byte, 1, RECORD_TYPES);
	tcase_add_loop_test(tc, every_field, 0, n);
	tcase_add_test(tc, limits_of_strings);
	tcase_add_test(tc, limits_of_arrays);
	tcase_add_test(tc, equal_keys);
	tcase_add_test(tc, size_limits);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, trackers);
	tcase_add_test(tc, blobs_that_records_name);
	tcase_add_test(tc, bodies_alone);
	tcase_add_test(tc, entries);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
