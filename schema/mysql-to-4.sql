-- SPDX-License-Identifier: GPL-3.0-or-later
-- From schema version 3 to 4: chains of batches, fences around probes, links that overlap, events.
-- netmond and netmon do it by themselves (netmon store upgrade); or mariadb -D netmon <mysql-to-4.sql, with netmond stopped.
-- The flows are written anew: minutes for each hundred million, and as much room again meanwhile.

ALTER TABLE link ADD COLUMN epoch VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE watermark ADD COLUMN crc INT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN duplicate TINYINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE flow
	ADD COLUMN unknown_at INT UNSIGNED AS (IF(application = 0, expires, NULL)) STORED,
	ADD INDEX flow_unknown_at (unknown_at),
	DROP INDEX flow_unknown;
-- What happened to probes that somebody should look at: 'fenced', 'lost', 'gap', 'revoked', 'expired', 'expiring', 'accepted'.
CREATE TABLE probe_event (
	id     BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	at     INT UNSIGNED NOT NULL,
	probe  VARCHAR(63) NOT NULL,
	event  VARCHAR(15) NOT NULL,
	detail VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX probe_event_at ON probe_event (at);
UPDATE schema_version SET version = 4;
