// SPDX-License-Identifier: Apache-2.0
// Measured figures beside the documented ones, with every single value.

/** Each run a dot, the documented value a bar, on a line of their own. */
function strip(row) {
	const values = row.values.filter((v) => v !== null);
	const all = values.concat(row.documented === null ? [] : [row.documented]);
	if (!values.length)
		return "";
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	const low = Math.min(0, d3.min(all)), high = Math.max(d3.max(all) * 1.08, low + 1);
	const x = d3.scale.linear().domain([low, high]).range([4, 146]);
	const s = d3.select(svg).attr({class: "strip", viewBox: "0 0 150 22", "aria-hidden": "true"});
	s.append("line").attr({class: "line", x1: 4, x2: 146, y1: 11, y2: 11});
	if (row.documented !== null)
		s.append("line").attr({class: "documented", x1: x(row.documented),
			x2: x(row.documented), y1: 3, y2: 19});
	s.selectAll("circle").data(values).enter().append("circle")
		.attr({class: "value", cx: x, cy: 11, r: 3.2});
	return svg;
}

function figureRow(row) {
	const values = row.values.filter((v) => v !== null).length;
	const spread = row.min !== null && number(row.min) !== number(row.max)
		? `${number(row.min)} to ${number(row.max)}` : "";
	return el("tr", {},
		el("th", {scope: "row"}, row.title || row.row, el("small", {class: "mono"}, row.row)),
		el("td", {class: "num big"}, number(row.median)),
		el("td", {class: "num"}, row.documented === null ? "–" : number(row.documented)),
		el("td", {class: "quiet"}, row.unit),
		el("td", {}, strip(row), el("small", {}, [spread, plural(values, "value")]
			.filter((t) => t).join(", "))),
		el("td", {}, word(row), row.explanation ? el("small", {}, row.explanation) : null));
}

function figureColumn(m, column) {
	const figure = data.figures[column.documented || m.documented];
	const num = (text) => el("th", {scope: "col", class: "num"}, text);
	return [el("h3", {}, column.name),
		figure ? el("p", {class: "quiet"}, `Beside ${figure.source}: ${figure.title}`,
			column.documented_column ? `, column ${column.documented_column}` : "", ".",
			figure.note ? ` Note of the source: ${figure.note}.` : "") : null,
		table({label: `Figures, ${column.name}`, class: "figures"},
			["", num("Measured"), num("Documented"), "", "Runs ● and documented ▎", ""],
			column.rows.map(figureRow))];
}

function drawFigures() {
	const measured = result.measurements.filter((m) => m.columns.length);
	if (!measured.length)
		return null;
	return section("figures", "Figures",
		el("p", {class: "quiet"}, "A figure is reproduced when the median of the runs lies within ",
			"20 % of the documented value, or within half a unit, which is the rounding of the ",
			"source, unless a row was measured with a tolerance of its own."),
		...measured.flatMap((m) => [
			measured.length > 1 ? el("h3", {}, m.title) : null,
			m.note ? el("p", {}, m.note) : null,
			...m.columns.flatMap((c) => figureColumn(m, c))]).filter((e) => e));
}
