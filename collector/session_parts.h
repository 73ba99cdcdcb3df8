/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the two halves of a session know of each other: session.c moves octets, session_frames.c knows what they mean. Nobody else
 * includes this.
 */
#ifndef NETMON_COLLECTOR_SESSION_PARTS_H
#define NETMON_COLLECTOR_SESSION_PARTS_H

#include "collector/session.h"

/* Its name for log lines. Names are printable by the protocol. */
const char *session_name(const struct session *s);
/* Its end has begun: what it sends is not looked at any more. */
bool session_is_ending(const struct session *s);

void session_send_hello_ack(struct session *s, enum frame_status status, const char *text);
void session_send_heartbeat(struct session *s);
/* Says no; the connection ends when the probe has the answer. */
void session_refuse(struct session *s, enum frame_status status, const char *why);

/* A frame of this type has to wait, because the writer has no room; the session is blocked then. */
bool session_must_wait(struct session *s, uint8_t type);
/* The frame that waited may be tried again. */
void session_unblock(struct session *s);
/* A whole frame, without its header. */
void session_take_frame(struct session *s, uint8_t type, const uint8_t *bytes, size_t len);

#endif
