// SPDX-License-Identifier: Apache-2.0
// The time lines of the handoffs, one above the other on one axis, so that it shows what was moved
// to before the link-layer handoff and how long the traffic rested.

const LANES = [["l2", "link layer"], ["l3", "network"], ["tunnel", "tunnel"], ["buffer", "buffer"]];
const LANE_HEIGHT = 26;
const LEFT = 96;

function lanesOf(handoff) {
	return LANES.filter(([layer]) => handoff.phases.some((p) => (p.layer || "l3") === layer));
}

function blockHeight(handoff) {
	return 26 + lanesOf(handoff).length * LANE_HEIGHT + 44 + 26;
}

function drawTimeline(m, handoffs) {
	const figure = el("figure", {class: "timeline"});
	const plot = el("div", {});
	let zoom = "all";
	const redraw = redrawn(plot, (width) => timelineSvg(plot, width, handoffs, zoom));
	figure.append(
		el("div", {class: "controls"}, el("b", {}, "Time lines"),
			choices("Stretch of time", [["all", "Everything"], ["1000", "± 1 s"],
				["100", "± 100 ms"]], zoom, (value) => {
				zoom = value;
				redraw();
			}),
			el("ul", {class: "legend"},
				legend("packet", "packet received"),
				legend("packet buffered", "held in a buffer"), legend("packet lost", "lost"))),
		plot,
		el("figcaption", {}, "Bars are phases, diamonds are events of the nodes, strokes are ",
			"packets. The tinted stretch is the longest time in which the receiver heard ",
			"nothing."));
	return figure;
}

function legend(mark, text) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("aria-hidden", "true");
	const s = d3.select(svg);
	if (mark.startsWith("packet"))
		s.append("line").attr({class: mark, x1: 7, x2: 7, y1: 1, y2: 13}).style("stroke-width", 2);
	else if (mark.startsWith("lost"))
		s.append("path").attr({class: mark, d: "M3 3L11 11M11 3L3 11"});
	else
		s.append("circle").attr({class: mark, cx: 7, cy: 7, r: 3.5});
	return el("li", {}, svg, text);
}

function timelineDomain(handoffs, zoom) {
	if (zoom !== "all")
		return [-Number(zoom), Number(zoom)];
	const extents = handoffs.map(extentOf);
	return [d3.min(extents, (e) => e[0]), d3.max(extents, (e) => e[1])];
}

function timelineSvg(plot, width, handoffs, zoom) {
	const height = d3.sum(handoffs, blockHeight) + 34;
	const x = d3.scale.linear().domain(timelineDomain(handoffs, zoom)).range([LEFT, width - 8]);
	plot.replaceChildren();
	const svg = d3.select(plot).append("svg").attr({height, role: "img",
		"aria-label": handoffs.map(timelineWords).join(" ")});
	const clip = `clip-${Math.random().toString(36).slice(2)}`;
	svg.append("clipPath").attr("id", clip).append("rect")
		.attr({x: LEFT, y: 0, width: Math.max(0, width - 8 - LEFT), height});
	let top = 0;
	for (const handoff of handoffs) {
		timelineBlock(svg.append("g").attr({transform: `translate(0,${top})`,
			class: "block", "data-column": handoff.column}), handoff, x, clip, width);
		top += blockHeight(handoff);
	}
	svg.append("line").attr({class: "zero", x1: x(0), x2: x(0), y1: 22, y2: height - 30});
	svg.append("g").attr({class: "axis", transform: `translate(0,${height - 30})`})
		.call(axisMs(x, width - LEFT).outerTickSize(0));
}

function timelineWords(h) {
	const phases = h.phases.map((p) => `${p.name} from ${number(p.start_ms)} to ${number(p.end_ms)}`);
	return `${h.column}: ${phases.join(", ")} ms; nothing received for `
		+ `${duration(silenceOf(h).length)}.`;
}

function timelineBlock(g, handoff, x, clip, width) {
	const lanes = lanesOf(handoff);
	const bottom = 26 + lanes.length * LANE_HEIGHT;
	const inside = g.append("g").attr("clip-path", `url(#${clip})`);
	drawSilence(g, inside, handoff, x, bottom);
	g.append("text").attr({class: "title", x: 0, y: 14}).text(handoff.column);
	lanes.forEach(([layer, title], i) => {
		const y = 26 + i * LANE_HEIGHT;
		g.append("text").attr({class: "quiet", x: 0, y: y + 15}).text(title);
		drawPhases(inside, handoff.phases.filter((p) => (p.layer || "l3") === layer), layer, x, y,
			width);
	});
	g.append("text").attr({class: "quiet", x: 0, y: bottom + 14}).text("events");
	drawEventMarks(inside, handoff, x, bottom + 10);
	g.append("text").attr({class: "quiet", x: 0, y: bottom + 38}).text("packets");
	drawTicks(inside, handoff, x, bottom + 24);
}

function drawSilence(g, inside, handoff, x, bottom) {
	const silence = silenceOf(handoff);
	if (!silence.length)
		return;
	const [from, to] = x.range();
	const a = Math.max(from, x(silence.from)), b = Math.min(to, x(silence.to));
	const text = `nothing received for ${duration(silence.length)}`;
	inside.append("rect").attr({class: "silence", x: x(silence.from), y: 20, height: bottom + 26,
		width: Math.max(1.5, x(silence.to) - x(silence.from))});
	const label = g.append("text").attr({class: "silence-text", y: 14}).text(text);
	const space = label.node().getComputedTextLength();
	label.attr("x", Math.max(from + 70, Math.min((a + b) / 2 - space / 2, to - space)));
}

function drawPhases(g, phases, layer, x, y, width) {
	const sorted = phases.slice().sort((a, b) => a.start_ms - b.start_ms);
	const [left, right] = x.range();
	let free = left;
	sorted.forEach((p, i) => {
		const from = x(p.start_ms), to = Math.max(x(p.end_ms), from + 2);
		const bar = g.append("rect").datum(p).attr({class: `phase ${layer}`, x: from, y: y + 3,
			width: Math.max(1.5, to - from - 0.5), height: 16, rx: 2, "data-name": p.name});
		bar.append("title").text(`${p.name}: ${duration(p.end_ms - p.start_ms)}`);
		tipped(bar, () => `${p.name}\n${number(p.start_ms)} to ${number(p.end_ms)} ms\n`
			+ duration(p.end_ms - p.start_ms));
		if (to < left || from > right)
			return;
		const label = g.append("text").attr({class: "inside", y: y + 15}).text(p.name);
		const need = label.node().getComputedTextLength() + 8;
		const seen = [Math.max(from, left), Math.min(to, right)];
		const next = i + 1 < sorted.length ? x(sorted[i + 1].start_ms) : width;
		if (seen[1] - seen[0] >= need) {
			label.attr("x", (seen[0] + seen[1] - need) / 2 + 4);
			free = to;
		} else if (next - to >= need && to + need <= right) {
			label.attr({class: "outside", x: to + 4});
			free = to + need;
		} else if (from - free >= need) {
			label.attr({class: "outside", x: from - need + 4});
			free = to;
		} else {
			label.remove();
			free = to;
		}
	});
}

function drawEventMarks(g, handoff, x, y) {
	for (const e of handoff.timeline) {
		const mark = g.append("path").attr({class: "event",
			d: `M${x(e.t_ms)} ${y - 5}l5 5l-5 5l-5 -5z`, "data-event": e.event});
		const text = `${e.node}: ${e.event}`;
		mark.append("title").text(`${text}, ${number(e.t_ms)} ms`);
		tipped(mark, () => `${text}\n${number(e.t_ms)} ms`);
	}
}

function drawTicks(g, handoff, x, y) {
	const marks = g.selectAll(".packet").data(handoff.packets).enter().append("line").attr({
		class: (p) => `packet${isLost(p) ? " lost" : isHeld(p) ? " buffered" : ""}`,
		x1: (p) => x(isLost(p) ? p.sent_ms : p.received_ms),
		x2: (p) => x(isLost(p) ? p.sent_ms : p.received_ms),
		y1: y, y2: y + 18,
	});
	tipped(marks, packetText);
}
