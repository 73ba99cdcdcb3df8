-- SPDX-License-Identifier: GPL-3.0-or-later
-- From schema version 2 to 3: the versions of the labels that probes gave.
-- psql netmon <postgresql-to-3.sql, with netmond stopped. Rows and indexes stay as they are.

CREATE TABLE label_version (
	probe  BIGINT NOT NULL,
	since  BIGINT NOT NULL, -- when it was heard of
	labels BIGINT NOT NULL, -- made of the probe's modules, services and rules
	PRIMARY KEY (probe, since)
);
UPDATE schema_version SET version = 3;
