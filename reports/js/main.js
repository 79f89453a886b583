// SPDX-License-Identifier: Apache-2.0
// Puts the page together.

function drawNavigation(sections) {
	const links = sections.map((s) => el("a", {href: `#${s.id}`}, s.querySelector("h2").textContent));
	document.getElementById("nav").append(el("ul", {}, links.map((a) => el("li", {}, a))));
	const seen = new IntersectionObserver((entries) => {
		for (const entry of entries)
			entry.target.dataset.seen = entry.isIntersecting ? "1" : "";
		const first = sections.findIndex((s) => s.dataset.seen);
		links.forEach((a, i) => i === first ? a.setAttribute("aria-current", "true")
			: a.removeAttribute("aria-current"));
	}, {rootMargin: "-15% 0px -60% 0px"});
	sections.forEach((s) => seen.observe(s));
}

/** A link to a test opens it, whatever the filters say. */
function openTarget() {
	const entry = tests.find((e) => `#${e.id}` === location.hash);
	if (!entry)
		return;
	setOpen(entry, true);
	entry.row.hidden = false;
	entry.row.scrollIntoView();
	entry.button.focus({preventScroll: true});
}

/** On paper what did not pass is open. */
function openForPrint() {
	for (const entry of tests)
		if (!entry.row.hidden && (BAD.has(entry.test.verdict) || entry.test.verdict === "deviation"))
			setOpen(entry, true);
}

drawHeader();
const sections = [drawSummary(), drawPairs(), drawHandoffs(), drawFigures(), drawVerdicts(), drawCoverage(),
	drawMatrix(), drawEvidence(), drawRun()].filter((s) => s);
document.getElementById("main").append(...sections);
document.body.append(tip);
drawNavigation(sections);
if (tests.length)
	applyFilter();
document.getElementById("foot").append(el("p", {}, `${data.name} · baton ${result.baton.version} · `,
	"this page holds everything it shows and asks nothing of the network · charts drawn with d3"));
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", openForPrint);
openTarget();
document.documentElement.dataset.ready = "true";
