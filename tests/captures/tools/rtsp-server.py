#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""rtsp-server.py ADDRESS PORT LOW-HIGH: GStreamer's RTSP server with a tone at /tone; RTP leaves from ports LOW to HIGH."""
import sys

import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  (found through the lines above)


def main():
    address, port, ports = sys.argv[1:4]
    low, high = map(int, ports.split("-"))
    Gst.init(None)
    pool = GstRtspServer.RTSPAddressPool.new()
    pool.add_range(address, address, low, high, 0)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch("( audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay0 pt=0 )")
    factory.set_address_pool(pool)
    server = GstRtspServer.RTSPServer.new()
    server.set_address(address)
    server.set_service(port)
    server.get_mount_points().add_factory("/tone", factory)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
