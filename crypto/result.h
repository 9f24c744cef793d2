/*
 * result: the one list of outcomes, shared by every layer.
 *
 * Three families: the other side's fault (a record, a file or a command is
 * wrong), our own resources (memory, disk, an unreachable board), and our own
 * bug, which is never returned: it aborts.
 *
 * Source of the names: docs/protocol.md, section "Reasons".
 */
#ifndef CRYPTO_RESULT_H
#define CRYPTO_RESULT_H

#define RESULT_LIST(X) \
	X(GOOD, "fine") \
	/* the other side's fault: bytes and encodings */ \
	X(BAD_ENCODING, "the bytes are not in the one canonical form") \
	X(NON_CANONICAL, "a number or element is not in its one canonical encoding") \
	X(NOT_IN_GROUP, "a value is not an element of the group") \
	X(BAD_ELEMENT, "the identity stands where the protocol has no use for it") \
	X(BAD_WIDTH, "a list has the wrong number of ciphertexts or bytes") \
	X(TOO_LARGE, "it is larger than the limit for its kind") \
	X(UNKNOWN_GROUP, "the group is not one of the compiled-in groups") \
	/* proofs and signatures */ \
	X(BAD_PROOF, "a proof of knowledge does not hold") \
	X(BAD_SIGNATURE, "a signature does not hold") \
	X(BAD_SHUFFLE, "the proof of the shuffle does not hold") \
	X(NOOP_MIX, "the mix returned its input unchanged") \
	X(BAD_DECRYPTION, "the proof of the decryption factors does not hold") \
	/* places and phases */ \
	X(WRONG_ELECTION, "it belongs to another election") \
	X(WRONG_KEY, "it names another key") \
	X(STATE, "a record of this type may not stand here") \
	X(BAD_PREV, "it does not continue its author's chain of records") \
	X(BAD_SEQUENCE, "the entry number is not the next one") \
	X(CHAIN_BROKEN, "the entry does not carry the hash of the one before") \
	X(BAD_TIME, "the entry's time runs backwards") \
	X(NOT_ALLOWED, "this author may not write this type of record") \
	X(BAD_DEFINITION, "the definition contradicts itself") \
	X(BAD_ITEM, "the item contradicts itself or the definition") \
	X(BAD_WEIGHT, "a weight or holding is out of range") \
	X(DUPLICATE_KEY, "one key stands on two lines") \
	X(BAD_ROLL, "the roll does not match its record") \
	X(ROLL_FROZEN, "the roll was changed after opening") \
	X(NOT_APPROVED, "too few registrars have approved the roll") \
	X(NOT_ON_ROLL, "the credential is not on the roll") \
	X(UNKNOWN_ITEM, "there is no such item") \
	X(CLOSED, "the item is not open for ballots") \
	X(LATE_BALLOT, "a ballot stands after the end of voting") \
	X(CHALLENGED, "this ballot was audited and can no longer be cast") \
	X(BAD_SHARE, "a key generation share is wrong") \
	X(BAD_COMPLAINT, "the complaint does not hold") \
	X(NO_QUORUM, "too few trustees have confirmed that they see the same board") \
	X(INPUT_LIST, "the list is not the one that follows from the board") \
	X(MIX_MISSING, "a mix is missing") \
	X(MIX_TRUSTEE, "this trustee has mixed this item already") \
	X(NOT_MIXED, "the list to decrypt is not the last mix") \
	X(MIN_BALLOTS, "there are fewer ballots than the definition lets be opened") \
	X(BELOW_THRESHOLD, "too few trustees have decrypted") \
	X(RESULT_MISMATCH, "the result is not the one that follows from the board") \
	X(LATE_RECORD, "the record comes after the point it would change") \
	X(BAD_FAULT, "the accused record is not at fault") \
	X(MISSING_RECORD, "a record that must be there is missing") \
	X(MISSING_BLOB, "a blob that a record names is not there") \
	X(BAD_BLOB, "a blob does not have the hash or size it is named by") \
	/* archives, receipts, heads */ \
	X(MISSING_FILE, "a file of the archive is missing") \
	X(EXTRA_FILE, "the archive holds a file that nothing names") \
	X(BAD_CHECKPOINT, "the signed head of the board does not hold") \
	X(MISSING_ENTRY, "the entry is not where the receipt says") \
	X(RECEIPT_NOT_MINE, "the receipt is for another record") \
	X(FOREIGN_BALLOT, "somebody else has written with this credential") \
	X(EQUIVOCATION, "the board has shown two histories") \
	X(ROLLBACK, "the board has gone back to an older history") \
	X(NO_EVIDENCE, "it shows nothing that convicts anybody") \
	/* key files and credentials */ \
	X(KEY_PERMISSIONS, "the key file is open to others") \
	X(KEY_CORRUPT, "the key file is damaged or the passphrase is wrong") \
	X(BAD_CODE, "the credential code is mistyped") \
	X(KEY_NOT_MINE, "the roll gives this voter another key") \
	X(BAD_CHOICE, "the choice does not fit the item") \
	X(OTHER_CHOICE, "the ballot holds another choice than was claimed") \
	X(BAD_INPUT, "the input is wrong") \
	X(NOT_FOUND, "there is no such thing") \
	/* network */ \
	X(BAD_REQUEST, "the request is malformed") \
	X(FORBIDDEN, "the key has no right to do this") \
	X(CONFLICT, "it clashes with what is there already") \
	/* our own resources: from here on nobody is accused */ \
	X(NO_MEMORY, "out of memory") \
	X(NO_RANDOM, "the system's random source failed") \
	X(NO_DISK, "a file could not be read or written") \
	X(NO_BOARD, "the board could not be reached") \
	X(BAD_CERTIFICATE, "the board's certificate is not to be trusted") \
	X(NO_DATABASE, "the database could not be reached or refused") \
	X(UNSAFE_DATABASE, "the database could lose what it has confirmed") \
	X(NOT_CONFIRMED, "the database did not confirm; it may have been stored or not") \
	X(BUSY, "too much is waiting already") \
	X(TOO_MANY_REFUSED, "too many records from this address were refused") \
	X(CANCELLED, "stopped on request")

#define RESULT_ENUM(name, text) R_##name,
enum result { RESULT_LIST(RESULT_ENUM) RESULT_COUNT };
#undef RESULT_ENUM

/* Return the stable name, "BAD_PROOF" for R_BAD_PROOF. */
const char *result_name(enum result r);

/* Return the factual sentence of RESULT_LIST, without a full stop. */
const char *result_text(enum result r);

/* Return the result with that name, or RESULT_COUNT. */
enum result result_by_name(const char *name);

/* Return the exit code of DESIGN section 1: 0 good, 1 wrong, 3 our resources. */
int result_exit(enum result r);

/* A refusal as it is shown to people: the reason and what it is about. */
struct why {
	enum result reason;
	char check[8];  /* the check of docs/protocol.md section 14 that failed, "V124", or "" */
	char text[512]; /* what happened, to what, what to do next; UTF-8 */
};

/* Fill `why` (may be NULL; check stays empty) and return `r`, so that callers write
 * `return why_set(why, R_STATE, "item %u is closed", id);` */
enum result why_set(struct why *why, enum result r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
