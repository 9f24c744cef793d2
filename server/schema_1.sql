-- Version 1 of the board's tables. store_schema.c runs it once, in one transaction, as
-- the owner; a later version is a further file, and this one never changes.
--
-- What stands on a board stays. The board's role has no right to change or delete
-- entries, batches or named blobs; triggers refuse it to everybody, the owner
-- included, also while session_replication_role is replica (ENABLE ALWAYS).
--
-- Errors of our own: TB000 refused to change what stays; TB001 the head has moved;
-- TB002 a blob is missing; TB003 over the quota; TB004 another upload has this token.

-- Roles are shared by all databases of a server.
DO $$
BEGIN
	IF to_regrole('tabella_board') IS NULL THEN
		CREATE ROLE tabella_board;
	END IF;
	IF to_regrole('tabella_reader') IS NULL THEN
		CREATE ROLE tabella_reader;
	END IF;
END $$;

-- ---- tables ----

CREATE TABLE tabella.election (
	key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id bytea NOT NULL UNIQUE CHECK (octet_length(id) = 32)
);

-- The single point of order: who appends locks this row first.
CREATE TABLE tabella.head (
	election integer PRIMARY KEY REFERENCES tabella.election,
	size bigint NOT NULL CHECK (size >= 0),
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	time bigint NOT NULL CHECK (time >= 0),
	frontier bytea NOT NULL CHECK (octet_length(frontier) % 32 = 0),
	note bytea NOT NULL
) WITH (fillfactor = 10);

-- hash is that of the line, leaf that of 0x00 and the line. No foreign key: the
-- trigger on head ties entries to their election, once for a whole batch.
CREATE TABLE tabella.entry (
	election integer NOT NULL,
	seq bigint NOT NULL CHECK (seq >= 0),
	hash bytea NOT NULL CONSTRAINT entry_hash UNIQUE CHECK (octet_length(hash) = 32),
	leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
	record bytea NOT NULL CHECK (octet_length(record) = 32),
	tracker bytea CHECK (octet_length(tracker) = 32),
	line bytea NOT NULL,
	CONSTRAINT entry_seq PRIMARY KEY (election, seq),
	CONSTRAINT entry_record UNIQUE (election, record)
);
CREATE UNIQUE INDEX entry_tracker ON tabella.entry (election, tracker) WHERE tracker IS NOT NULL;
-- Base64 and hashes do not compress; do not try.
ALTER TABLE tabella.entry ALTER COLUMN line SET STORAGE EXTERNAL;

-- What was committed together: a receipt is made from one row and its leaves.
CREATE TABLE tabella.batch (
	election integer NOT NULL REFERENCES tabella.election,
	first bigint NOT NULL CHECK (first >= 0),
	count bigint NOT NULL CHECK (count > 0),
	frontier_before bytea NOT NULL CHECK (octet_length(frontier_before) % 32 = 0),
	note bytea NOT NULL,
	PRIMARY KEY (election, first)
);

-- A blob is an upload until it is complete, and may go until it is named by an entry.
CREATE TABLE tabella.blob (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	election integer NOT NULL REFERENCES tabella.election,
	token bytea NOT NULL CHECK (octet_length(token) = 32),
	owner bytea NOT NULL CHECK (octet_length(owner) = 32),
	id bytea NOT NULL CHECK (octet_length(id) = 32),
	size bigint NOT NULL CHECK (size >= 0),
	complete boolean NOT NULL DEFAULT false,
	named boolean NOT NULL DEFAULT false CHECK (complete OR NOT named),
	made timestamptz NOT NULL DEFAULT now(),
	UNIQUE (election, token)
);
CREATE UNIQUE INDEX blob_id ON tabella.blob (election, id) WHERE complete;
CREATE INDEX blob_owner ON tabella.blob (election, owner);
CREATE INDEX blob_made ON tabella.blob (made) WHERE NOT named;

CREATE TABLE tabella.chunk (
	blob bigint NOT NULL REFERENCES tabella.blob ON DELETE CASCADE,
	n integer NOT NULL CHECK (n >= 0),
	data bytea NOT NULL CHECK (octet_length(data) BETWEEN 1 AND 4194304),
	PRIMARY KEY (blob, n)
);
ALTER TABLE tabella.chunk ALTER COLUMN data SET STORAGE EXTERNAL;

-- ---- what stays ----

CREATE FUNCTION tabella.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% on % is refused: what stands on a board stays', TG_OP, TG_TABLE_NAME
		USING ERRCODE = 'TB000';
END $$;

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tabella.election
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tabella.entry
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tabella.batch
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON tabella.head
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
CREATE TRIGGER stays BEFORE TRUNCATE ON tabella.blob
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
CREATE TRIGGER stays BEFORE TRUNCATE ON tabella.chunk
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();

-- A head only goes forward, and only over entries and a batch that are there.
CREATE FUNCTION tabella.head_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.election = OLD.election AND NEW.time >= OLD.time AND (
	    (NEW.size = OLD.size AND NEW.hash = OLD.hash AND NEW.frontier = OLD.frontier) OR
	    (NEW.size > OLD.size
		AND EXISTS (SELECT FROM tabella.batch b WHERE b.election = NEW.election
		    AND b.first = OLD.size AND b.count = NEW.size - OLD.size
		    AND b.frontier_before = OLD.frontier AND b.note = NEW.note)
		AND EXISTS (SELECT FROM tabella.entry e WHERE e.election = NEW.election
		    AND e.seq = NEW.size - 1 AND e.hash = NEW.hash)
		AND (SELECT count(*) FROM tabella.entry e WHERE e.election = NEW.election
		    AND e.seq >= OLD.size AND e.seq < NEW.size) = NEW.size - OLD.size)) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'this UPDATE on head is refused: a head goes forward over stored entries'
		USING ERRCODE = 'TB000';
END $$;
CREATE TRIGGER forward BEFORE UPDATE ON tabella.head
	FOR EACH ROW EXECUTE FUNCTION tabella.head_goes_forward();

-- A new election begins with an empty head.
CREATE FUNCTION tabella.head_begins_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.size = 0 AND NEW.frontier = '' AND NEW.hash = decode(repeat('00', 32), 'hex') THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'this INSERT on head is refused: a head begins empty' USING ERRCODE = 'TB000';
END $$;
CREATE TRIGGER empty BEFORE INSERT ON tabella.head
	FOR EACH ROW EXECUTE FUNCTION tabella.head_begins_empty();

CREATE FUNCTION tabella.blob_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF NOT OLD.named THEN
			RETURN OLD;
		END IF;
	ELSIF (NEW.key, NEW.election, NEW.token, NEW.owner, NEW.id, NEW.size) =
	    (OLD.key, OLD.election, OLD.token, OLD.owner, OLD.id, OLD.size)
	    AND NEW.complete >= OLD.complete AND NEW.named >= OLD.named THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION '% on blob is refused: a blob that an entry names stays', TG_OP
		USING ERRCODE = 'TB000';
END $$;
CREATE TRIGGER stays_row BEFORE UPDATE OR DELETE ON tabella.blob
	FOR EACH ROW EXECUTE FUNCTION tabella.blob_stays();

-- The chunks of a complete blob do not change, and go only with the blob (whose row
-- is gone already when the deletion cascades).
CREATE FUNCTION tabella.chunk_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (TG_OP <> 'INSERT' AND
	    EXISTS (SELECT FROM tabella.blob b WHERE b.key = OLD.blob AND b.complete)) OR
	   (TG_OP <> 'DELETE' AND
	    EXISTS (SELECT FROM tabella.blob b WHERE b.key = NEW.blob AND b.complete)) THEN
		RAISE EXCEPTION '% on chunk is refused: the blob is complete', TG_OP
			USING ERRCODE = 'TB000';
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER stays_row BEFORE INSERT OR UPDATE OR DELETE ON tabella.chunk
	FOR EACH ROW EXECUTE FUNCTION tabella.chunk_stays();

ALTER TABLE tabella.election ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.entry ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.batch ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER forward;
ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER empty;
ALTER TABLE tabella.blob ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.blob ENABLE ALWAYS TRIGGER stays_row;
ALTER TABLE tabella.chunk ENABLE ALWAYS TRIGGER stays;
ALTER TABLE tabella.chunk ENABLE ALWAYS TRIGGER stays_row;

-- ---- steps of a transaction that need a decision on the server's side ----

-- Lock the head if it is the one the caller believes in. Pipelined, so the refusal
-- has to be an error: it is what keeps the rest of the pipeline from running.
CREATE FUNCTION tabella.take_head(e integer, s bigint, h bytea, t bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM tabella.head WHERE election = e AND size = s AND hash = h AND time = t
		FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the head has moved' USING ERRCODE = 'TB001';
	END IF;
END $$;

-- Keep these blobs from now on: an entry of this transaction names them.
CREATE FUNCTION tabella.name_blobs(e integer, ids bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	missing bytea;
BEGIN
	UPDATE tabella.blob SET named = true
		WHERE election = e AND complete AND NOT named AND id = ANY (ids);
	SELECT i INTO missing FROM unnest(ids) AS i WHERE NOT EXISTS
		(SELECT FROM tabella.blob WHERE election = e AND id = i AND complete AND named) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the blob % is not there', encode(missing, 'hex') USING ERRCODE = 'TB002';
	END IF;
END $$;

-- Find or make an upload within the owner's quota; a blob that is complete already
-- needs none, and is kept for another day.
CREATE FUNCTION tabella.begin_blob(e integer, tok bytea, o bytea, i bytea, s bigint, quota bigint)
RETURNS TABLE (found_key bigint, is_complete boolean) LANGUAGE plpgsql AS $$
DECLARE
	old tabella.blob%ROWTYPE;
BEGIN
	PERFORM pg_advisory_xact_lock(1413562956, e); -- "TABL"; two at once would share one quota
	UPDATE tabella.blob SET made = now()
		WHERE election = e AND id = i AND complete AND size = s RETURNING key INTO found_key;
	IF FOUND THEN
		is_complete := true;
		RETURN NEXT;
		RETURN;
	END IF;
	SELECT * INTO old FROM tabella.blob WHERE election = e AND token = tok;
	IF FOUND THEN
		IF old.id <> i OR old.size <> s OR old.owner <> o THEN
			RAISE EXCEPTION 'another upload has this token' USING ERRCODE = 'TB004';
		END IF;
		found_key := old.key;
	ELSE
		IF s + (SELECT coalesce(sum(size), 0) FROM tabella.blob
		    WHERE election = e AND owner = o) > quota THEN
			RAISE EXCEPTION 'over the quota' USING ERRCODE = 'TB003';
		END IF;
		INSERT INTO tabella.blob (election, token, owner, id, size)
			VALUES (e, tok, o, i, s) RETURNING key INTO found_key;
	END IF;
	is_complete := false;
	RETURN NEXT;
END $$;

-- ---- rights ----

REVOKE ALL ON SCHEMA tabella FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tabella FROM PUBLIC;
GRANT USAGE ON SCHEMA tabella TO tabella_board, tabella_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA tabella TO tabella_board, tabella_reader;

GRANT INSERT ON tabella.election, tabella.head, tabella.entry, tabella.batch TO tabella_board;
GRANT UPDATE (size, hash, time, frontier, note) ON tabella.head TO tabella_board;
GRANT INSERT, DELETE ON tabella.blob, tabella.chunk TO tabella_board;
GRANT UPDATE (complete, named, made) ON tabella.blob TO tabella_board;
GRANT UPDATE (data) ON tabella.chunk TO tabella_board;
GRANT EXECUTE ON FUNCTION tabella.take_head, tabella.name_blobs, tabella.begin_blob TO tabella_board;
