-- SPDX-License-Identifier: GPL-3.0-or-later
-- From schema version 3 to 4: chains of batches, fences around probes, links that overlap, events.
-- netmond and netmon do it by themselves (netmon store upgrade). Rows and indexes stay as they are.

ALTER TABLE link ADD COLUMN epoch VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE watermark ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN duplicate INTEGER NOT NULL DEFAULT 0;
-- What happened to probes that somebody should look at: 'fenced', 'lost', 'gap', 'revoked', 'expired', 'expiring', 'accepted'.
CREATE TABLE probe_event (
	id     INTEGER PRIMARY KEY,
	at     INTEGER NOT NULL,
	probe  VARCHAR(63) NOT NULL,
	event  VARCHAR(15) NOT NULL,
	detail VARCHAR(255) NOT NULL
);
CREATE INDEX probe_event_at ON probe_event (at);
UPDATE schema_version SET version = 4;
