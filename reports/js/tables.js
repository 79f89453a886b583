// SPDX-License-Identifier: Apache-2.0
// Coverage of the specifications, implementations side by side, and the list of evidence.

/** The worst verdict of the tests that cover a statement: what is known about it. */
function coveredVerdict(requirement) {
	const names = new Set(requirement.covered_by);
	const seen = tests.filter((e) => names.has(`${e.suite.name}/${e.test.name}`))
		.map((e) => e.test.verdict);
	const order = ["crash", "fail", "error", "setup-failed", "cleanup-failed", "inconclusive",
		"deviation", "pass", "unsupported", "not-applicable"];
	return order.find((v) => seen.includes(v)) || null;
}

function coverageSummary(requirements) {
	const rows = [];
	for (const document of [...new Set(requirements.map((r) => r.document))]) {
		const of = requirements.filter((r) => r.document === document);
		for (const level of [...new Set(of.map((r) => r.level))]) {
			const at = of.filter((r) => r.level === level);
			const covered = at.filter((r) => r.covered_by.length).length;
			rows.push(el("tr", {}, el("th", {scope: "row"}, document), el("td", {}, level),
				el("td", {class: "num"}, `${covered} of ${at.length}`),
				el("td", {}, el("div", {class: "bar", "aria-hidden": "true"},
					el("span", {class: "covered", style: `flex: ${covered}`}),
					el("span", {class: "v-unsupported", style: `flex: ${at.length - covered}`})))));
		}
	}
	return table({label: "Coverage by document and level"}, ["Document", "Level",
		el("th", {scope: "col", class: "num"}, "Covered"), ""], rows);
}

function coverageRow(r) {
	const verdict = coveredVerdict(r);
	const first = (name) => tests.find((e) => `${e.suite.name}/${e.test.name}` === name);
	const link = (name) => first(name) ? el("a", {href: `#${first(name).id}`}, name) : name;
	const row = el("tr", {},
		el("td", {class: "where"}, `${r.document} ${r.section}`, el("small", {class: "mono"}, r.id)),
		el("td", {}, r.level), el("td", {}, r.text),
		el("td", {}, r.covered_by.length ? r.covered_by.map((name) => el("div", {}, link(name)))
			: el("span", {class: "quiet"}, r.why_not || "not covered, no reason given")),
		el("td", {}, verdict ? badge(verdict) : el("span", {class: "quiet"},
			r.covered_by.length ? "not run" : "not covered")));
	row.dataset.covered = String(r.covered_by.length > 0);
	return row;
}

function drawCoverage() {
	const requirements = result.coverage;
	if (!requirements.length)
		return null;
	const covered = requirements.filter((r) => r.covered_by.length).length;
	const body = table({label: "Statements", id: "coverage-table"},
		["Section", "Level", "Statement", "Covered by", "Worst verdict"], requirements.map(coverageRow));
	const show = (which) => {
		for (const row of body.querySelectorAll("tbody tr"))
			row.hidden = which === "open" && row.dataset.covered === "true";
	};
	return section("coverage", "Coverage",
		el("p", {}, `${covered} of ${plural(requirements.length, "normative statement")} `
			+ `${covered === 1 ? "is" : "are"} covered by a test.`),
		coverageSummary(requirements),
		el("div", {class: "controls"}, choices("Which statements", [["all", "All statements"],
			["open", "Only those not covered"]], "all", show)),
		body);
}

function matrixCell(cell, suite, sut) {
	if (!cell)
		return el("td", {class: "quiet"}, "–");
	return el("td", {}, badge(cell.verdict), " ",
		el("a", {href: "#verdicts", onclick: () => showOnly(suite, sut)},
			`${cell.passed} of ${cell.total}`));
}

/** Sets the filters of the verdicts to one suite and implementation. */
function showOnly(suite, sut) {
	for (const [key, value] of [["suite", suite], ["sut", sut]]) {
		const select = document.getElementById(`filter-${key}`);
		filter[key] = select ? value : "";
		if (select)
			select.value = value;
	}
	applyFilter();
}

/** Tests on which the implementations do not agree, and those that fail with everyone. */
function disagreements(suite) {
	const of = tests.filter((e) => e.suite.name === suite);
	const suts = data.matrix.suts.filter((s) => of.some((e) => e.sut === s));
	const rows = [];
	if (suts.length < 2)
		return null;
	for (const title of [...new Set(of.map((e) => `${e.test.name} ${caseText(e.test)}`.trim()))]) {
		const same = of.filter((e) => `${e.test.name} ${caseText(e.test)}`.trim() === title);
		const verdicts = new Set(same.map((e) => e.test.verdict));
		const everyone = same.length > 1 && same.every((e) => BAD.has(e.test.verdict));
		if (verdicts.size < 2 && !everyone)
			continue;
		rows.push(el("tr", {}, el("th", {scope: "row"}, title, everyone
			? el("small", {}, "fails with every implementation: look at the test too") : null),
		suts.map((sut) => {
			const entry = same.find((e) => e.sut === sut);
			return el("td", {}, entry ? el("a", {href: `#${entry.id}`}, badge(entry.test.verdict))
				: "–");
		})));
	}
	return rows.length ? [el("h3", {}, `${suite}: where they differ`),
		table({label: `Differences in ${suite}`}, ["Test", ...suts], rows)] : null;
}

function drawMatrix() {
	const matrix = data.matrix;
	if (!matrix)
		return null;
	return section("matrix", "Interoperability",
		el("p", {class: "quiet"}, "Suites by implementations; a cell shows the worst verdict and ",
			"how many tests passed."),
		table({label: "Suites by implementations", id: "matrix-table"}, ["Suite", ...matrix.suts],
			matrix.rows.map((row) => el("tr", {}, el("th", {scope: "row"}, row.suite),
				row.cells.map((cell, i) => matrixCell(cell, row.suite, matrix.suts[i]))))),
		...matrix.rows.flatMap((row) => disagreements(row.suite) || []));
}

/** The sign of a verdict, with the word for those who hear the page. */
function sign(verdict) {
	return el("span", {class: `badge v-${verdict}`, "data-sign": SIGNS[verdict]},
		el("span", {class: "skip"}, verdict));
}

/** What the signs of a table say, of the verdicts that it has. */
function signs(pairs) {
	const seen = new Set(pairs.flatMap((pair) => pair.cells.filter((c) => c).map((c) => c.verdict)));
	return el("p", {class: "quiet"}, VERDICTS.filter((v) => seen.has(v)).flatMap((v) => [badge(v), " "]));
}

/** Two implementations that met: pairs by tests, a cell leads to the test and says why in its title. */
function pairsTable(of) {
	const cell = (c) => c ? el("td", {title: c.reason || null},
		el("a", {href: `#test-${c.test}`}, sign(c.verdict))) : el("td", {class: "quiet"}, "");
	const passed = (pair) => pair.cells.filter((c) => c && c.verdict === "pass").length;
	return [el("h3", {}, of.title || of.suite),
		el("p", {class: "quiet"}, Object.entries(of.versions).map(([name, version]) =>
			version ? `${name}: ${version}` : name).join("; ")),
		table({label: `Pairs of ${of.suite}`, id: `pairs-${of.suite.replace(/\W+/g, "-")}`},
			["Begins", "Answers", ...of.tests, el("th", {scope: "col", class: "num"}, "Passed")],
			of.pairs.map((pair) => el("tr", {},
				el("th", {scope: "row"}, pair.sut), el("th", {scope: "row"}, pair.peer),
				pair.cells.map(cell), el("td", {class: "num"},
					`${passed(pair)} of ${pair.cells.filter((c) => c).length}`)))),
		signs(of.pairs), everyPair(of)];
}

/** Tests that no pair passes: the test may be at fault. */
function everyPair(of) {
	const names = of.tests.filter((name, i) => of.pairs.length > 1
		&& of.pairs.every((pair) => pair.cells[i] && BAD.has(pair.cells[i].verdict)));
	return names.length ? el("p", {}, `With every pair these fail, which may be the test's fault: ${names.join(", ")}.`)
		: null;
}

function drawPairs() {
	return data.pairs ? section("pairs", "Who works with whom", el("p", {class: "quiet"},
		"A row is a pair: who begins, and who answers. A cell leads to what crossed the wire."),
	...data.pairs.flatMap(pairsTable)) : null;
}

function drawEvidence() {
	const files = result.files;
	const rows = files.map((f) => el("tr", {}, el("td", {class: "mono"}, fileLink(f.name)),
		el("td", {class: "num"}, size(f.size)), el("td", {class: "mono quiet digest"}, f.sha256)));
	const body = table({label: "Files", id: "file-table"}, ["File",
		el("th", {scope: "col", class: "num"}, "Size"), "SHA-256"], rows);
	const held = files.filter((f) => data.files[f.name].base64 !== undefined).length;
	return section("evidence", "Evidence",
		el("p", {}, files.length ? `${plural(files.length, "file")}, of which this page holds ${held}. `
			: "", "The digest below is over ", el("code", {}, "result.json"), ", which lists the ",
		"digest of every file, so it stands for all of it: ", el("code", {}, "sha256sum result.json"),
		" and ", el("code", {}, "baton report --check"), " verify it."),
		el("p", {class: "mono digest", id: "digest"}, `sha256:${data.digest}`),
		files.length > 8 ? el("details", {class: "more"}, el("summary", {}, "All files"), body)
			: files.length ? body : null);
}

function drawRun() {
	const runs = result.merged || [result];
	return section("run", "Run", table({label: "Runs"}, ["Started", "Command", "Where", "Took"],
		runs.map((r) => el("tr", {},
			el("td", {class: "where"}, r.started),
			el("td", {class: "mono"}, (r.command || []).join(" "),
				r.interrupted ? el("small", {}, `not complete: ${r.interrupted}`) : null),
			el("td", {}, `Linux ${r.host.kernel} ${r.host.machine}, ${r.host.clock} clock`,
				el("small", {}, `baton ${r.baton.version}`
					+ (r.baton.commit && r.baton.commit !== r.baton.version
						? `, commit ${r.baton.commit}` : ""))),
			el("td", {class: "num"}, `${number(r.duration_s)} s`)))));
}
