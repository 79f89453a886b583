#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Opens the HTML report in headless Chromium and checks what a reader sees. Speaks TAP.

usage: report_browser.py RUN PAGE MERGED BARE

RUN is the folder of the result, PAGE its report with a comparison, MERGED a report of two results
merged, BARE a report without embedded files. All come from fixtures/generate.py.
"""

import base64
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from webdriver import Browser, BrowserError  # noqa: E402

TAB, ENTER = "\ue004", "\ue007"
failed = 0


def check(name, expected, received):
    """One test: what was expected beside what was received when they differ."""
    global failed
    good = expected == received
    print("%s - %s" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        failed += 1
        print("# expected %r\n# received %r" % (expected, received), flush=True)


def open_page(browser, page):
    browser.log("browser")
    browser.log("performance")
    browser.open("file://" + page)
    if not browser.wait("return document.documentElement.dataset.ready === 'true'"):
        raise BrowserError("the page did not become ready: %r" % browser.log("browser"))
    browser.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def check_quiet(browser, what):
    """No message on the console, no request over any network."""
    check(what + ": nothing on the console", [], [e["message"] for e in browser.log("browser")])
    requests = []
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url.startswith(("http:", "https:", "ws:", "wss:", "ftp:")):
                requests.append(url)
    check(what + ": no request over the network", [], requests)


def counts_of(result):
    counts = {}
    for suite in result["suites"]:
        for test in suite["tests"]:
            counts[test["verdict"]] = counts.get(test["verdict"], 0) + 1
    return counts


def visible_rows(browser):
    return browser.run("return [...document.querySelectorAll('#verdict-table .row')]"
                       ".filter((r) => r.offsetParent !== null).map((r) => r.dataset.verdict)")


def check_verdicts(browser, result):
    counts = counts_of(result)
    total = sum(counts.values())
    heading = browser.run("return document.querySelector('h1').textContent")
    check("the heading counts", "%d of %d tests passed, 6 handoffs measured"
          % (counts["pass"], total), heading)
    chips = browser.run("return Object.fromEntries([...document.querySelectorAll("
                        "'#filter-verdicts label')].map((l) => [l.querySelector('input').value,"
                        " Number(l.textContent.match(/\\d+$/)[0])]))")
    check("the counts of verdicts are those of result.json", counts, chips)
    rows = visible_rows(browser)
    check("each test has a row with its verdict", counts, {v: rows.count(v) for v in set(rows)})
    row = browser.run("return [...document.querySelectorAll('#verdict-table .row')].find((r) => "
                      "r.textContent.includes('sequence-number-of-answer') && "
                      "r.dataset.verdict === 'fail').innerText")
    test = next(t for s in result["suites"] for t in s["tests"]
                if t["name"] == "sequence-number-of-answer" and t["verdict"] == "fail")
    for part in ("reason", "clause"):
        check("the row of a failing test shows its " + part, True, test[part] in row)


def check_filters(browser, result):
    counts = counts_of(result)
    total = sum(counts.values())
    browser.run("document.getElementById('filter-verdicts').scrollIntoView({block: 'center'})")
    browser.click("#filter-verdicts input[value=pass] + .badge")
    rows = visible_rows(browser)
    check("taking passes out leaves the others", (total - counts["pass"], 0),
          (len(rows), rows.count("pass")))
    status = browser.run("return document.getElementById('shown').textContent")
    check("the page says how many are shown", "%d of %d tests shown"
          % (total - counts["pass"], total), status)
    browser.click("#filter-verdicts input[value=pass] + .badge")
    browser.type("#filter-text", "openpana sigsegv")
    check("searching finds the crash of one implementation", ["crash"], visible_rows(browser))
    browser.type("#filter-text", "nothing has this")
    check("searching for what is not there finds nothing", [], visible_rows(browser))
    browser.run("const t = document.getElementById('filter-text'); t.value = '';"
                "t.dispatchEvent(new Event('input'))")
    browser.run("const s = document.getElementById('filter-sut'); s.value = 'pypana 1.0b2';"
                "s.dispatchEvent(new Event('change'))")
    pypana = next(s for s in result["suites"] if s["sut"]["name"] == "pypana")
    check("choosing an implementation shows its tests", len(pypana["tests"]),
          len(visible_rows(browser)))
    browser.run("const s = document.getElementById('filter-sut'); s.value = '';"
                "s.dispatchEvent(new Event('change'))")
    check("taking the filters off shows all again", total, len(visible_rows(browser)))


def check_detail(browser, result):
    """One failing test opened with the keyboard."""
    suite = next(i for i, s in enumerate(result["suites"]) if s["sut"]["name"] == "openpana")
    index = next(i for i, t in enumerate(result["suites"][suite]["tests"])
                 if t["name"] == "sequence-number-of-answer")
    test = result["suites"][suite]["tests"][index]
    number = sum(len(s["tests"]) for s in result["suites"][:suite]) + index + 1
    where = "#test-%d-detail" % number
    browser.run("document.querySelector('#test-%d .open').focus()" % number)
    browser.keys(ENTER)
    text = browser.run("return document.querySelector('%s').innerText" % where)
    for part in (test["purpose"], test["expected"][0], test["received"][0],
                 "%s:%d" % (test["file"], test["line"]), test["differs"][0]["field"]):
        check("opened by keyboard, the test shows \u201c%s\u201d" % part, True, part in text)
    labels = browser.run("return [...document.querySelectorAll('%s .step .label')]"
                         ".map((l) => l.textContent)" % where)
    check("the ladder has every message in order", [s["label"] for s in test["ladder"]], labels)
    arrows = browser.run("return [...document.querySelectorAll('%s .step .arrow')].map((a) => "
                         "[a.classList.contains('right'), a.getBoundingClientRect().width > 100])"
                         % where)
    check("each arrow points from its sender and is drawn",
          [[s["from"] == "tester", True] for s in test["ladder"]], arrows)
    lines = browser.run("return [...document.querySelectorAll('%s .step .at')]"
                        ".map((a) => a.firstChild.textContent)" % where)
    check("each message names its line", ["line %d" % s["line"] for s in test["ladder"]], lines)
    browser.run("document.querySelectorAll('%s .step summary')[1].focus()" % where)
    browser.keys(ENTER)
    fields = browser.run("return [...document.querySelectorAll('%s .step:nth-of-type(3) .fields tr')]"
                         ".filter((r) => r.offsetParent !== null).map((r) => "
                         "[...r.children].map((c) => c.textContent))" % where)
    check("a message opens to its decoded fields",
          [[f["name"], f["value"]] for f in test["ladder"][1]["fields"]], fields)
    href = browser.run("return document.querySelector('%s .downloads a').href" % where)
    with open(os.path.join(RUN, test["capture"]), "rb") as file:
        check("the capture can be saved, byte for byte", file.read(),
              base64.b64decode(href.split(",", 1)[1]))


def check_plots(browser, result):
    measurement = result["measurements"][0]
    for handoff in (h for h in measurement["handoffs"] if h["repetition"] == 1):
        name, packets = handoff["column"], handoff["packets"]
        marks = browser.run(
            "const p = document.querySelector('.sequence[data-column=' + arguments[0] + ']');"
            "return ['.sent', '.received', '.lost-mark', '.received.buffered', '.held']"
            ".map((c) => p.querySelectorAll('svg > g ' + c).length)", name)
        lost = sum(1 for p in packets if p["received_ms"] is None)
        held = sum(1 for p in packets if p.get("buffered"))
        check(name + ": the plot has each packet sent, received, lost and buffered",
              [len(packets), len(packets) - lost, lost, held, held], marks)
        block = browser.run(
            "const b = document.querySelector('.timeline .block[data-column=' + arguments[0] + ']');"
            "return [[...b.querySelectorAll('.phase')].map((p) => p.dataset.name).sort(),"
            " b.querySelectorAll('.packet').length, b.querySelectorAll('.event').length]", name)
        check(name + ": the time line has each phase, packet and event",
              [sorted(p["name"] for p in handoff["phases"]), len(packets),
               len(handoff["timeline"])], block)
    axes = browser.run("return document.querySelectorAll('.timeline .axis').length")
    check("both time lines stand on one axis", 1, axes)
    order = browser.run(
        "const bar = (c, n) => document.querySelector('.block[data-column=' + c + '] .phase[data-name='"
        " + n + ']').getBoundingClientRect();"
        "return [bar('prepared', 'T_auth').right < bar('prepared', 'T_assoc').left,"
        " bar('unprepared', 'T_auth').left > bar('unprepared', 'T_assoc').left]")
    check("prepared authenticates before the link-layer handoff, unprepared after", [True, True],
          order)


def check_zoom(browser):
    width = ("return document.querySelector('.block[data-column=prepared] .phase[data-name=T_assoc]')"
             ".getBoundingClientRect().width")
    before = browser.run(width)
    browser.run("document.querySelector('.timeline').scrollIntoView({block: 'center'})")
    browser.click(".timeline [data-value='100']")
    check("a closer look stretches the phases", True, browser.run(width) > 10 * before)
    browser.run("const s = document.querySelector('.repetition'); s.value = '2';"
                "s.dispatchEvent(new Event('change'))")
    browser.run("return new Promise((done) => setTimeout(done, 100))")
    check("another repetition can be chosen", 2,
          browser.run("return document.querySelectorAll('.sequence svg').length"))


def check_figures(browser, result):
    for column in result["measurements"][0]["columns"]:
        rows = browser.run(
            "const r = document.querySelector('[aria-label=\"Figures, ' + arguments[0] + '\"]');"
            "return [...r.querySelectorAll('tbody tr')].map((row) => [...row.children].slice(1, 3)"
            ".map((c) => c.textContent).concat([row.querySelector('.badge') ?"
            " row.querySelector('.badge').textContent : 'not documented',"
            " row.querySelectorAll('.strip .value').length]))", column["name"])
        expected = [["%g" % round(r["median"], 2),
                     "\u2013" if r["documented"] is None else "%g" % r["documented"],
                     r["word"], len(r["values"])] for r in column["rows"]]
        check(column["name"] + ": measured beside documented, the word, every run", expected, rows)


def check_tables(browser, result):
    rows = browser.run("return [...document.querySelectorAll('#coverage-table tbody tr')]"
                       ".map((r) => r.dataset.covered)")
    check("coverage lists every statement", ["true" if r["covered_by"] else "false"
                                             for r in result["coverage"]], rows)
    browser.run("document.querySelector('#coverage [data-value=open]').click()")
    check("coverage can be cut down to what is open",
          sum(1 for r in result["coverage"] if not r["covered_by"]),
          browser.run("return [...document.querySelectorAll('#coverage-table tbody tr')]"
                      ".filter((r) => r.offsetParent !== null).length"))
    cells = browser.run("return [...document.querySelectorAll('#matrix-table tbody tr')].map((r) => "
                        "[...r.querySelectorAll('td')].map((c) => c.textContent.trim()))")
    check("the matrix has suites by implementations",
          [["fail 16 of 18", "crash 12 of 18", "fail 12 of 18"], ["fail 4 of 6", "–", "–"]], cells)
    everyone = browser.run("return [...document.querySelectorAll('#matrix tbody th')].filter((t) => "
                           "t.textContent.includes('fails with every')).map((t) => "
                           "t.firstChild.textContent)")
    check("what fails with everyone is named", ["padding-is-not-counted"], everyone)
    with open(os.path.join(RUN, "result.json"), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    check("the digest is that of result.json", "sha256:" + digest,
          browser.run("return document.getElementById('digest').textContent"))
    text = browser.run("return document.getElementById('summary').innerText")
    check("the summary says what changed", True,
          "New failures" in text and "pci-is-answered" in text and "Changed figures" in text)
    words = browser.run("return [...document.querySelectorAll('#summary .lead li')].map((e) => "
                        "e.innerText)")
    check("an implementation tested as several things has a list of them",
          ["PANA authentication agent: 16 of 18 tests passed, 1 fails a MUST and 1 deviates from a "
           "SHOULD.", "PANA client: 4 of 6 tests passed, 1 fails a MUST and 1 does not apply."], words)
    check("the navigation has no scroll bar of its own", 0, browser.run(
        "const l = document.querySelector('nav ul'); return l.offsetHeight - l.clientHeight"))


def check_reading(browser):
    """Names for those who listen, contrast for those who look, keys for those without a mouse."""
    nameless = browser.run(
        "return [...document.querySelectorAll('button, a[href], input, select, svg[role=img], "
        "[role=region]')].filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || "
        "e.labels && e.labels.length)).map((e) => e.outerHTML.slice(0, 80))")
    check("every control and picture has a name", [], nameless)
    ids = browser.run("const all = [...document.querySelectorAll('[id]')].map((e) => e.id);"
                      "return all.filter((id, i) => all.indexOf(id) !== i)")
    check("no id stands twice", [], ids)
    for theme in ("light", "dark"):
        browser.run("document.documentElement.dataset.theme = arguments[0]", theme)
        low = browser.run(CONTRAST)
        check(theme + ": text stands out from its ground by 4.5:1", [], low)
    check("no script of a hostile text has run", None, browser.run("return window.owned || null"))
    check("the page is not wider than the window", True, browser.run(
        "return document.documentElement.scrollWidth <= innerWidth"))


CONTRAST = """
const channel = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255)
	+ 0.0722 * channel(b / 255);
const ground = (e) => {
	for (; e; e = e.parentElement) {
		const c = parse(getComputedStyle(e).backgroundColor);
		if (c.length < 4 || c[3] > 0)
			return c;
	}
	return [255, 255, 255];
};
const low = new Set();
for (const e of document.querySelectorAll('main *, header *, nav *, footer *')) {
	if (!e.innerText || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
		continue;
	const a = luminance(parse(getComputedStyle(e).color)), b = luminance(ground(e));
	const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	if (ratio < 4.5)
		low.add(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
}
return [...low];
"""


def main(page, merged, bare):
    with open(os.path.join(RUN, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    with Browser() as browser:
        open_page(browser, page)
        browser.keys(TAB)
        check("the first key leads past the navigation", "Skip to the results",
              browser.run("return document.activeElement.textContent"))
        check_verdicts(browser, result)
        check_filters(browser, result)
        check_detail(browser, result)
        check_plots(browser, result)
        check_zoom(browser)
        check_figures(browser, result)
        check_tables(browser, result)
        check_reading(browser)
        check_quiet(browser, "the page")
        open_page(browser, merged)
        check("merged: verdicts and handoffs on one page", "44 of 60 tests passed, 6 handoffs measured",
              browser.run("return document.querySelector('h1').textContent"))
        check("merged: both runs are listed", 2,
              browser.run("return document.querySelectorAll('#run tbody tr').length"))
        check("merged: every file can be saved", len(result["files"]),
              browser.run("return document.querySelectorAll('#file-table a[download]').length"))
        check_quiet(browser, "merged")
        open_page(browser, bare)
        check("without embedding, files are listed by path and digest",
              [0, len(result["files"]), True],
              browser.run("const t = document.getElementById('file-table');"
                          "return [t.querySelectorAll('a').length, t.tBodies[0].rows.length,"
                          " t.textContent.includes(arguments[0])]", result["files"][0]["sha256"]))
        check_quiet(browser, "without embedding")
    return failed != 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    RUN = sys.argv[1]
    try:
        sys.exit(main(*sys.argv[2:]))
    except (BrowserError, OSError) as error:
        print("not ok - the browser did what was asked\n# %s" % error)
        sys.exit(1)
