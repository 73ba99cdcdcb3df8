#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""xmpp-client.py NAME@DOMAIN PASSWORD plain|starttls ADDRESS: logs in, asks for the roster, writes to itself, leaves."""
import asyncio
import sys

import slixmpp


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", self.talk)
        self.add_event_handler("message", lambda _message: self.disconnect())
        self.add_event_handler("failed_auth", lambda _event: sys.exit("not let in"))

    async def talk(self, _event):
        self.send_presence()
        await self.get_roster()
        self.send_message(mto=self.boundjid.bare, mbody="is the link up again?")


def main():
    jid, password, security, address = sys.argv[1:5]
    client = Client(jid, password)
    client.connect((address, 5222), force_starttls=security == "starttls", disable_starttls=security == "plain")
    client.loop.run_until_complete(asyncio.wait_for(client.disconnected, 8))


if __name__ == "__main__":
    main()
