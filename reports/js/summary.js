// SPDX-License-Identifier: Apache-2.0
// The top of the page: what was tested, in words, and the two tables that answer most questions.

function headline() {
	const counts = tally(tests);
	const parts = [];
	if (tests.length)
		parts.push(`${counts.pass} of ${plural(tests.length, "test")} passed`);
	const n = d3.sum(result.measurements.filter((m) => (m.handoffs || []).length),
		(m) => d3.sum(m.columns, (c) => c.repetitions));
	if (n)
		parts.push(`${plural(n, "handoff")} measured`);
	const moves = d3.sum(result.measurements.filter((m) => !(m.handoffs || []).length),
		(m) => d3.sum(m.columns, (c) => c.repetitions));
	if (moves)
		parts.push(`${plural(moves, "move")} measured`);
	return parts.length ? parts.join(", ") : "Nothing was tested";
}

function facts() {
	const host = result.host;
	const fact = (label, value) => el("li", {}, `${label} `, el("b", {}, value));
	return el("ul", {class: "facts"},
		fact("ran", result.started.replace("T", " ").replace("Z", " UTC")),
		fact("for", `${number(result.duration_s)} s`),
		fact("on", `Linux ${host.kernel} ${host.machine}${host.guest ? ", guest" : ""}`),
		fact("clock", host.clock),
		fact("baton", result.baton.version));
}

function drawHeader() {
	const root = document.documentElement;
	const dark = () => root.dataset.theme === "dark";
	const toggle = el("button", {type: "button", class: "plain", id: "theme", onclick: () => {
		root.dataset.theme = dark() ? "light" : "dark";
		toggle.textContent = dark() ? "Light" : "Dark";
	}});
	root.dataset.theme =
		matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
	toggle.textContent = dark() ? "Light" : "Dark";
	document.getElementById("top").append(
		el("div", {class: "kicker"}, el("span", {}, el("b", {}, "Baton"), " report"), toggle),
		el("h1", {}, headline()), facts());
	let onScreen = root.dataset.theme;
	addEventListener("beforeprint", () => {
		onScreen = root.dataset.theme;
		root.dataset.theme = "light";
	});
	addEventListener("afterprint", () => {
		root.dataset.theme = onScreen;
	});
}

/** "16 of 18 tests passed; 1 deviates from a SHOULD; 1 fails a MUST." */
function verdictWords(counts, total) {
	const words = [`${counts.pass} of ${plural(total, "test")} passed`];
	const say = (verdict, one, many) => {
		if (counts[verdict])
			words.push(`${counts[verdict]} ${counts[verdict] === 1 ? one : many}`);
	};
	say("fail", "fails a MUST", "fail a MUST");
	say("crash", "made it crash", "made it crash");
	say("deviation", "deviates from a SHOULD", "deviate from a SHOULD");
	say("inconclusive", "proved nothing", "proved nothing");
	say("setup-failed", "could not be set up", "could not be set up");
	say("cleanup-failed", "could not be cleaned up", "could not be cleaned up");
	say("error", "failed through the tester itself", "failed through the tester itself");
	say("unsupported", "is not supported", "are not supported");
	say("not-applicable", "does not apply", "do not apply");
	return `${list(words)}.`;
}

/** What a suite is about, without its part of it: "PANA agent" of "PANA agent: termination". */
function subjectOf(suite) {
	return suite.title ? suite.title.split(":")[0] : suite.name.replace(/\/[^/]*$/, "");
}

/** The values of a list in groups, in the order in which their keys come first. */
function grouped(values, key) {
	const groups = new Map();
	for (const value of values)
		groups.set(key(value), (groups.get(key(value)) || []).concat(value));
	return [...groups];
}

/** Of implementations that met: a sentence a matrix. The table of pairs has the rest. */
function metWords() {
	return grouped(tests.filter((e) => e.suite.peer), (e) => e.suite.name).map(([, entries]) => {
		const pairs = new Set(entries.map((e) => e.suite)).size;
		return el("p", {}, el("b", {}, subjectOf(entries[0].suite)), `, ${plural(pairs, "pair")} of who begins `,
			`and who answers: ${verdictWords(tally(entries), entries.length)}`);
	});
}

/** For each implementation what it was tested as: a sentence, or a list of them. */
function testedWords() {
	return grouped(tests.filter((e) => !e.suite.peer), (e) => e.sut).flatMap(([sut, ofSut]) => {
		const said = grouped(ofSut, (e) => subjectOf(e.suite)).map(([subject, entries]) => {
			const suites = new Set(entries.map((e) => e.suite)).size;
			return `${subject}${suites > 1 ? ` (${suites} suites)` : ""}: ${
				verdictWords(tally(entries), entries.length)}`;
		});
		return said.length === 1 ? el("p", {}, el("b", {}, sut), ` as ${said[0]}`)
			: [el("p", {}, el("b", {}, sut), " as"),
				el("ul", {}, said.map((text) => el("li", {}, text)))];
	});
}

/** What the measured handoffs say, column by column. */
function handoffWords() {
	return result.measurements.flatMap((m) => m.columns.map((column) => {
		const handoffs = (m.handoffs || []).filter((h) => h.column === column.name
			&& h.packets.length);
		if (!handoffs.length)
			return null;
		const middle = (values) => d3.median(values);
		const silence = middle(handoffs.map((h) => silenceOf(h).length));
		const lost = middle(handoffs.map((h) => h.packets.filter(isLost).length));
		const copies = d3.sum(handoffs, (h) => d3.sum(h.packets, (p) => Math.max(0, p.copies - 1)));
		return el("p", {}, el("b", {}, `${column.name[0].toUpperCase()}${column.name.slice(1)}`),
			`: the receiver heard nothing for ${duration(silence)}, `,
			`${plural(lost, "packet")} lost, ${copies ? copies : "none"} duplicated`,
			handoffs.length > 1 ? ` (medians of ${handoffs.length} handoffs).` : ".");
	}));
}

function suiteRow(suite) {
	const entries = tests.filter((e) => e.suite === suite);
	const counts = tally(entries);
	const seen = VERDICTS.filter((v) => counts[v]);
	const others = seen.filter((v) => v !== "pass");
	return el("tr", {},
		el("th", {scope: "row"}, suite.name, suite.title ? el("small", {}, suite.title) : null),
		el("td", {}, suiteImplementation(suite),
			suite.sut.role ? el("small", {}, `as ${suite.sut.role}`) : null),
		el("td", {class: "num"}, `${counts.pass} of ${entries.length}`),
		el("td", {}, el("div", {class: "bar", "aria-hidden": "true"}, seen.map((v) =>
			el("span", {class: `v-${v}`, style: `flex: ${counts[v]}`})))),
		el("td", {}, others.map((v) => [badge(`${v}`), ` ${counts[v]}  `])));
}

/** "L2 handoff, ms", but not "Packets lost, packets". */
function withUnit(title, unit) {
	return unit && !title.toLowerCase().includes(unit.toLowerCase()) ? `${title}, ${unit}` : title;
}

/** Measured, documented and the word, a group of columns for each way of doing the handoff. */
function comparisonTable(m) {
	const find = (column, title) => column.rows.find((r) => (r.title || r.row) === title);
	const rows = [];
	for (const column of m.columns)
		for (const row of column.rows)
			if (!rows.some((r) => r.title === (row.title || row.row)))
				rows.push({title: row.title || row.row, unit: row.unit,
					shared: m.columns.filter((c) => find(c, row.title || row.row)).length});
	rows.sort((a, b) => b.shared - a.shared);
	const head = [el("td", {})].concat(m.columns.map((column) => {
		const figure = data.figures[column.documented || m.documented];
		return el("th", {scope: "colgroup", colspan: 3, class: "group"}, column.name,
			el("small", {}, plural(column.repetitions, "run"),
				figure ? `, beside ${figure.source}` : "",
				column.documented_column ? `, ${column.documented_column}` : ""));
	}));
	const num = (text, group) => el("th", {scope: "col", class: `num ${group}`}, text);
	const sub = m.columns.flatMap(() => [num("measured", "group"), num("documented", ""),
		el("th", {})]);
	const cells = (row) => row ? [
		el("td", {class: "num big group"}, number(row.median)),
		el("td", {class: "num quiet"}, row.documented === null ? "–" : number(row.documented)),
		el("td", {}, word(row))]
		: [el("td", {class: "group"}), el("td", {}), el("td", {})];
	return el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": m.title},
		el("table", {class: "comparison"},
			el("caption", {}, `${m.title}, ${m.clock} clock`),
			el("thead", {}, el("tr", {}, head), el("tr", {class: "sub"}, el("td", {}), sub)),
			el("tbody", {}, rows.map(({title, unit}) => el("tr", {},
				el("th", {scope: "row"}, withUnit(title, unit)),
				m.columns.flatMap((column) => cells(find(column, title))))))));
}

/** The same for an experiment of many columns: a line each, what was measured over what is documented. */
function overview(m) {
	const figures = [];
	for (const column of [...m.columns].sort((a, b) => b.rows.length - a.rows.length))
		for (const row of column.rows)
			if (!figures.some((f) => f.row === row.row))
				figures.push(row);
	// What only a column or two have is read there, unless it is documented.
	const having = (f) => m.columns.flatMap((c) => c.rows.filter((r) => r.row === f.row));
	const shared = figures.filter((f) => 2 * having(f).length >= m.columns.length
		|| having(f).some((r) => r.documented !== null));
	const cell = (column, figure) => {
		const row = column.rows.find((r) => r.row === figure.row);
		if (!row)
			return el("td", {class: "num quiet"}, "–");
		return el("td", {class: "num"}, el("b", {}, number(row.median)),
			row.documented === null ? null
				: el("small", {class: `w-${row.word}`}, `doc. ${number(row.documented)}`));
	};
	return table({label: m.title, class: "overview", caption: `${m.title}, ${m.clock} clock`},
		["", ...shared.map((f) => el("th", {scope: "col", class: "num"}, f.title || f.row,
			el("small", {}, f.unit)))],
		m.columns.map((c) => el("tr", {}, el("th", {scope: "row"}, c.name),
			shared.map((f) => cell(c, f)))));
}

/** What holds of several columns together. */
function findings(m) {
	const signs = {"holds": "✓", "does not hold": "✕", "not measured": "–"};
	const colours = {"holds": "pass", "does not hold": "fail", "not measured": "unsupported"};
	return el("ul", {class: "findings"}, m.findings.map((f) => el("li", {},
		el("span", {class: `badge v-${colours[f.verdict]}`, "data-sign": signs[f.verdict]}, f.verdict),
		" ", f.text)));
}

function comparisonWords() {
	const c = data.comparison;
	if (!c)
		return null;
	const item = (e) => el("li", {}, `${e.suite}/${e.test}: `, e.was ? badge(e.was) : "new", " → ",
		e.now ? badge(e.now) : "gone", e.reason ? ` ${e.reason}` : "");
	const figure = (e) => el("li", {}, `${e.column}, ${e.row}: ${number(e.was)} → `,
		`${number(e.now)} ${e.unit} (${e.word_was} → ${e.word_now})`);
	const lists = [["new_failures", "New failures"], ["fixed", "Fixed"],
		["still_failing", "Still failing"], ["changed", "Changed"], ["added", "Added"],
		["gone", "Gone"]];
	return [el("h3", {id: "comparison"}, `Against ${c.against} of ${c.started}`),
		c.new_failures.length ? null : el("p", {}, "No new failures."),
		lists.filter(([key]) => c[key].length).map(([key, title]) => [
			el("h4", {}, title), el("ul", {}, c[key].map(item))]),
		c.figures.length ? [el("h4", {}, "Changed figures"),
			el("ul", {}, c.figures.map(figure))] : null].flat(3);
}

function drawSummary() {
	const bad = tests.filter((e) => BAD.has(e.test.verdict));
	const alone = result.suites.filter((s) => !s.peer);
	return section("summary", "Summary",
		result.interrupted ? el("p", {class: "notice"}, el("b", {}, "Not complete: "),
			result.interrupted) : null,
		el("div", {class: "lead"}, ...testedWords(), ...metWords(), ...handoffWords().filter((p) => p)),
		...result.measurements.filter((m) => m.columns.length).flatMap((m) => [
			m.columns.length > 4 ? overview(m) : comparisonTable(m),
			m.findings ? findings(m) : null]),
		alone.length ? table({label: "Suites", id: "suites"},
			["Suite", "Implementation", el("th", {scope: "col", class: "num"}, "Passed"), "", ""],
			alone.map(suiteRow)) : null,
		bad.length ? el("p", {}, `${plural(bad.length, "test")} to look into: `,
			bad.slice(0, 12).flatMap((e, i) => [i ? ", " : "",
				el("a", {href: `#${e.id}`}, e.suite.peer
					? `${e.suite.sut.name} to ${e.suite.peer.name}, ${e.test.name}` : e.test.name)]),
			bad.length > 12 ? ", …" : ".") : null,
		...(comparisonWords() || []));
}
