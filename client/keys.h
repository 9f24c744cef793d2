/*
 * keys: the signing keys of organisers, registrars and trustees in sealed files
 * (crypto/keyfile.h), and where passphrases come from: a file, or the terminal.
 */
#ifndef CLIENT_KEYS_H
#define CLIENT_KEYS_H

#include "client/command.h"
#include "client/file.h"
#include "crypto/result.h"
#include "crypto/sign.h"

/* Read a passphrase: the first line of a private file, or, with path NULL, from the
 * terminal; `twice` asks for it a second time. */
enum result keys_passphrase(struct secret *out, const char *path, int twice, struct why *why);

/* Make a new signing key of this kind ("organiser", "registrar", "trustee") in a file that must
 * not exist; `passphrase` empty: not locked. */
enum result keys_make(struct sign_public *public, const char *path, const char *kind,
    struct slice passphrase, struct why *why);

/* Open a key file of this kind. Asks for the passphrase if the file is locked and
 * passphrase_path is NULL. R_KEY_PERMISSIONS, R_KEY_CORRUPT. Wipe with sign_key_wipe.
 * The passphrase goes to *passphrase (empty for an unlocked key) unless that is NULL. */
enum result keys_open(struct sign_public *public, struct sign_key *key, struct secret *passphrase,
    const char *path, const char *kind, const char *passphrase_path, struct why *why);

/* Seal and open any other secret (a trustee's journal, a voter's credential). */
enum result keys_seal(struct buffer *out, const char *kind, struct slice public,
    struct slice secret, struct slice passphrase, struct why *why);
enum result keys_unseal(struct secret *out, struct slice text, const char *kind,
    struct slice passphrase, const char *path, struct why *why);

/* 1 if the text is a key file that needs no passphrase, else 0. */
int keys_is_unlocked(struct slice text);

/* The command "key" of a role: makes a key, prints the public part. KEYS_HELP is its help;
 * `kind` as a literal. */
#define KEYS_HELP(kind) \
	"Makes a signing key and prints its public part, which goes into the definition.\n" \
	"\n" \
	"  --out FILE              where the key goes; it must not exist\n" \
	"  --passphrase-file FILE  take the passphrase from the first line of a private file;\n" \
	"                          without it, it is asked for\n" \
	"  --no-passphrase         do not lock the key: whoever reads the file has it\n" \
	"\n" \
	"Example:\n  tabella " kind " key --out " kind ".key"
int keys_command(const struct command *self, const char *kind, int argc, char **argv);

#endif
