// Clock rings: the share of a time limit that has passed, drawn anew every second.
// Markup: svg[data-ring-from][data-ring-until] (milliseconds) with a circle.passed of pathLength 100.

const served = Number(document.querySelector('meta[name="server-time"]')?.content ?? Date.now());
const offset = served - Date.now();
const NEARLY = 0.75;

function turn() {
  for (const ring of document.querySelectorAll("[data-ring-until]")) {
    const from = Number(ring.dataset.ringFrom);
    const whole = Number(ring.dataset.ringUntil) - from;
    const share = whole > 0 ? Math.min(Math.max((Date.now() + offset - from) / whole, 0), 1) : 1;
    ring.querySelector(".passed").setAttribute("stroke-dasharray", `${(share * 100).toFixed(1)} 100`);
    ring.classList.toggle("warn", share >= NEARLY && share < 1);
    ring.classList.toggle("danger", share >= 1);
  }
}
turn();
setInterval(turn, 1000);
