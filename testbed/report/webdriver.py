# SPDX-License-Identifier: Apache-2.0
"""A small WebDriver client (W3C WebDriver, over HTTP and JSON) for headless Chromium.

Only what the tests of the report need; nothing but Python's own library.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class BrowserError(Exception):
    """The browser could not do what it was asked to."""


class Browser:
    """One headless Chromium with a profile of its own, gone when the with-block ends."""

    def __init__(self, width=1280, height=1000):
        self.profile = tempfile.mkdtemp(prefix="baton-browser-")
        self.driver = None
        self.session = None
        try:
            self._start(width, height)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self, width, height):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = "http://127.0.0.1:%d" % port
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=%d" % port], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=self.profile))
        self._await_driver()
        arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--hide-scrollbars",
            "--user-data-dir=" + os.path.join(self.profile, "profile"),
            "--window-size=%d,%d" % (width, height),
        ]
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        }}})
        self.session = answer["sessionId"]

    def _await_driver(self):
        for _ in range(150):
            if self.driver.poll() is not None:
                raise BrowserError("chromedriver ended at once")
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise BrowserError("chromedriver is not ready after 15 s")

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise BrowserError("%s: %s" % (value["error"], value["message"])) from None

    def _do(self, method, path, body=None):
        return self._call(method, "/session/%s%s" % (self.session, path), body)

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    def run(self, script, *args):
        """The value that a script returns."""
        return self._do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, seconds=10):
        """Waits until the script returns something true; returns that."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value or time.monotonic() > end:
                return value
            time.sleep(0.05)

    def find(self, selector):
        return self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._do("POST", "/element/%s/click" % self.find(selector), {})

    def type(self, selector, text):
        element = self.find(selector)
        self._do("POST", "/element/%s/clear" % element, {})
        self._do("POST", "/element/%s/value" % element, {"text": text})

    def keys(self, *keys):
        """Presses and releases keys, one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def log(self, kind):
        """Entries of a log ("browser", "performance") since the last call."""
        return self._do("POST", "/se/log", {"type": kind})

    def command(self, name, **params):
        """A command of the Chrome DevTools Protocol."""
        return self._do("POST", "/goog/cdp/execute", {"cmd": name, "params": params})

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self._do("GET", "/screenshot")))

    def close(self):
        if self.session:
            try:
                self._do("DELETE", "")
            except (OSError, BrowserError):
                pass
            self.session = None
        if self.driver:
            self.driver.terminate()
            try:
                self.driver.wait(10)
            except subprocess.TimeoutExpired:
                self.driver.kill()
                self.driver.wait()
            self.driver = None
        shutil.rmtree(self.profile, ignore_errors=True)
