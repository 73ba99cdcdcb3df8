/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The modules of this tree as linked-in ones, for tests and fuzz targets.
 */
#ifndef NETMON_TESTS_ALL_MODULES_H
#define NETMON_TESTS_ALL_MODULES_H

#include <netmon/module.h>
#include <stddef.h>

extern const struct nm_module netmon_module_http;
extern const struct nm_module netmon_module_tls;
extern const struct nm_module netmon_module_dns;
extern const struct nm_module netmon_module_ssh;
extern const struct nm_module netmon_module_smtp;
extern const struct nm_module netmon_module_ftp;
extern const struct nm_module netmon_module_bittorrent;
extern const struct nm_module netmon_module_sip;
extern const struct nm_module netmon_module_icmp;
extern const struct nm_module netmon_module_imap;
extern const struct nm_module netmon_module_pop3;
extern const struct nm_module netmon_module_ipproto;
extern const struct nm_module netmon_module_bgp;
extern const struct nm_module netmon_module_l2tp;
extern const struct nm_module netmon_module_pptp;
extern const struct nm_module netmon_module_ipsec;
extern const struct nm_module netmon_module_smb;
extern const struct nm_module netmon_module_gnutella;
extern const struct nm_module netmon_module_telnet;
extern const struct nm_module netmon_module_rdp;
extern const struct nm_module netmon_module_snmp;
extern const struct nm_module netmon_module_ntp;
extern const struct nm_module netmon_module_dhcp;
extern const struct nm_module netmon_module_ldap;
extern const struct nm_module netmon_module_radius;
extern const struct nm_module netmon_module_kerberos;
extern const struct nm_module netmon_module_dcerpc;
extern const struct nm_module netmon_module_sunrpc;
extern const struct nm_module netmon_module_rtsp;
extern const struct nm_module netmon_module_socks;
extern const struct nm_module netmon_module_msn;
extern const struct nm_module netmon_module_icecast;
extern const struct nm_module netmon_module_syslog;
extern const struct nm_module netmon_module_ssdp;
extern const struct nm_module netmon_module_tftp;
extern const struct nm_module netmon_module_dtls;
extern const struct nm_module netmon_module_netflow;
extern const struct nm_module netmon_module_sql;
extern const struct nm_module netmon_module_nosql;
extern const struct nm_module netmon_module_messaging;
extern const struct nm_module netmon_module_stun;
extern const struct nm_module netmon_module_chat;
extern const struct nm_module netmon_module_desktop;
extern const struct nm_module netmon_module_sync;
extern const struct nm_module netmon_module_vpn;
extern const struct nm_module netmon_module_rtmp;
extern const struct nm_module netmon_module_routing;
extern const struct nm_module netmon_module_mobile;
extern const struct nm_module netmon_module_appserver;
extern const struct nm_module netmon_module_sigtran;
extern const struct nm_module netmon_module_scada;
extern const struct nm_module netmon_module_quic;
extern const struct nm_module netmon_module_aaa;
extern const struct nm_module netmon_module_storage;
extern const struct nm_module netmon_module_business;
extern const struct nm_module netmon_module_remote;
extern const struct nm_module netmon_module_voice;
extern const struct nm_module netmon_module_discovery;
extern const struct nm_module netmon_module_plc;
extern const struct nm_module netmon_module_overlay;
extern const struct nm_module netmon_module_monitoring;
extern const struct nm_module netmon_module_tpkt;
extern const struct nm_module netmon_module_messenger;
extern const struct nm_module netmon_module_cloud;
extern const struct nm_module netmon_module_measure;
extern const struct nm_module netmon_module_lansync;
extern const struct nm_module netmon_module_p2p;
extern const struct nm_module netmon_module_remotedesk;
extern const struct nm_module netmon_module_media;
extern const struct nm_module netmon_module_automation;
extern const struct nm_module netmon_module_building;
extern const struct nm_module netmon_module_medical;
extern const struct nm_module netmon_module_game_servers;
extern const struct nm_module netmon_module_game_engines;
extern const struct nm_module netmon_module_game_titles;
extern const struct nm_module netmon_module_game_networks;
extern const struct nm_module netmon_module_control;
extern const struct nm_module netmon_module_skeleton;

/* In the order of etc/modules, then a NULL. */
static const struct nm_module *const all_modules[] = {
	&netmon_module_http,
	&netmon_module_tls,
	&netmon_module_dns,
	&netmon_module_ssh,
	&netmon_module_smtp,
	&netmon_module_ftp,
	&netmon_module_bittorrent,
	&netmon_module_sip,
	&netmon_module_icmp,
	&netmon_module_imap,
	&netmon_module_pop3,
	&netmon_module_ipproto,
	&netmon_module_bgp,
	&netmon_module_l2tp,
	&netmon_module_pptp,
	&netmon_module_ipsec,
	&netmon_module_smb,
	&netmon_module_gnutella,
	&netmon_module_telnet,
	&netmon_module_rdp,
	&netmon_module_snmp,
	&netmon_module_ntp,
	&netmon_module_dhcp,
	&netmon_module_ldap,
	&netmon_module_radius,
	&netmon_module_kerberos,
	&netmon_module_dcerpc,
	&netmon_module_sunrpc,
	&netmon_module_rtsp,
	&netmon_module_socks,
	&netmon_module_msn,
	&netmon_module_icecast,
	&netmon_module_syslog,
	&netmon_module_ssdp,
	&netmon_module_tftp,
	&netmon_module_dtls,
	&netmon_module_netflow,
	&netmon_module_sql,
	&netmon_module_nosql,
	&netmon_module_messaging,
	&netmon_module_stun,
	&netmon_module_chat,
	&netmon_module_desktop,
	&netmon_module_sync,
	&netmon_module_vpn,
	&netmon_module_rtmp,
	&netmon_module_routing,
	&netmon_module_mobile,
	&netmon_module_appserver,
	&netmon_module_sigtran,
	&netmon_module_scada,
	&netmon_module_quic,
	&netmon_module_aaa,
	&netmon_module_storage,
	&netmon_module_business,
	&netmon_module_remote,
	&netmon_module_voice,
	&netmon_module_discovery,
	&netmon_module_plc,
	&netmon_module_overlay,
	&netmon_module_monitoring,
	&netmon_module_tpkt,
	&netmon_module_messenger,
	&netmon_module_cloud,
	&netmon_module_measure,
	&netmon_module_lansync,
	&netmon_module_p2p,
	&netmon_module_remotedesk,
	&netmon_module_media,
	&netmon_module_automation,
	&netmon_module_building,
	&netmon_module_medical,
	&netmon_module_game_servers,
	&netmon_module_game_engines,
	&netmon_module_game_titles,
	&netmon_module_game_networks,
	&netmon_module_control,
	NULL,
};

#endif
