-- SPDX-License-Identifier: GPL-3.0-or-later
-- netmon's store in SQLite. schema/mysql.sql has the same tables under the same names.
--
-- Glossary
--   addresses   canonical text: dotted quad or RFC 5952 (as `netmonc -o csv` prints them)
--   *_key       an address as 32 lower case hex digits, IPv4 as ::ffff:a.b.c.d, so that text order is numeric order
--   times       seconds since 1970-01-01 UTC
--   octets      sum of the IP headers' total lengths
--   in / out    towards / from an internal host, one that a group holds; traffic between two internal hosts is both,
--               in for one and out for the other
--   transit     in totals only: neither end is internal
--   period      length of a window in seconds: 300 (current), 3600, 21600, 86400; it ends at aggregate_state's end
--   colour      0xRRGGBB
-- AUTOINCREMENT stands where something outside the table remembers an id (RRD folders, rules, session cookies), so that
-- the id of what was removed never comes back with another meaning. `flow` may lose its old rows, never its newest.
-- Raw data: flow, ledger, watermark (one transaction a batch). Configuration: host_group, group_range, alert*, web_user, setting.
-- Everything else is derived by netmon-aggregate and can be thrown away.

CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (4);

CREATE TABLE application (
	id          INTEGER PRIMARY KEY,
	name        VARCHAR(31) NOT NULL,
	category    VARCHAR(31) NOT NULL,
	colour      INTEGER NOT NULL,
	colour_dark INTEGER NOT NULL
);
INSERT INTO application VALUES (0, 'Unknown', 'Unknown', 0x9aa0a6, 0x80868b);
-- What found a probe's flow table full: in the sums, and nobody's. Flows of it have protocol 255 and no addresses.
INSERT INTO application VALUES (65535, 'Table overflow (not attributed)', 'Not attributed', 0x9aa0a6, 0x80868b);

-- A probe is known by its name; a link by probe and name.
CREATE TABLE probe (
	id        INTEGER PRIMARY KEY,
	name      VARCHAR(63) NOT NULL UNIQUE,
	last_seen INTEGER NOT NULL
);
CREATE TABLE link (
	id    INTEGER PRIMARY KEY,
	probe INTEGER NOT NULL,
	name  VARCHAR(63) NOT NULL,
	epoch VARCHAR(16) NOT NULL DEFAULT '', -- numbering of the probe that speaks for it; an older one is fenced off
	UNIQUE (probe, name)
);
-- Highest batch of each numbering that is in `flow`; written in the batch's transaction.
CREATE TABLE watermark (
	probe    INTEGER NOT NULL,
	epoch    VARCHAR(16) NOT NULL, -- 16 hex digits
	sequence INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	crc      INTEGER NOT NULL DEFAULT 0, -- CRC32C of that batch
	PRIMARY KEY (probe, epoch)
);
-- What happened to probes that somebody should look at: 'fenced', 'lost', 'gap', 'revoked', 'expired', 'expiring', 'accepted'.
CREATE TABLE probe_event (
	id     INTEGER PRIMARY KEY,
	at     INTEGER NOT NULL,
	probe  VARCHAR(63) NOT NULL,
	event  VARCHAR(15) NOT NULL,
	detail VARCHAR(255) NOT NULL
);
CREATE INDEX probe_event_at ON probe_event (at);
-- The versions of the labels that a probe gave: a jump in a graph may be one in them.
CREATE TABLE label_version (
	probe  INTEGER NOT NULL,
	since  INTEGER NOT NULL, -- when it was heard of
	labels INTEGER NOT NULL, -- made of the probe's modules, services and rules
	PRIMARY KEY (probe, since)
);

CREATE TABLE flow (
	id          INTEGER PRIMARY KEY,
	link        INTEGER NOT NULL,
	vlan        INTEGER NOT NULL,
	saddr       VARCHAR(45) NOT NULL,
	daddr       VARCHAR(45) NOT NULL,
	sport       INTEGER NOT NULL,
	dport       INTEGER NOT NULL,
	protocol    INTEGER NOT NULL,
	packets     INTEGER NOT NULL,
	octets      INTEGER NOT NULL,
	application INTEGER NOT NULL,
	fraction    INTEGER NOT NULL, -- high byte: start, low byte: end, 1/256 s
	started     INTEGER NOT NULL,
	expires     INTEGER NOT NULL,
	tunnel      VARCHAR(63) NOT NULL DEFAULT '', -- names from the outermost inwards, such as mpls/gre
	sampling    INTEGER NOT NULL DEFAULT 1, -- one packet in so many was looked at; packets and octets are scaled up
	duplicate   INTEGER NOT NULL DEFAULT 0 -- 1: a link that overlaps has it too: in the sums of its link, not in totals
);
CREATE INDEX flow_expires ON flow (expires);
CREATE INDEX flow_unknown ON flow (expires) WHERE application = 0;

CREATE TABLE ledger (
	link    INTEGER NOT NULL,
	minute  INTEGER NOT NULL,
	cause   INTEGER NOT NULL, -- enum ledger_cause
	packets INTEGER NOT NULL,
	octets  INTEGER NOT NULL,
	PRIMARY KEY (link, minute, cause)
);

CREATE TABLE host_group (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name VARCHAR(63) NOT NULL UNIQUE
);
CREATE TABLE group_range (
	group_id  INTEGER NOT NULL,
	member    VARCHAR(91) NOT NULL, -- as addr_range_format() writes it
	first_key CHAR(32) NOT NULL,
	last_key  CHAR(32) NOT NULL,
	PRIMARY KEY (group_id, first_key, last_key)
);

-- Internal hosts that were seen, and the groups that hold them.
CREATE TABLE ip (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	addr       VARCHAR(45) NOT NULL UNIQUE,
	addr_key   CHAR(32) NOT NULL,
	first_seen INTEGER NOT NULL,
	last_seen  INTEGER NOT NULL
);
CREATE TABLE ip_group (
	addr     VARCHAR(45) NOT NULL,
	group_id INTEGER NOT NULL,
	PRIMARY KEY (addr, group_id)
);
CREATE INDEX ip_group_group ON ip_group (group_id, addr);

-- Numbers that netmon-aggregate keeps from run to run; lib/db_aggregate.h has their names and meanings.
CREATE TABLE aggregate_state (
	name  VARCHAR(31) PRIMARY KEY,
	value INTEGER NOT NULL
);

-- The flows' packets and octets, spread over the minutes that they span, by minute for six hours and by hour for a day.
-- generation  readers take the rows of the one that aggregate_state names; another one is being built or on its way out
-- subject     0: the total (in and out as for hosts, transit apart); above 0: ip.id; below 0: minus a host_group.id
CREATE TABLE usage_minute (
	generation      INTEGER NOT NULL,
	minute          INTEGER NOT NULL,
	subject         INTEGER NOT NULL,
	application     INTEGER NOT NULL,
	in_octets       INTEGER NOT NULL,
	out_octets      INTEGER NOT NULL,
	transit_octets  INTEGER NOT NULL,
	in_packets      INTEGER NOT NULL,
	out_packets     INTEGER NOT NULL,
	transit_packets INTEGER NOT NULL,
	PRIMARY KEY (generation, minute, subject, application)
) WITHOUT ROWID;
CREATE TABLE usage_hour (
	generation      INTEGER NOT NULL,
	hour            INTEGER NOT NULL,
	subject         INTEGER NOT NULL,
	application     INTEGER NOT NULL,
	in_octets       INTEGER NOT NULL,
	out_octets      INTEGER NOT NULL,
	transit_octets  INTEGER NOT NULL,
	in_packets      INTEGER NOT NULL,
	out_packets     INTEGER NOT NULL,
	transit_packets INTEGER NOT NULL,
	PRIMARY KEY (generation, hour, subject, application)
) WITHOUT ROWID;

-- Totals by application, one table a window: 5 min, 1 h, 6 h, 24 h.
CREATE TABLE app_usage_curr (
	application INTEGER PRIMARY KEY,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL, transit_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL, transit_packets INTEGER NOT NULL
);
CREATE TABLE app_usage_1hr (
	application INTEGER PRIMARY KEY,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL, transit_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL, transit_packets INTEGER NOT NULL
);
CREATE TABLE app_usage_6hr (
	application INTEGER PRIMARY KEY,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL, transit_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL, transit_packets INTEGER NOT NULL
);
CREATE TABLE app_usage_24hr (
	application INTEGER PRIMARY KEY,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL, transit_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL, transit_packets INTEGER NOT NULL
);

CREATE TABLE host_totals (
	period INTEGER NOT NULL, addr VARCHAR(45) NOT NULL,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL,
	PRIMARY KEY (period, addr)
) WITHOUT ROWID;
CREATE TABLE host_app_totals (
	period INTEGER NOT NULL, addr VARCHAR(45) NOT NULL, application INTEGER NOT NULL,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL,
	PRIMARY KEY (period, addr, application)
) WITHOUT ROWID;
CREATE INDEX host_app_totals_app ON host_app_totals (period, application);
CREATE TABLE group_totals (
	period INTEGER NOT NULL, group_id INTEGER NOT NULL,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL,
	PRIMARY KEY (period, group_id)
) WITHOUT ROWID;
CREATE TABLE group_app_totals (
	period INTEGER NOT NULL, group_id INTEGER NOT NULL, application INTEGER NOT NULL,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL,
	PRIMARY KEY (period, group_id, application)
) WITHOUT ROWID;
-- What is Unknown at a host: its peers, heaviest first, at most 100 a host and period. `port` is the host's own port,
-- `peer_port` the peer's.
CREATE TABLE host_traffic_unknown (
	period INTEGER NOT NULL, addr VARCHAR(45) NOT NULL, protocol INTEGER NOT NULL,
	port INTEGER NOT NULL, peer VARCHAR(45) NOT NULL, peer_port INTEGER NOT NULL,
	in_octets INTEGER NOT NULL, out_octets INTEGER NOT NULL,
	in_packets INTEGER NOT NULL, out_packets INTEGER NOT NULL,
	PRIMARY KEY (period, addr, protocol, port, peer, peer_port)
) WITHOUT ROWID;

CREATE TABLE web_user (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	name     VARCHAR(63) NOT NULL UNIQUE,
	hash     VARCHAR(128) NOT NULL, -- argon2id, crypto_pwhash_str() form
	role     VARCHAR(15) NOT NULL,  -- 'read' or 'admin'
	sessions INTEGER NOT NULL       -- raised to end every session of the user
);
-- Secrets and switches that programs keep for themselves (key of the session cookies).
CREATE TABLE setting (
	name  VARCHAR(31) PRIMARY KEY,
	value VARCHAR(255) NOT NULL
);

-- Alert rules are data. subject_kind: 'total', 'host', 'group', 'app'; subject: '', an address, a group id, an
-- application id. direction: 'in', 'out'. comparison: 'above', 'below'. window_s: 60 (now), 3600, 21600 seconds.
-- days: bit 0 Monday .. bit 6 Sunday; from_minute/to_minute: minutes of the local day, 0..1440.
CREATE TABLE alert (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	name         VARCHAR(63) NOT NULL UNIQUE,
	subject_kind VARCHAR(7) NOT NULL,
	subject      VARCHAR(45) NOT NULL,
	direction    VARCHAR(3) NOT NULL,
	comparison   VARCHAR(5) NOT NULL,
	rate_bps     INTEGER NOT NULL,
	window_s     INTEGER NOT NULL,
	days         INTEGER NOT NULL,
	from_minute  INTEGER NOT NULL,
	to_minute    INTEGER NOT NULL,
	enabled      INTEGER NOT NULL,
	firing       INTEGER NOT NULL, -- 1 after it fired until it recovered
	since        INTEGER NOT NULL  -- when `firing` last changed
);
CREATE TABLE alert_contact (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    VARCHAR(63) NOT NULL UNIQUE,
	kind    VARCHAR(7) NOT NULL,   -- 'email' or 'sms'
	address VARCHAR(255) NOT NULL
);
CREATE TABLE alert_contact_link (
	alert   INTEGER NOT NULL,
	contact INTEGER NOT NULL,
	PRIMARY KEY (alert, contact)
);
-- One row for each event ('fired', 'recovered'), one for each try to tell a contact ('sent', 'failed', 'given-up'), and one
-- when the aggregates were too old to judge by and when they no longer were ('stale', 'resumed': alert 0).
-- 'probe': something happened to the probe of that name; rate_bps is the newest probe_event that was told of.
CREATE TABLE alert_log (
	id       INTEGER PRIMARY KEY,
	at       INTEGER NOT NULL,
	alert    INTEGER NOT NULL,
	name     VARCHAR(63) NOT NULL, -- the rule's name then, so that the log outlives the rule
	event    VARCHAR(15) NOT NULL,
	rate_bps INTEGER NOT NULL,
	contact  VARCHAR(63) NOT NULL, -- '' unless it was told, or should have been
	detail   VARCHAR(255) NOT NULL
);
CREATE INDEX alert_log_at ON alert_log (at);
-- A message that a contact has not got yet: written with its event, gone when it was sent or given up. Ids are never used
-- twice: they identify the message to the receiver.
CREATE TABLE alert_delivery (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	event      INTEGER NOT NULL, -- alert_log.id
	alert      INTEGER NOT NULL,
	contact    INTEGER NOT NULL,
	event_at   INTEGER NOT NULL,
	attempts   INTEGER NOT NULL, -- tries that failed
	next_at    INTEGER NOT NULL,
	short_text VARCHAR(159) NOT NULL,
	long_text  VARCHAR(8191) NOT NULL,
	UNIQUE (event, contact)
);
