#include "ballots/definition.h"

#include <string.h>

#include "ballots/walk.h"

/* The name of who signs heads stands in them: no space, nothing odd. */
static void
signer_name_check(struct walk *w, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    ".-_/";

	if (walk_good(w) && name[strspn(name, plain)] != '\0')
		walk_fail(w, R_BAD_ENCODING, "may hold letters, digits and . - _ / only");
}

static void
signer_walk(struct walk *w, struct party *p)
{
	walk_object(w);
	walk_key(w, "key");
	walk_bin(w, p->key.b, sizeof p->key.b);
	walk_key(w, "name");
	walk_string(w, &p->name, 1, 100);
	signer_name_check(w, p->name);
	walk_end(w);
}

static void
party_walk(struct walk *w, struct party *p)
{
	walk_object(w);
	walk_key(w, "key");
	walk_bin(w, p->key.b, sizeof p->key.b);
	walk_key(w, "name");
	walk_string(w, &p->name, 1, 200);
	walk_end(w);
}

static void
parties_walk(struct walk *w, struct party **parties, size_t *count, size_t max)
{
	size_t i;

	walk_array(w, parties, count, sizeof **parties, 1, max);
	while (walk_next(w, &i))
		party_walk(w, &(*parties)[i]);
}

void
definition_walk(struct walk *w, struct definition *d)
{
	uint64_t version = 1;
	size_t i;

	walk_object(w);
	walk_key(w, "board");
	signer_walk(w, &d->board);
	walk_key(w, "classes");
	walk_array(w, &d->classes, &d->class_count, sizeof *d->classes, 0, DEFINITION_CLASSES_MAX);
	while (walk_next(w, &i))
		walk_string(w, &d->classes[i], 1, 40);
	walk_key(w, "code_parts");
	walk_u53(w, &d->code_parts, 1, DEFINITION_CODE_PARTS_MAX);
	walk_key(w, "group");
	walk_string(w, &d->group_name, 1, 20);
	walk_key(w, "late_items");
	walk_flag(w, &d->late_items);
	walk_key(w, "min_ballots");
	walk_u53(w, &d->min_ballots, 1, DEFINITION_WEIGHT_LIMIT);
	walk_key(w, "mixers");
	walk_u53(w, &d->mixers, 1, DEFINITION_TRUSTEES_MAX);
	walk_key(w, "organiser");
	party_walk(w, &d->organiser);
	walk_key(w, "registrar_quorum");
	walk_u53(w, &d->registrar_quorum, 1, DEFINITION_REGISTRARS_MAX);
	walk_key(w, "registrars");
	parties_walk(w, &d->registrars, &d->registrar_count, DEFINITION_REGISTRARS_MAX);
	walk_key(w, "salt");
	walk_digest(w, &d->salt);
	walk_key(w, "threshold");
	walk_u53(w, &d->threshold, 1, DEFINITION_TRUSTEES_MAX);
	walk_key(w, "title");
	walk_string(w, &d->title, 1, 500);
	walk_key(w, "trustees");
	parties_walk(w, &d->trustees, &d->trustee_count, DEFINITION_TRUSTEES_MAX);
	walk_key(w, "version");
	walk_u53(w, &version, 1, 1);
	walk_key(w, "witness_quorum");
	walk_u53(w, &d->witness_quorum, 0, DEFINITION_WITNESSES_MAX);
	walk_key(w, "witnesses");
	walk_array(w, &d->witnesses, &d->witness_count, sizeof *d->witnesses, 0,
	    DEFINITION_WITNESSES_MAX);
	while (walk_next(w, &i))
		signer_walk(w, &d->witnesses[i]);
	walk_end(w);
}

/* Return the i-th of all parties, or NULL. */
static const struct party *
party_at(const struct definition *d, size_t i)
{
	if (i == 0)
		return &d->board;
	if (i == 1)
		return &d->organiser;
	i -= 2;
	if (i < d->registrar_count)
		return &d->registrars[i];
	i -= d->registrar_count;
	if (i < d->trustee_count)
		return &d->trustees[i];
	i -= d->trustee_count;
	return i < d->witness_count ? &d->witnesses[i] : NULL;
}

int
definition_has_key(const struct definition *d, const struct sign_public *key)
{
	const struct party *party;
	size_t i;

	for (i = 0; (party = party_at(d, i)) != NULL; i++)
		if (memcmp(party->key.b, key->b, sizeof key->b) == 0)
			return 1;
	return 0;
}

static enum result
keys_differ(const struct definition *d, struct why *why)
{
	const struct party *a, *b;
	size_t i, j;

	for (i = 0; (a = party_at(d, i)) != NULL; i++)
		for (j = i + 1; (b = party_at(d, j)) != NULL; j++)
			if (memcmp(a->key.b, b->key.b, sizeof a->key.b) == 0)
				return why_set(why, R_BAD_DEFINITION,
				    "%s and %s have the same key; give each party its own", a->name,
				    b->name);
	return R_GOOD;
}

enum result
definition_check(struct definition *d, struct why *why)
{
	d->group = group_by_name(d->group_name);
	if (d->group == NULL)
		return why_set(why, R_UNKNOWN_GROUP, "there is no group \"%s\"", d->group_name);
	if (d->code_parts > d->registrar_count)
		return why_set(why, R_BAD_DEFINITION,
		    "code_parts is %llu, but there are %zu registrars",
		    (unsigned long long)d->code_parts, d->registrar_count);
	if (d->registrar_quorum > d->registrar_count)
		return why_set(why, R_BAD_DEFINITION,
		    "registrar_quorum is %llu, but there are %zu registrars",
		    (unsigned long long)d->registrar_quorum, d->registrar_count);
	if (d->threshold > d->trustee_count)
		return why_set(why, R_BAD_DEFINITION,
		    "threshold is %llu, but there are %zu trustees",
		    (unsigned long long)d->threshold, d->trustee_count);
	if (d->mixers < d->threshold || d->mixers > d->trustee_count)
		return why_set(why, R_BAD_DEFINITION,
		    "mixers is %llu; it must be from threshold to the number of trustees",
		    (unsigned long long)d->mixers);
	if (d->witness_quorum > d->witness_count || 2 * d->witness_quorum < d->witness_count ||
	    (d->witness_count > 0 && 2 * d->witness_quorum == d->witness_count))
		return why_set(why, R_BAD_DEFINITION,
		    "witness_quorum is %llu, but there are %zu witnesses; it must be more than "
		    "half of "
		    "them",
		    (unsigned long long)d->witness_quorum, d->witness_count);
	return keys_differ(d, why);
}

void
definition_id(struct digest *id, struct slice body)
{
	hash_tagged(id, "tabella/1 election", body.p, body.n);
}

uint64_t
definition_ready_quorum(const struct definition *d, uint64_t participants)
{
	return (participants + d->threshold + 1) / 2;
}
