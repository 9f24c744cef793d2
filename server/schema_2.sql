-- Version 2: the tree of each election as tiles, so that no board needs it in memory; and
-- heads that are signed once their entries are committed, in a transaction of their own, so
-- that no signature ever covers entries that a lost transaction has taken along.
--
-- Errors of our own, besides those of version 1: TB005 somebody else has signed the head.

-- ---- tiles ----

-- 256 nodes of the tree each, with the root over them, which is a node of the level above; in
-- the numbering of C2SP tlog-tiles. What makes up no whole tile yet is read from the entries
-- (level 0) and from the roots of the level below.
CREATE TABLE tabella.tile (
	election integer NOT NULL REFERENCES tabella.election,
	level smallint NOT NULL CHECK (level BETWEEN 0 AND 6),
	number bigint NOT NULL CHECK (number >= 0),
	root bytea NOT NULL CHECK (octet_length(root) = 32),
	nodes bytea NOT NULL CHECK (octet_length(nodes) = 8192),
	PRIMARY KEY (election, level, number)
);
ALTER TABLE tabella.tile ALTER COLUMN nodes SET STORAGE EXTERNAL;

-- The tiles of what stands already.
DO $$
DECLARE
	tile record;
	part bytea;
	above bytea;
	l integer;
BEGIN
	FOR l IN 0 .. 6 LOOP
		FOR tile IN
			SELECT x.election, x.at / 256 AS number, string_agg(x.node, ''::bytea ORDER BY x.at) AS nodes
			FROM (SELECT e.election, e.seq AS at, e.leaf AS node FROM tabella.entry e WHERE l = 0
			    UNION ALL SELECT t.election, t.number, t.root FROM tabella.tile t
				WHERE l > 0 AND t.level = l - 1) AS x
			GROUP BY x.election, x.at / 256 HAVING count(*) = 256
		LOOP
			part := tile.nodes;
			WHILE octet_length(part) > 32 LOOP
				SELECT string_agg(sha256('\x01'::bytea || substr(part, i * 64 + 1, 64)), ''::bytea ORDER BY i)
					INTO above FROM generate_series(0, octet_length(part) / 64 - 1) AS i;
				part := above;
			END LOOP;
			INSERT INTO tabella.tile (election, level, number, root, nodes)
				VALUES (tile.election, l, tile.number, part, tile.nodes);
		END LOOP;
	END LOOP;
END $$;

CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tabella.tile
	FOR EACH STATEMENT EXECUTE FUNCTION tabella.refuse();
ALTER TABLE tabella.tile ENABLE ALWAYS TRIGGER stays;

-- ---- signed heads ----

-- size, hash, time and frontier are those of the entries; what is signed, and may be shown,
-- ends at signed_size. A batch is what one signature added.
ALTER TABLE tabella.head
	ADD COLUMN signed_size bigint,
	ADD COLUMN signed_time bigint,
	ADD COLUMN signed_frontier bytea;
ALTER TABLE tabella.head
	ALTER COLUMN signed_size TYPE bigint USING size,
	ALTER COLUMN signed_time TYPE bigint USING time,
	ALTER COLUMN signed_frontier TYPE bytea USING frontier;
ALTER TABLE tabella.head
	ALTER COLUMN signed_size SET NOT NULL,
	ALTER COLUMN signed_time SET NOT NULL,
	ALTER COLUMN signed_frontier SET NOT NULL,
	ADD CHECK (signed_size BETWEEN 0 AND size),
	ADD CHECK (signed_time >= 0),
	ADD CHECK (octet_length(signed_frontier) % 32 = 0);

-- Are the tiles there that the entries from `before` to `after` complete?
CREATE FUNCTION tabella.has_tiles(e integer, before bigint, after bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	FOR l IN 0 .. 6 LOOP
		before := before / 256;
		after := after / 256;
		EXIT WHEN before = after;
		IF (SELECT count(*) FROM tabella.tile t WHERE t.election = e AND t.level = l
		    AND t.number >= before AND t.number < after) <> after - before THEN
			RETURN false;
		END IF;
	END LOOP;
	RETURN true;
END $$;

-- A head only goes forward: over entries and tiles that are there, and signed for with a batch
-- that follows on the last one. A note alone may change: cosignatures come later.
CREATE OR REPLACE FUNCTION tabella.head_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.election = OLD.election AND NEW.time >= OLD.time AND NEW.signed_time >= OLD.signed_time
	    AND (
	    (NEW.size = OLD.size AND NEW.hash = OLD.hash AND NEW.frontier = OLD.frontier) OR
	    (NEW.size > OLD.size
		AND EXISTS (SELECT FROM tabella.entry e WHERE e.election = NEW.election
		    AND e.seq = NEW.size - 1 AND e.hash = NEW.hash)
		AND (SELECT count(*) FROM tabella.entry e WHERE e.election = NEW.election
		    AND e.seq >= OLD.size AND e.seq < NEW.size) = NEW.size - OLD.size
		AND tabella.has_tiles(NEW.election, OLD.size, NEW.size)))
	    AND (
	    (NEW.signed_size = OLD.signed_size AND NEW.signed_frontier = OLD.signed_frontier) OR
	    (NEW.signed_size > OLD.signed_size
		AND EXISTS (SELECT FROM tabella.batch b WHERE b.election = NEW.election
		    AND b.first = OLD.signed_size AND b.count = NEW.signed_size - OLD.signed_size
		    AND b.frontier_before = OLD.signed_frontier AND b.note = NEW.note)))
	THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'this UPDATE on head is refused: a head goes forward over stored entries'
		USING ERRCODE = 'TB000';
END $$;

CREATE OR REPLACE FUNCTION tabella.head_begins_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.size = 0 AND NEW.frontier = '' AND NEW.hash = decode(repeat('00', 32), 'hex')
	    AND NEW.signed_size = 0 AND NEW.signed_frontier = '' THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'this INSERT on head is refused: a head begins empty' USING ERRCODE = 'TB000';
END $$;

-- Lock the head if what is signed of it is what the caller believes.
CREATE FUNCTION tabella.take_signed(e integer, s bigint, t bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM tabella.head WHERE election = e AND signed_size = s AND signed_time = t
		FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the head was signed already' USING ERRCODE = 'TB005';
	END IF;
END $$;

-- ---- rights ----

REVOKE ALL ON FUNCTION tabella.has_tiles, tabella.take_signed FROM PUBLIC;
GRANT SELECT ON tabella.tile TO tabella_board, tabella_reader;
GRANT INSERT ON tabella.tile TO tabella_board;
GRANT UPDATE (signed_size, signed_time, signed_frontier) ON tabella.head TO tabella_board;
GRANT EXECUTE ON FUNCTION tabella.has_tiles, tabella.take_signed TO tabella_board;
