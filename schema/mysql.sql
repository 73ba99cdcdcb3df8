-- SPDX-License-Identifier: GPL-3.0-or-later
-- netmon's store in MySQL or MariaDB (10.2 and later), for `netmond | mariadb -D netmon`. The same tables under the same
-- names as in sqlite.sql, where their meaning is written. Text compares by its bytes, as it does in SQLite.
--
--   mariadb -e 'CREATE DATABASE netmon' && mariadb -D netmon <mysql.sql

CREATE TABLE schema_version (version INT UNSIGNED NOT NULL)
	ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE application (
	id          SMALLINT UNSIGNED PRIMARY KEY,
	name        VARCHAR(31) NOT NULL,
	category    VARCHAR(31) NOT NULL,
	colour      INT UNSIGNED NOT NULL,
	colour_dark INT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO application VALUES (0, 'Unknown', 'Unknown', 10133670, 8423051);
-- What found a probe's flow table full: in the sums, and nobody's. Flows of it have protocol 255 and no addresses.
INSERT INTO application VALUES (65535, 'Table overflow (not attributed)', 'Not attributed', 10133670, 8423051);

-- A probe is known by its name; a link by probe and name.
CREATE TABLE probe (
	id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name      VARCHAR(63) NOT NULL UNIQUE,
	last_seen INT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE link (
	id    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	probe BIGINT NOT NULL,
	name  VARCHAR(63) NOT NULL,
	epoch VARCHAR(16) NOT NULL DEFAULT '', -- numbering of the probe that speaks for it; an older one is fenced off
	UNIQUE (probe, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- Highest batch of each numbering that is in `flow`; written in the batch's transaction.
CREATE TABLE watermark (
	probe    BIGINT NOT NULL,
	epoch    VARCHAR(16) NOT NULL, -- 16 hex digits
	sequence BIGINT NOT NULL,
	updated  INT UNSIGNED NOT NULL,
	crc      INT UNSIGNED NOT NULL DEFAULT 0, -- CRC32C of that batch
	PRIMARY KEY (probe, epoch)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- What happened to probes that somebody should look at: 'fenced', 'lost', 'gap', 'revoked', 'expired', 'expiring', 'accepted'.
CREATE TABLE probe_event (
	id     BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	at     INT UNSIGNED NOT NULL,
	probe  VARCHAR(63) NOT NULL,
	event  VARCHAR(15) NOT NULL,
	detail VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX probe_event_at ON probe_event (at);
-- The versions of the labels that a probe gave: a jump in a graph may be one in them.
CREATE TABLE label_version (
	probe  BIGINT NOT NULL,
	since  INT UNSIGNED NOT NULL, -- when it was heard of
	labels INT UNSIGNED NOT NULL, -- made of the probe's modules, services and rules
	PRIMARY KEY (probe, since)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE flow (
	id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	link        BIGINT NOT NULL,
	vlan        SMALLINT UNSIGNED NOT NULL,
	saddr       VARCHAR(45) NOT NULL,
	daddr       VARCHAR(45) NOT NULL,
	sport       SMALLINT UNSIGNED NOT NULL,
	dport       SMALLINT UNSIGNED NOT NULL,
	protocol    TINYINT UNSIGNED NOT NULL,
	packets     BIGINT NOT NULL,
	octets      BIGINT NOT NULL,
	application SMALLINT UNSIGNED NOT NULL,
	fraction    SMALLINT UNSIGNED NOT NULL, -- high byte: start, low byte: end, 1/256 s
	started     INT UNSIGNED NOT NULL,
	expires     INT UNSIGNED NOT NULL,
	tunnel      VARCHAR(63) NOT NULL DEFAULT '', -- names from the outermost inwards, such as mpls/gre
	sampling    SMALLINT UNSIGNED NOT NULL DEFAULT 1, -- one packet in so many was looked at; packets and octets are scaled up
	duplicate   TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 1: a link that overlaps has it too: in the sums of its link, not in totals
	-- Stands for an index of the flows of application 0 alone, which other databases have: one of (application, expires) goes
	-- to some page of thousands with each row, and takes as long as the row and the index of `expires` together.
	unknown_at  INT UNSIGNED AS (IF(application = 0, expires, NULL)) STORED
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX flow_expires ON flow (expires);
CREATE INDEX flow_unknown_at ON flow (unknown_at);

CREATE TABLE ledger (
	link    BIGINT NOT NULL,
	minute  INT UNSIGNED NOT NULL,
	cause   SMALLINT UNSIGNED NOT NULL, -- enum ledger_cause
	packets BIGINT NOT NULL,
	octets  BIGINT NOT NULL,
	PRIMARY KEY (link, minute, cause)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE host_group (
	id   BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name VARCHAR(63) NOT NULL UNIQUE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE group_range (
	group_id  BIGINT NOT NULL,
	member    VARCHAR(91) NOT NULL, -- as addr_range_format() writes it
	first_key CHAR(32) NOT NULL,
	last_key  CHAR(32) NOT NULL,
	PRIMARY KEY (group_id, first_key, last_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Internal hosts that were seen, and the groups that hold them.
CREATE TABLE ip (
	id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	addr       VARCHAR(45) NOT NULL UNIQUE,
	addr_key   CHAR(32) NOT NULL,
	first_seen INT UNSIGNED NOT NULL,
	last_seen  INT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE ip_group (
	addr     VARCHAR(45) NOT NULL,
	group_id BIGINT NOT NULL,
	PRIMARY KEY (addr, group_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX ip_group_group ON ip_group (group_id, addr);

-- Numbers that netmon-aggregate keeps from run to run; lib/db_aggregate.h has their names and meanings.
CREATE TABLE aggregate_state (
	name  VARCHAR(31) PRIMARY KEY,
	value BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The flows' packets and octets, spread over the minutes that they span, by minute for six hours and by hour for a day.
-- generation  readers take the rows of the one that aggregate_state names; another one is being built or on its way out
-- subject     0: the total (in and out as for hosts, transit apart); above 0: ip.id; below 0: minus a host_group.id
CREATE TABLE usage_minute (
	generation      BIGINT NOT NULL,
	minute          INT UNSIGNED NOT NULL,
	subject         BIGINT NOT NULL,
	application     SMALLINT UNSIGNED NOT NULL,
	in_octets       BIGINT NOT NULL,
	out_octets      BIGINT NOT NULL,
	transit_octets  BIGINT NOT NULL,
	in_packets      BIGINT NOT NULL,
	out_packets     BIGINT NOT NULL,
	transit_packets BIGINT NOT NULL,
	PRIMARY KEY (generation, minute, subject, application)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE usage_hour (
	generation      BIGINT NOT NULL,
	hour            INT UNSIGNED NOT NULL,
	subject         BIGINT NOT NULL,
	application     SMALLINT UNSIGNED NOT NULL,
	in_octets       BIGINT NOT NULL,
	out_octets      BIGINT NOT NULL,
	transit_octets  BIGINT NOT NULL,
	in_packets      BIGINT NOT NULL,
	out_packets     BIGINT NOT NULL,
	transit_packets BIGINT NOT NULL,
	PRIMARY KEY (generation, hour, subject, application)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Totals by application, one table a window: 5 min, 1 h, 6 h, 24 h.
CREATE TABLE app_usage_curr (
	application SMALLINT UNSIGNED PRIMARY KEY,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL, transit_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL, transit_packets BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE app_usage_1hr (
	application SMALLINT UNSIGNED PRIMARY KEY,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL, transit_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL, transit_packets BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE app_usage_6hr (
	application SMALLINT UNSIGNED PRIMARY KEY,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL, transit_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL, transit_packets BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE app_usage_24hr (
	application SMALLINT UNSIGNED PRIMARY KEY,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL, transit_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL, transit_packets BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE host_totals (
	period INT UNSIGNED NOT NULL, addr VARCHAR(45) NOT NULL,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL,
	PRIMARY KEY (period, addr)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE host_app_totals (
	period INT UNSIGNED NOT NULL, addr VARCHAR(45) NOT NULL, application SMALLINT UNSIGNED NOT NULL,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL,
	PRIMARY KEY (period, addr, application)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX host_app_totals_app ON host_app_totals (period, application);
CREATE TABLE group_totals (
	period INT UNSIGNED NOT NULL, group_id BIGINT NOT NULL,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL,
	PRIMARY KEY (period, group_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE group_app_totals (
	period INT UNSIGNED NOT NULL, group_id BIGINT NOT NULL, application SMALLINT UNSIGNED NOT NULL,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL,
	PRIMARY KEY (period, group_id, application)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- What is Unknown at a host: its peers, heaviest first, at most 100 a host and period. `port` is the host's own port,
-- `peer_port` the peer's.
CREATE TABLE host_traffic_unknown (
	period INT UNSIGNED NOT NULL, addr VARCHAR(45) NOT NULL, protocol TINYINT UNSIGNED NOT NULL,
	port SMALLINT UNSIGNED NOT NULL, peer VARCHAR(45) NOT NULL, peer_port SMALLINT UNSIGNED NOT NULL,
	in_octets BIGINT NOT NULL, out_octets BIGINT NOT NULL,
	in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL,
	PRIMARY KEY (period, addr, protocol, port, peer, peer_port)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE web_user (
	id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name     VARCHAR(63) NOT NULL UNIQUE,
	hash     VARCHAR(128) NOT NULL, -- argon2id, crypto_pwhash_str() form
	role     VARCHAR(15) NOT NULL,  -- 'read' or 'admin'
	sessions BIGINT NOT NULL       -- raised to end every session of the user
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- Secrets and switches that programs keep for themselves (key of the session cookies).
CREATE TABLE setting (
	name  VARCHAR(31) PRIMARY KEY,
	value VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Alert rules are data. subject_kind: 'total', 'host', 'group', 'app'; subject: '', an address, a group id, an
-- application id. direction: 'in', 'out'. comparison: 'above', 'below'. window_s: 60 (now), 3600, 21600 seconds.
-- days: bit 0 Monday .. bit 6 Sunday; from_minute/to_minute: minutes of the local day, 0..1440.
CREATE TABLE alert (
	id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name         VARCHAR(63) NOT NULL UNIQUE,
	subject_kind VARCHAR(7) NOT NULL,
	subject      VARCHAR(45) NOT NULL,
	direction    VARCHAR(3) NOT NULL,
	comparison   VARCHAR(5) NOT NULL,
	rate_bps     BIGINT NOT NULL,
	window_s     INT UNSIGNED NOT NULL,
	days         INT UNSIGNED NOT NULL,
	from_minute  INT UNSIGNED NOT NULL,
	to_minute    INT UNSIGNED NOT NULL,
	enabled      INT UNSIGNED NOT NULL,
	firing       INT UNSIGNED NOT NULL, -- 1 after it fired until it recovered
	since        INT UNSIGNED NOT NULL  -- when `firing` last changed
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE alert_contact (
	id      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name    VARCHAR(63) NOT NULL UNIQUE,
	kind    VARCHAR(7) NOT NULL,   -- 'email' or 'sms'
	address VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE alert_contact_link (
	alert   BIGINT NOT NULL,
	contact BIGINT NOT NULL,
	PRIMARY KEY (alert, contact)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- One row for each event ('fired', 'recovered'), one for each try to tell a contact ('sent', 'failed', 'given-up'), and one
-- when the aggregates were too old to judge by and when they no longer were ('stale', 'resumed': alert 0).
-- 'probe': something happened to the probe of that name; rate_bps is the newest probe_event that was told of.
CREATE TABLE alert_log (
	id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	at       INT UNSIGNED NOT NULL,
	alert    BIGINT NOT NULL,
	name     VARCHAR(63) NOT NULL, -- the rule's name then, so that the log outlives the rule
	event    VARCHAR(15) NOT NULL,
	rate_bps BIGINT NOT NULL,
	contact  VARCHAR(63) NOT NULL, -- '' unless it was told, or should have been
	detail   VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX alert_log_at ON alert_log (at);
-- A message that a contact has not got yet: written with its event, gone when it was sent or given up. Ids are never used
-- twice: they identify the message to the receiver.
CREATE TABLE alert_delivery (
	id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	event      BIGINT NOT NULL, -- alert_log.id
	alert      BIGINT NOT NULL,
	contact    BIGINT NOT NULL,
	event_at   INT UNSIGNED NOT NULL,
	attempts   INT UNSIGNED NOT NULL, -- tries that failed
	next_at    INT UNSIGNED NOT NULL,
	short_text VARCHAR(159) NOT NULL,
	long_text  VARCHAR(8191) NOT NULL,
	UNIQUE (event, contact)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- Last, because what is made in part has no version.
INSERT INTO schema_version VALUES (4);
