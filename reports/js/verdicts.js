// SPDX-License-Identifier: Apache-2.0
// The table of verdicts: filters above, one line a test, its evidence below it when opened.

const filter = {verdicts: new Set(VERDICTS), suite: "", sut: "", text: ""};

function searchText(entry) {
	const t = entry.test;
	return [t.name, caseText(t), t.purpose, t.reason, t.clause, entry.suite.name, entry.sut,
		`${t.file}:${t.line}`, ...(t.covers || []).map((c) => `${c.document} ${c.section}`)]
		.join("\n").toLowerCase();
}

function matches(entry) {
	return filter.verdicts.has(entry.test.verdict)
		&& (!filter.suite || entry.suite.name === filter.suite)
		&& (!filter.sut || entry.sut === filter.sut)
		&& filter.text.split(/\s+/).every((w) => entry.search.includes(w));
}

function applyFilter() {
	let shown = 0;
	for (const entry of tests) {
		const visible = matches(entry);
		shown += visible;
		entry.row.hidden = !visible;
		entry.detail.hidden = !visible || !isOpen(entry);
	}
	document.getElementById("shown").textContent = `${shown} of ${plural(tests.length, "test")} shown`;
}

function isOpen(entry) {
	return entry.button.getAttribute("aria-expanded") === "true";
}

function setOpen(entry, open) {
	if (open && !entry.detail.firstChild.firstChild)
		entry.detail.firstChild.append(drawDetail(entry));
	entry.button.setAttribute("aria-expanded", String(open));
	entry.detail.hidden = !open;
}

function drawFilters() {
	const counts = tally(tests);
	const chip = (v) => el("label", {}, el("input", {type: "checkbox", checked: true, value: v,
		onchange: (event) => {
			filter.verdicts[event.target.checked ? "add" : "delete"](v);
			applyFilter();
		}}), el("span", {class: `badge v-${v}`, "data-sign": SIGNS[v]}, `${v} ${counts[v]}`));
	const select = (label, key, values) => values.length < 2 ? null : el("label", {}, label,
		el("select", {id: `filter-${key}`, onchange: (event) => {
			filter[key] = event.target.value;
			applyFilter();
		}}, el("option", {value: ""}, "all"), values.map((v) => el("option", {value: v}, v))));
	const search = el("input", {type: "search", id: "filter-text", placeholder: "name, reason, clause …",
		oninput: (event) => {
			filter.text = event.target.value.trim().toLowerCase();
			applyFilter();
		}});
	return el("div", {class: "controls"},
		el("fieldset", {class: "chips", id: "filter-verdicts"}, el("legend", {}, "Verdicts"),
			VERDICTS.filter((v) => counts[v]).map(chip)),
		select("Suite", "suite", [...new Set(tests.map((e) => e.suite.name))]),
		select("Implementation", "sut", [...new Set(tests.map((e) => e.sut))]),
		el("label", {}, "Search", search),
		el("span", {id: "shown", role: "status"}));
}

function drawRow(entry) {
	const t = entry.test, parameters = caseText(t);
	entry.search = searchText(entry);
	entry.button = el("button", {type: "button", class: "open", "aria-expanded": "false",
		"aria-controls": `${entry.id}-detail`}, t.name,
	parameters ? el("span", {class: "case"}, ` ${parameters}`) : null);
	entry.row = el("tr", {class: "row", id: entry.id, "data-verdict": t.verdict,
		onclick: (event) => {
			if (!event.target.closest("a"))
				setOpen(entry, !isOpen(entry));
		}},
	el("td", {}, badge(t.verdict), t.flaky ? [" ", el("span", {class: "badge flaky"}, "flaky")] : null),
	el("td", {}, entry.button, el("small", {}, entry.suite.name)),
	el("td", {}, entry.sut),
	el("td", {class: "reason"}, t.reason || el("span", {class: "quiet"}, t.purpose || "")),
	el("td", {class: "where"}, t.clause || ""));
	entry.detail = el("tr", {class: "detail", id: `${entry.id}-detail`, hidden: true},
		el("td", {colspan: 5}));
	return [entry.row, entry.detail];
}

function evidenceTable(t) {
	if (!(t.differs || []).length)
		return null;
	return el("table", {class: "differs"},
		el("thead", {}, el("tr", {}, ["Field", "Expected", "Received"].map((h) =>
			el("th", {scope: "col"}, h)))),
		el("tbody", {}, t.differs.map((d) => el("tr", {}, el("th", {scope: "row"}, d.field),
			el("td", {class: "mono expected"}, d.expected),
			el("td", {class: "mono received"}, d.received)))));
}

/** The command for one cell of a matrix. */
function againWords(entry) {
	const {name, sut, peer} = entry.suite;
	return peer && name.startsWith("interop/") ? `baton interop ${name.slice(8)} --again `
		+ `--only '${sut.name}:${peer.name}/${entry.test.name}'` : "";
}

function drawDetail(entry) {
	const t = entry.test;
	const pair = (name, value) => value && value.length ? [el("dt", {}, name), el("dd", {}, value)] : [];
	const texts = (lines) => (lines || []).map((line) => el("div", {class: "mono"}, line));
	const covers = (t.covers || []).map((c) => `${c.document} ${c.section} ${c.level || ""}`.trim());
	return el("div", {class: "panel"},
		t.purpose ? el("p", {class: "lead"}, t.purpose) : null,
		el("dl", {class: "pairs"},
			pair("Reason", t.reason), pair("Clause", t.clause),
			pair("Suite", el("span", {class: "mono"}, `${t.file}:${t.line}`).textContent),
			pair("Covers", covers.join(", ")), pair("Case", caseText(t)),
			pair("Expected", texts(t.expected)), pair("Received", texts(t.received)),
			pair("Run again", againWords(entry)),
			pair("Took", t.duration_s === undefined ? ""
				: `${number(t.duration_s)} s${t.attempts > 1 ? `, ${t.attempts} attempts` : ""}`)),
		evidenceTable(t), drawLadder(entry),
		t.capture || t.keylog || t.log ? el("ul", {class: "downloads"},
			t.capture ? el("li", {}, fileLink(t.capture, "capture")) : null,
			t.keylog ? el("li", {}, fileLink(t.keylog, "key log")) : null,
			t.log ? el("li", {}, fileLink(t.log, "log of the implementation")) : null) : null);
}

function drawVerdicts() {
	if (!tests.length)
		return null;
	const order = (e) => BAD.has(e.test.verdict) ? 0 : e.test.verdict === "deviation" ? 1 : 2;
	const sorted = tests.slice().sort((a, b) => order(a) - order(b) || a.index - b.index);
	return section("verdicts", "Verdicts", drawFilters(),
		table({label: "Verdicts", id: "verdict-table"},
			["Verdict", "Test", "Implementation", "Reason", "Clause"], sorted.flatMap(drawRow)));
}
