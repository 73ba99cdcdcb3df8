# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's mail server: what netmon-alert sends lands as files in a folder."""
from aiosmtpd.controller import Controller


class Keep:
    """Writes each message to FOLDER/NUMBER.eml."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server, _session, envelope):  # the name is aiosmtpd's
        self.count += 1
        (self.folder / f"{self.count:04d}.eml").write_bytes(envelope.content)
        return "250 kept"


def start(folder, port):
    """A server on 127.0.0.1 in a thread of its own; .stop() ends it."""
    folder.mkdir()
    controller = Controller(Keep(folder), hostname="127.0.0.1", port=port)
    controller.start()
    return controller
