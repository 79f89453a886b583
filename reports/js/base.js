// SPDX-License-Identifier: Apache-2.0
// What every part uses: the data, and making elements. Text from a result only ever becomes a text
// node or an attribute, never markup, since an implementation under test may say anything.

const data = JSON.parse(document.getElementById("data").textContent);
const result = data.result;

const VERDICTS = ["pass", "deviation", "fail", "crash", "inconclusive", "setup-failed",
	"cleanup-failed", "error", "unsupported", "not-applicable"];
const BAD = new Set(["fail", "crash", "inconclusive", "setup-failed", "cleanup-failed", "error"]);
const SIGNS = {
	"pass": "✓", "deviation": "△", "fail": "✕", "crash": "✸", "inconclusive": "?",
	"setup-failed": "⚙", "cleanup-failed": "⚙", "error": "!", "unsupported": "–",
	"not-applicable": "–", "reproduced": "=", "better": "↓", "worse": "↑",
};

/** An element: el("td", {class: "num"}, "text", otherElement). A handler is {onclick: f}. */
function el(tag, attributes, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value === true)
			element.setAttribute(name, "");
		else if (value !== false && value !== null && value !== undefined)
			element.setAttribute(name, value);
	}
	element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
	return element;
}

/** A number as a person reads it, like number_text() of the other views. */
function number(x) {
	if (x === null || x === undefined || !isFinite(x))
		return "n/a";
	const size = Math.abs(x);
	return String(Number(x.toFixed(size >= 100 ? 1 : size < 0.1 ? 3 : 2)));
}

/** A number of ms, in the unit that reads best. */
function duration(ms) {
	return Math.abs(ms) >= 1000 ? number(ms / 1000) + " s" : number(ms) + " ms";
}

function plural(n, one, many) {
	return `${n} ${n === 1 ? one : many || one + "s"}`;
}

function list(words) {
	return words.length < 2 ? words.join("")
		: words.slice(0, -1).join(", ") + " and " + words[words.length - 1];
}

function size(bytes) {
	const kib = bytes / 1024;
	return bytes < 1024 ? `${bytes} B` : kib < 1024 ? `${number(kib)} KiB`
		: `${number(kib / 1024)} MiB`;
}

function badge(verdict) {
	return el("span", {class: `badge v-${verdict}`, "data-sign": SIGNS[verdict]}, verdict);
}

/** The word for a figure; the arrow tells which way it lies, so it needs the row. */
function word(row) {
	if (row.word === "not documented")
		return el("span", {class: "quiet"}, "–");
	const above = row.median > row.documented;
	const sign = row.word === "reproduced" ? "=" : above ? "↑" : "↓";
	return el("span", {class: `badge w-${row.word}`, "data-sign": sign}, row.word);
}

function implementation(i) {
	return i.version ? `${i.name} ${i.version}` : i.name;
}

function suiteImplementation(suite) {
	return suite.peer ? `${implementation(suite.sut)} with ${implementation(suite.peer)}`
		: implementation(suite.sut);
}

function caseText(test) {
	return test.case ? Object.entries(test.case).map(([k, v]) => `${k}=${v}`).join(" ") : "";
}

/** Every test with its suite and its place in the page. */
const tests = result.suites.flatMap((suite) => suite.tests.map((test) => ({suite, test})));
tests.forEach((entry, i) => {
	entry.index = i;
	entry.id = `test-${i + 1}`;
	entry.sut = suiteImplementation(entry.suite);
});

function tally(entries) {
	const counts = {};
	for (const v of VERDICTS)
		counts[v] = entries.filter((e) => e.test.verdict === v).length;
	return counts;
}

/** A file of the evidence: a link to save it when the page holds it, else its path and why not. */
function fileLink(name, text) {
	const file = data.files[name];
	if (!file)
		return el("span", {class: "quiet"}, `${text || name} (not recorded)`);
	if (file.base64 === undefined)
		return el("span", {class: "quiet"}, `${text || name} (${file.state}: ${name})`);
	return el("a", {
		href: `data:application/octet-stream;base64,${file.base64}`,
		download: name.replaceAll("/", "-"),
	}, text || name);
}

function table(attributes, head, rows) {
	return el("div", {class: "scroll", tabindex: 0, role: "region",
		"aria-label": attributes.label},
	el("table", {id: attributes.id, class: attributes.class},
		attributes.caption ? el("caption", {}, attributes.caption) : null,
		el("thead", {}, el("tr", {}, head.map((h) => h instanceof Node ? h
			: el("th", {scope: "col"}, h)))),
		el("tbody", {}, rows)));
}

function section(id, title, ...children) {
	return el("section", {id, "aria-labelledby": `${id}-title`},
		el("h2", {id: `${id}-title`}, title), ...children);
}

/** A row of buttons of which one is pressed. */
function choices(label, options, chosen, choose) {
	const group = el("span", {class: "choices", role: "group", "aria-label": label});
	for (const [value, text] of options) {
		group.append(el("button", {type: "button", "aria-pressed": String(value === chosen),
			"data-value": value,
			onclick: (event) => {
				for (const b of group.children)
					b.setAttribute("aria-pressed", String(b === event.currentTarget));
				choose(value);
			}}, text));
	}
	return group;
}

/** The small text beside the pointer; the same text is a title for those who use none. */
const tip = el("div", {id: "tip", hidden: true, "aria-hidden": "true"});
function showTip(event, text) {
	tip.textContent = text;
	tip.hidden = false;
	const x = Math.min(event.pageX + 14,
		document.documentElement.clientWidth - tip.offsetWidth - 8);
	tip.style.left = `${x}px`;
	tip.style.top = `${event.pageY + 16}px`;
}
function tipped(selection, text) {
	selection.on("mousemove", (d, i) => showTip(d3.event, text(d, i)))
		.on("mouseout", () => { tip.hidden = true; });
	return selection;
}

/** Draws now, and again whenever the element's width changes. */
function redrawn(element, draw) {
	let last = 0;
	new ResizeObserver(() => {
		const width = Math.round(element.clientWidth);
		if (width && width !== last) {
			last = width;
			draw(width);
		}
	}).observe(element);
	return () => draw(last || Math.round(element.clientWidth) || 960);
}
