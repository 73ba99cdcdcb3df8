/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The handlers behind the router's table (routes in web.c). Each returns the HTTP status and fills *resp; with a status
 * of 400 and above it may leave the body empty and say why in resp->reason: the dispatcher draws the error page. A
 * negative return is an error of the store, for which the dispatcher answers 503. Handlers run inside one read
 * transaction of the store, except those of public pages.
 */
#ifndef NETMON_WEB_PAGES_H
#define NETMON_WEB_PAGES_H

#include "web/web.h"

typedef int page_handler(struct web *web, const struct request *req, struct response *resp);

/* page_usage.c: totals, group, application, group and application, host, what is Unknown at a host */
page_handler page_total, page_group, page_app, page_group_app, page_host, page_host_unknown;
page_handler page_groups;                             /* page_groups.c */
page_handler page_search;                             /* page_search.c */
page_handler page_alerts;                             /* page_alerts.c */
page_handler page_probes;                             /* page_probes.c */
page_handler page_graph;                              /* page_graph.c */
page_handler page_login, page_sign_in, page_sign_out; /* page_login.c */
page_handler page_static;                             /* page_static.c */

#endif
