/* count_print: the outcome as people read it. */
#include <string.h>

#include "ballots/count.h"

struct page {
	FILE *out;
	const struct count_outcome *outcome;
	const char *const *names;
};

/* Names come from strangers; a terminal must not obey them. Control characters
 * are below 0x20, 0x7f, and 0xc2 0x80 to 0xc2 0x9f in UTF-8. */
static void
put_name(FILE *out, const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	for (; *c != '\0'; c++) {
		if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
			putc('?', out);
			c++;
		} else {
			putc(*c < 0x20 || *c == 0x7f ? '?' : *c, out);
		}
	}
}

static void
put_option(const struct page *p, unsigned option)
{
	fprintf(p->out, "option %u, ", option);
	put_name(p->out, p->names[option - 1]);
}

static int
digits(uint64_t number)
{
	int n = 1;

	for (; number >= 10; number /= 10)
		n++;
	return n;
}

/* Return the largest integer whose square is at most x, bit by bit. */
static uint64_t
isqrt(unsigned __int128 x)
{
	unsigned __int128 root = 0, bit = (unsigned __int128)1 << 62;

	for (; bit > 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return (uint64_t)root;
}

static void
print_head(const struct page *p)
{
	const struct count_outcome *o = p->outcome;

	fprintf(p->out,
	    "%ju valid ballots of %ju people on the roll; %ju of them blank, and %ju invalid\n",
	    (uintmax_t)o->valid, (uintmax_t)o->eligible, (uintmax_t)o->blank,
	    (uintmax_t)o->invalid);
}

static void
print_turnout(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	struct count_ratio q = o->rules.quorum_ratio;

	if (o->rules.quorum != COUNT_QUORUM_TURNOUT)
		return;
	fprintf(p->out, "\nQuorum: valid ballots from %u/%u of the roll: %s\n", q.num, q.den,
	    o->quorum ? "reached" : "missed");
}

/* ---- plurality, approval ---- */

static void
print_votes(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	uint64_t most = 0;
	unsigned i;

	for (i = 0; i < o->rules.options; i++)
		if (o->option[i].named > most)
			most = o->option[i].named;
	fprintf(p->out, "\nVotes\n");
	for (i = 1; i <= o->rules.options; i++) {
		fprintf(p->out, "  %*ju  ", digits(most), (uintmax_t)o->option[i - 1].named);
		put_option(p, i);
		putc('\n', p->out);
	}
}

static void
print_majority(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	struct count_ratio m = o->rules.majority_ratio[0];
	int roll = o->rules.majority == COUNT_MAJORITY_ROLL;
	unsigned i;

	if (o->rules.majority == COUNT_MAJORITY_NONE)
		return;
	fprintf(p->out, "\nMajority: more than %u/%u of %ju %s\n", m.num, m.den,
	    (uintmax_t)(roll ? o->eligible : o->valid),
	    roll ? "people on the roll" : "valid ballots");
	for (i = 1; i <= o->rules.options; i++)
		fprintf(p->out, "  option %u: %ju, %s\n", i, (uintmax_t)o->option[i - 1].named,
		    o->option[i - 1].majority ? "passes" : "fails");
}

/* ---- condorcet ---- */

static void
print_pairs(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	unsigned a, b, n = o->rules.options;
	int width, head = digits(n);
	uint64_t most = n;

	for (a = 0; a < n * n; a++)
		if (o->pairwise[a] > most)
			most = o->pairwise[a];
	width = digits(most) + 2;
	fprintf(p->out, "\nOptions\n");
	for (a = 1; a <= n; a++) {
		fprintf(p->out, "  %*u  ", head, a);
		put_name(p->out, p->names[a - 1]);
		putc('\n', p->out);
	}
	fprintf(p->out,
	    "\nBallots that rank the option of the row above the option of the column\n");
	fprintf(p->out, "  %*s", head, "");
	for (b = 1; b <= n; b++)
		fprintf(p->out, "%*u", width, b);
	for (a = 1; a <= n; a++) {
		fprintf(p->out, "\n  %*u", head, a);
		for (b = 1; b <= n; b++) {
			if (a == b)
				fprintf(p->out, "%*s", width, "-");
			else
				fprintf(p->out, "%*ju", width, (uintmax_t)count_pair(o, a, b));
		}
	}
	putc('\n', p->out);
}

/* The quorum num/den * sqrt(eligible) in ten-thousandths, rounded down:
 * floor(sqrt(x)) does not change when x is rounded down first. */
static void
print_quorum(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	struct count_ratio q = o->rules.quorum_ratio;
	unsigned i, base = o->rules.default_option;
	unsigned __int128 square;
	uint64_t root;

	if (o->rules.quorum != COUNT_QUORUM_SQRT)
		return;
	square = (unsigned __int128)q.num * q.num * o->eligible * 100000000;
	root = isqrt(square / ((uint64_t)q.den * q.den));
	fprintf(p->out,
	    "\nQuorum: %u/%u of the square root of %ju, %ju.%04u, votes above option %u\n", q.num,
	    q.den, (uintmax_t)o->eligible, (uintmax_t)(root / 10000), (unsigned)(root % 10000),
	    base);
	for (i = 1; i <= o->rules.options; i++)
		if (i != base)
			fprintf(p->out, "  option %u: %ju, %s\n", i,
			    (uintmax_t)count_pair(o, i, base),
			    o->option[i - 1].in_quorum ? "reached" : "missed");
}

static void
print_option_majorities(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	unsigned i, base = o->rules.default_option;

	if (o->rules.majority != COUNT_MAJORITY_DEFAULT)
		return;
	fprintf(p->out, "\nMajority against option %u\n", base);
	for (i = 1; i <= o->rules.options; i++) {
		struct count_ratio m = o->rules.majority_ratio[i - 1];
		if (i == base)
			continue;
		fprintf(p->out, "  option %u: %ju to %ju, more than %u:%u needed, %s\n", i,
		    (uintmax_t)count_pair(o, i, base), (uintmax_t)count_pair(o, base, i), m.num,
		    m.den, o->option[i - 1].majority ? "passes" : "fails");
	}
}

static void
print_defeats(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	size_t i;

	fprintf(p->out, "\nDefeats, the weakest first\n");
	if (o->defeats == 0)
		fprintf(p->out, "  none\n");
	for (i = 0; i < o->defeats; i++) {
		const struct count_defeat *d = &o->defeat[i];
		fprintf(p->out, "  option %u defeats option %u: %ju to %ju, by %ju", d->winner,
		    d->loser, (uintmax_t)d->votes, (uintmax_t)d->against,
		    (uintmax_t)(d->votes - d->against));
		if (d->dropped > 0)
			fprintf(p->out, "; dropped in round %u", d->dropped);
		putc('\n', p->out);
	}
}

static void
print_schwartz(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	unsigned i;

	fprintf(p->out, "\nSchwartz set\n");
	if (!o->quorum && o->rules.default_option == 0)
		fprintf(p->out, "  nobody\n");
	for (i = 1; i <= o->rules.options; i++) {
		if (!o->option[i - 1].schwartz)
			continue;
		fprintf(p->out, "  ");
		put_option(p, i);
		if (!o->option[i - 1].leading)
			fprintf(p->out, " (until weaker defeats were dropped)");
		putc('\n', p->out);
	}
}

/* ---- the end ---- */

static void
print_winners(const struct page *p)
{
	const struct count_outcome *o = p->outcome;
	unsigned i, leading = 0;

	for (i = 1; i <= o->rules.options; i++) {
		leading += o->option[i - 1].leading;
		if (!o->option[i - 1].winner)
			continue;
		fprintf(p->out, "  ");
		put_option(p, i);
		putc('\n', p->out);
	}
	if (o->winners > 0 && leading > o->winners)
		fprintf(p->out, "  (the first of %u that came out equal, as the rules say)\n",
		    leading);
}

static void
print_end(const struct page *p)
{
	static const char *const ends[COUNT_ENDS] = {
		[COUNT_WON] = "Winner",
		[COUNT_TIED] = "A tie between",
		[COUNT_NO_QUORUM] = "Nobody wins: too few valid ballots",
		[COUNT_NO_VOTES] = "Nobody wins: no ballot names an option",
		[COUNT_NO_MAJORITY] = "Nobody wins: no option has its majority",
	};

	fprintf(p->out, "\n%s\n", ends[p->outcome->end]);
	print_winners(p);
}

void
count_print(FILE *out, const struct count_outcome *outcome, const char *const names[])
{
	struct page page = { out, outcome, names };

	print_head(&page);
	if (outcome->pairwise == NULL) {
		print_votes(&page);
		print_turnout(&page);
		print_majority(&page);
	} else {
		print_pairs(&page);
		print_turnout(&page);
		print_quorum(&page);
		print_option_majorities(&page);
		print_defeats(&page);
		print_schwartz(&page);
	}
	print_end(&page);
}
