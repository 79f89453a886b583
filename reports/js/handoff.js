// SPDX-License-Identifier: Apache-2.0
// What the two plots of a handoff share: which packets count as what, and which handoff is shown.

function isLost(packet) {
	return packet.received_ms === null;
}

/** Packets held in a buffer, as the measurement says it. */
function isHeld(packet) {
	return packet.buffered === true;
}

/** The longest time between one arrival and the next: {from, to, length}, in ms. */
function silenceOf(handoff) {
	const arrivals = handoff.packets.filter((p) => !isLost(p)).map((p) => p.received_ms)
		.sort(d3.ascending);
	let best = {from: 0, to: 0, length: 0};
	for (let i = 1; i < arrivals.length; i++) {
		const length = arrivals[i] - arrivals[i - 1];
		if (length > best.length)
			best = {from: arrivals[i - 1], to: arrivals[i], length};
	}
	return best;
}

/** From the first thing that happens in a handoff to the last, in ms. */
function extentOf(handoff) {
	const times = handoff.phases.flatMap((p) => [p.start_ms, p.end_ms])
		.concat(handoff.timeline.map((e) => e.t_ms))
		.concat(handoff.packets.map((p) => p.sent_ms));
	return times.length ? d3.extent(times) : [-1, 1];
}

/** The disturbance: link-layer handoff, silence, lost and held packets, with a little around. */
function disturbanceOf(handoff) {
	const silence = silenceOf(handoff);
	const times = [0, silence.from, silence.to]
		.concat(handoff.phases.filter((p) => p.layer === "l2").flatMap((p) => [p.start_ms, p.end_ms]))
		.concat(handoff.packets.filter(isLost).map((p) => p.sent_ms))
		.concat(handoff.packets.filter(isHeld).flatMap((p) => [p.sent_ms, p.received_ms]));
	const [from, to] = d3.extent(times);
	const around = Math.max(60, 0.12 * (to - from));
	return [from - around, to + around];
}

function axisMs(scale, width) {
	return d3.svg.axis().scale(scale).orient("bottom").ticks(Math.max(3, Math.floor(width / 90)))
		.tickFormat((ms) => {
			const far = Math.max(...scale.domain().map(Math.abs)) >= 3000;
			return far ? `${number(ms / 1000)} s` : `${number(ms)} ms`;
		});
}

function packetText(p) {
	const lines = [`packet ${p.seq}`, `sent ${number(p.sent_ms)} ms`];
	if (isLost(p))
		lines.push("lost");
	else
		lines.push(`received ${number(p.received_ms)} ms`
			+ ` (${number(p.received_ms - p.sent_ms)} ms on its way)`);
	if (isHeld(p))
		lines.push("held in a buffer");
	if (p.copies > 1)
		lines.push(`${p.copies} copies`);
	return lines.join("\n");
}

function drawHandoffs() {
	const measured = result.measurements.filter((m) => (m.handoffs || []).length);
	return measured.length ? section("handoffs", "Handoffs", ...measured.map(drawMeasurement))
		: null;
}

/** One measurement: a choice of repetition for both plots, then the plots. */
function drawMeasurement(m) {
	const repetitions = [...new Set(m.handoffs.map((h) => h.repetition))].sort(d3.ascending);
	const shown = (n) => m.columns.map((c) => m.handoffs.find((h) => h.column === c.name
		&& h.repetition === n)).filter((h) => h);
	const body = el("div", {});
	const draw = (n) => body.replaceChildren(drawTimeline(m, shown(n)), drawSequences(shown(n)),
		drawEvents(shown(n)));
	draw(repetitions[0]);
	return el("div", {class: "measurement"},
		result.measurements.length > 1 ? el("h3", {}, m.title) : null,
		el("div", {class: "controls"},
			repetitions.length > 1 ? el("label", {}, "Repetition",
				el("select", {class: "repetition", onchange: (event) =>
					draw(Number(event.target.value))},
				repetitions.map((n) => el("option", {value: n}, n)))) : null,
			el("span", {}, `${m.clock} clock; 0 is the start of the link-layer handoff`)),
		body);
}

/** Phases, events and captures in figures. */
function drawEvents(handoffs) {
	return el("div", {}, handoffs.map((h) => el("details", {class: "more"},
		el("summary", {}, `${h.column}: phases and events in figures`),
		table({label: `Phases of the ${h.column} handoff`},
			["Phase", "Layer", el("th", {scope: "col", class: "num"}, "Start, ms"),
				el("th", {scope: "col", class: "num"}, "End, ms"),
				el("th", {scope: "col", class: "num"}, "Length, ms")],
			h.phases.map((p) => el("tr", {}, el("th", {scope: "row"}, p.name),
				el("td", {}, p.layer || ""), el("td", {class: "num"}, number(p.start_ms)),
				el("td", {class: "num"}, number(p.end_ms)),
				el("td", {class: "num"}, number(p.end_ms - p.start_ms))))),
		table({label: `Events of the ${h.column} handoff`},
			[el("th", {scope: "col", class: "num"}, "Time, ms"), "Node", "Event", "Detail"],
			h.timeline.map((e) => el("tr", {}, el("td", {class: "num"}, number(e.t_ms)),
				el("td", {}, e.node), el("td", {class: "mono"}, e.event),
				el("td", {class: "mono quiet"}, Object.entries(e.detail || {}).map(([k, v]) =>
					`${k}=${typeof v === "object" ? JSON.stringify(v) : v}`).join(" "))))),
		Object.keys(h.capture || {}).length ? el("ul", {class: "downloads"},
			Object.entries(h.capture).map(([node, name]) =>
				el("li", {}, fileLink(name, `capture at ${node}`)))) : null)));
}
