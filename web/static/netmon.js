/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows times in the viewer's zone. Every page is whole without it. */
(function () {
	"use strict";
	var format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
	var times = document.querySelectorAll("time[datetime]");
	for (var i = 0; i < times.length; i++) {
		var at = new Date(times[i].getAttribute("datetime"));
		if (!isNaN(at)) {
			times[i].title = times[i].textContent;
			times[i].textContent = format.format(at);
		}
	}
	var zone = document.querySelector("footer .zone");
	if (zone && times.length)
		if (Intl.DateTimeFormat().resolvedOptions().timeZone !== "UTC")
			zone.textContent = " in graphs and " + Intl.DateTimeFormat().resolvedOptions().timeZone + " in texts";
})();
