// SPDX-License-Identifier: Apache-2.0
// The ladder diagram of a test: a line down for each side, an arrow for each message. A message
// opens to its decoded fields.

/** The tester and who is tested, where the tester took part; else whoever did, in their order. */
function ladderSides(entry) {
	const sides = entry.suite.peer ? [] : ["tester", "sut"];
	for (const step of entry.test.ladder)
		for (const side of [step.from, step.to])
			if (!sides.includes(side))
				sides.push(side);
	return sides;
}

/** Two that met are called by their roles in the ladder, and by role and name here. */
function sideName(side, entry) {
	if (side === "sut")
		return entry.suite.sut.name;
	if (!entry.suite.peer)
		return side;
	const met = [entry.suite.sut, entry.suite.peer].find((one) => (one.role || "").endsWith(side));
	return met ? `${side}: ${met.name}` : side;
}

function lifelines(n) {
	const line = (i) => "linear-gradient(var(--rule-strong), var(--rule-strong)) "
		+ `${100 * i / (n - 1)}% 0 / 1px 100% no-repeat`;
	return `background: ${d3.range(n).map(line).join(", ")}`;
}

function ladderStep(entry, step, before, sides) {
	const n = sides.length;
	const from = sides.indexOf(step.from), to = sides.indexOf(step.to);
	const left = 100 * Math.min(from, to) / (n - 1), right = 100 - 100 * Math.max(from, to) / (n - 1);
	const decides = BAD.has(entry.test.verdict) && step.line === entry.test.line;
	const direction = to >= from ? "right" : "left";
	const place = `left: ${left}%; right: ${right}%`;
	const line = el("div", {class: "line"},
		el("span", {class: "time"}, `${step.t.toFixed(4)} s`,
			before === null ? null : el("small", {}, `+${number(1000 * (step.t - before))} ms`)),
		el("span", {class: "wire", style: lifelines(n)},
			el("span", {class: "label", style: place}, step.label),
			el("span", {class: `arrow ${direction}`, style: place}),
			step.note ? el("span", {class: "note", style: place}, step.note) : null),
		el("span", {class: "at"}, step.line ? `line ${step.line}` : "",
			step.packet ? el("small", {}, `packet ${step.packet}`) : null));
	const spoken = el("span", {class: "skip"}, `${sideName(step.from, entry)} to `
		+ `${sideName(step.to, entry)}: `);
	line.querySelector(".wire").prepend(spoken);
	const fields = step.fields || [];
	return el("li", {class: decides ? "step decides" : "step"}, fields.length
		? el("details", {}, el("summary", {}, line), ladderFields(fields)) : line);
}

function ladderFields(fields) {
	return el("div", {class: "fields"}, el("table", {}, el("tbody", {}, fields.map((f) =>
		el("tr", {}, el("th", {scope: "row", class: "quiet"}, f.name),
			el("td", {class: "mono"}, f.value))))));
}

function drawLadder(entry) {
	const steps = entry.test.ladder || [];
	if (!steps.length)
		return null;
	const sides = ladderSides(entry);
	const heads = el("li", {class: "heads", "aria-hidden": "true"}, el("div", {class: "line"},
		el("span", {}), el("span", {class: "wire", style: lifelines(sides.length)},
			sides.map((side, i) => el("b", {class: i && i + 1 < sides.length ? "middle" : null},
				sideName(side, entry)))), el("span", {})));
	return el("div", {}, el("h4", {}, `Messages (${steps.length})`),
		el("ol", {class: "ladder", "aria-label": "Messages"}, heads, steps.map((step, i) =>
			ladderStep(entry, step, i ? steps[i - 1].t : null, sides))));
}
