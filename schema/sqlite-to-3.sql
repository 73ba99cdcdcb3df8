-- SPDX-License-Identifier: GPL-3.0-or-later
-- From schema version 2 to 3: the versions of the labels that probes gave.
-- netmond and netmon do it by themselves (netmon store upgrade). Rows and indexes stay as they are.

CREATE TABLE label_version (
	probe  INTEGER NOT NULL,
	since  INTEGER NOT NULL, -- when it was heard of
	labels INTEGER NOT NULL, -- made of the probe's modules, services and rules
	PRIMARY KEY (probe, since)
);
UPDATE schema_version SET version = 3;
