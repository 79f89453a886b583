// SPDX-License-Identifier: Apache-2.0
// Sequence numbers over time around each handoff: a ring where a packet was sent, a dot where it
// was received, a line between them when a buffer held it, a cross when it was lost.

function drawSequences(handoffs) {
	const panels = el("div", {class: "panels"});
	let zoom = "around";
	const redraws = handoffs.map((handoff) => {
		const plot = el("div", {class: "sequence", "data-column": handoff.column});
		panels.append(plot);
		return redrawn(plot, (width) => sequenceSvg(plot, width, handoff, zoom));
	});
	return el("figure", {},
		el("div", {class: "controls"}, el("b", {}, "Sequence numbers over time"),
			choices("Stretch of time", [["around", "Around the handoff"], ["all", "Everything"]],
				zoom, (value) => {
					zoom = value;
					redraws.forEach((redraw) => redraw());
				}),
			el("ul", {class: "legend"}, legend("sent", "sent"), legend("received", "received"),
				legend("received buffered", "received after waiting in a buffer"),
				legend("lost-mark", "lost"), legend("copy", "received twice"))),
		panels);
}

function sequenceWords(h) {
	const lost = h.packets.filter(isLost).length, held = h.packets.filter(isHeld).length;
	return `${h.column}: ${plural(h.packets.length, "packet")} sent, ${lost} lost, ${held} held in `
		+ "a buffer.";
}

function sequenceSvg(plot, width, handoff, zoom) {
	const height = 300, margin = {top: 26, right: 10, bottom: 26, left: 44};
	const time = zoom === "all" ? extentOf(handoff) : disturbanceOf(handoff);
	const within = handoff.packets.filter((p) => p.sent_ms >= time[0] && p.sent_ms <= time[1]);
	const seen = within.length ? within : handoff.packets;
	const numbers = d3.extent(seen, (p) => p.seq);
	const x = d3.scale.linear().domain(time).range([margin.left, width - margin.right]);
	const y = d3.scale.linear().domain(seen.length ? [numbers[0] - 1, numbers[1] + 1] : [0, 1])
		.range([height - margin.bottom, margin.top]);
	plot.replaceChildren();
	const svg = d3.select(plot).append("svg").attr({height, role: "img",
		"aria-label": sequenceWords(handoff)});
	svg.append("text").attr({class: "title", x: 0, y: 12}).text(handoff.column);
	sequenceGrid(svg, x, y, width, height, margin);
	const clip = `clip-${Math.random().toString(36).slice(2)}`;
	svg.append("clipPath").attr("id", clip).append("rect").attr({x: margin.left, y: margin.top,
		width: Math.max(0, width - margin.left - margin.right),
		height: height - margin.top - margin.bottom});
	const inside = svg.append("g").attr("clip-path", `url(#${clip})`);
	const silence = silenceOf(handoff);
	inside.append("rect").attr({class: "silence", x: x(silence.from), y: margin.top,
		width: Math.max(0, x(silence.to) - x(silence.from)),
		height: height - margin.top - margin.bottom});
	inside.append("line").attr({class: "zero", x1: x(0), x2: x(0), y1: margin.top,
		y2: height - margin.bottom});
	sequenceMarks(inside, handoff, x, y, within.length > 150 ? 1.6 : 2.6);
}

function sequenceGrid(svg, x, y, width, height, margin) {
	svg.append("g").attr({class: "axis", transform: `translate(0,${height - margin.bottom})`})
		.call(axisMs(x, width - margin.left).outerTickSize(0));
	svg.append("g").attr({class: "axis", transform: `translate(${margin.left},0)`})
		.call(d3.svg.axis().scale(y).orient("left").ticks(6).tickFormat(d3.format("d"))
			.outerTickSize(0));
	svg.append("g").attr("class", "grid").selectAll("line").data(y.ticks(6)).enter()
		.append("line").attr({x1: margin.left, x2: width - margin.right, y1: y, y2: y});
}

function sequenceMarks(g, handoff, x, y, radius) {
	const packets = handoff.packets, arrived = packets.filter((p) => !isLost(p));
	g.selectAll(".held").data(packets.filter(isHeld)).enter().append("line").attr({
		class: "held", x1: (p) => x(p.sent_ms), x2: (p) => x(p.received_ms),
		y1: (p) => y(p.seq), y2: (p) => y(p.seq)});
	tipped(g.selectAll(".sent").data(packets).enter().append("circle").attr({
		class: "sent", cx: (p) => x(p.sent_ms), cy: (p) => y(p.seq), r: radius}), packetText);
	tipped(g.selectAll(".received").data(arrived).enter().append("circle").attr({
		class: (p) => `received${isHeld(p) ? " buffered" : ""}`,
		cx: (p) => x(p.received_ms), cy: (p) => y(p.seq), r: radius}), packetText);
	g.selectAll(".copy").data(packets.filter((p) => p.copies > 1)).enter().append("circle").attr({
		class: "copy", cx: (p) => x(p.received_ms), cy: (p) => y(p.seq), r: radius + 2.5});
	const arm = radius + 0.8;
	tipped(g.selectAll(".lost-mark").data(packets.filter(isLost)).enter().append("path").attr({
		class: "lost-mark", d: (p) => `M${x(p.sent_ms) - arm} ${y(p.seq) - arm}l${2 * arm} ${2 * arm}`
			+ `m0 ${-2 * arm}l${-2 * arm} ${2 * arm}`}), packetText);
}
