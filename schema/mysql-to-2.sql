-- SPDX-License-Identifier: GPL-3.0-or-later
-- From schema version 1 to 2: tunnel and sampling of a flow, and a name for what found a flow table full.
-- mariadb -D netmon <mysql-to-2.sql, with netmond stopped. Rows and indexes stay as they are.

ALTER TABLE flow ADD COLUMN tunnel VARCHAR(63) NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN sampling SMALLINT UNSIGNED NOT NULL DEFAULT 1;
DELETE FROM application WHERE id = 65535;
INSERT INTO application VALUES (65535, 'Table overflow (not attributed)', 'Not attributed', 10133670, 8423051);
UPDATE schema_version SET version = 2;
