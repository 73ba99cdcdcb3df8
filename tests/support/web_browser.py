# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, for tests of the pages."""
import os

import netmon_e2e as e2e
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

WIDE, NARROW = 1280, 390
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
         "--disable-component-update", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


class Browser:
    def __init__(self, port, profile):
        self.base = f"http://127.0.0.1:{port}"
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver", log_path=os.devnull), options=options)
        self.driver.set_page_load_timeout(60)

    def quit(self):
        self.driver.quit()

    def size(self, width, dark=False):
        """A window of that width, light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 844, "deviceScaleFactor": 2 if width < 700 else 1, "mobile": width < 700})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, path):
        self.driver.get(self.base + path)

    @property
    def path(self):
        return self.driver.current_url[len(self.base):]

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return [element.text.strip() for element in self.all(selector)]

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def go(self, element):
        """Clicks what leads to another page (an element or a selector) and waits until that page is there."""
        self.js("window.leaving = true")
        (self.one(element) if isinstance(element, str) else element).click()
        self._wait()

    def enter(self, element):
        """Sends the form of an input, as the Enter key does."""
        self.js("window.leaving = true")
        element.send_keys("\n")
        self._wait()

    def _wait(self):
        e2e.wait_until(self._arrived, "the next page", 30)

    def _arrived(self):
        try:
            return self.js("return !window.leaving && document.readyState === 'complete'")
        except WebDriverException:
            return False

    def sign_in(self, user, password):
        self.open("/login")
        self.one("input[name=user]").send_keys(user)
        self.one("input[name=password]").send_keys(password)
        self.go("button[type=submit]")

    def overflow(self):
        """By how many pixels the page is wider than the window; elements that stick out of it without a scroll box."""
        return self.js("""
            const wide = document.documentElement.clientWidth;
            const out = [...document.querySelectorAll('main *, header *, footer *')].filter(e =>
                e.getBoundingClientRect().right > wide + 1 && !e.closest('.scroll, header nav') && !e.closest('svg') &&
                getComputedStyle(e).display !== 'none' && !e.classList.contains('skip'));
            return [document.documentElement.scrollWidth - wide, out.slice(0, 5).map(e => e.outerHTML.slice(0, 120))];
        """)

    def wait_images(self):
        """Waits for every image; a list of [address, natural width, shown width]."""
        return self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            Promise.all([...document.images].map(i => i.decode().catch(() => null))).then(() =>
                done([...document.images].map(i => [i.currentSrc, i.naturalWidth, i.getBoundingClientRect().width])));
        """)

    def complaints(self):
        """What the browser's console says: script errors, blocked content, files that are not there."""
        return [entry["message"] for entry in self.driver.get_log("browser")]
