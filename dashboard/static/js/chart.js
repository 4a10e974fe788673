// One field of one lift over the last hour, as a line and in a sentence.
// Markup: a .panel with select[data-chart-field], [data-chart] and [data-chart-words].
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const served = Number(document.querySelector('meta[name="server-time"]')?.content ?? Date.now());
const offset = served - Date.now();
const WHOLE = new Set(["floor", "load_kg"]); // half a floor is nowhere
const NARROWEST = 300_000;
const MARGIN = 15_000;

function say({ box, choice, sentence }, points, clock) {
  const values = points.map((point) => point.last);
  const short = (value) => String(Math.round(value * 100) / 100);
  const facts = points.length
    ? { low: short(Math.min(...values)), high: short(Math.max(...values)), last: short(values.at(-1)), time: clock.format(new Date(points.at(-1).at)) }
    : null;
  sentence.textContent = facts
    ? sentence.dataset.words.replace(/\{(\w+)\}/g, (_, name) => facts[name])
    : box.dataset.empty;
  box.setAttribute("aria-label", `${choice.selectedOptions[0].textContent}: ${sentence.textContent}`);
}

async function draw(chart, parts) {
  const { box, choice, sentence } = parts;
  const to = new Date(Date.now() + offset);
  const from = new Date(to - 3600000);
  const field = choice.value;
  const query = new URLSearchParams({ field, from: from.toISOString(), to: to.toISOString(), step: box.dataset.step });
  const answer = await fetch(`/api/v1/lifts/${box.dataset.code}/history?${query}`).catch(() => null);
  if (field !== choice.value) return; // another one was chosen meanwhile
  if (!answer?.ok) {
    sentence.textContent = sentence.dataset.failed;
    return;
  }
  const { points } = await answer.json();
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: box.dataset.zone, hour: "2-digit", minute: "2-digit" });
  say(parts, points, clock);
  // What was heard fills the width, however little of the hour that is.
  const first = points.length ? new Date(points[0].at).getTime() : from.getTime();
  const begins = Math.max(from.getTime(), Math.min(first - MARGIN, to - NARROWEST));
  chart.setOption({
    animation: false,
    grid: { left: 48, right: 24, top: 16, bottom: 32 },
    graphic: points.length ? [] : [{ type: "text", left: "center", top: "middle", style: { text: box.dataset.empty, fill: colour("--muted"), fontSize: 14 } }],
    xAxis: { type: "time", min: begins, max: to.getTime(), axisLabel: { color: colour("--muted"), hideOverlap: true, formatter: (value) => clock.format(value) } },
    yAxis: { type: "value", scale: true, minInterval: WHOLE.has(field) ? 1 : 0, axisLabel: { color: colour("--muted") }, splitLine: { lineStyle: { color: colour("--line") } } },
    tooltip: { trigger: "axis", renderMode: "richText" },
    series: [{ name: choice.selectedOptions[0].textContent, type: "line", step: "end", showSymbol: points.length < 3, color: colour("--accent"), data: points.map((point) => [new Date(point.at).getTime(), point.last]) }],
  }, { notMerge: true });
}

function begin(box) {
  const panel = box.closest(".panel");
  const choice = panel.querySelector("[data-chart-field]");
  const sentence = panel.querySelector("[data-chart-words]");
  const chart = window.echarts.init(box);
  const again = () => draw(chart, { box, choice, sentence });
  again();
  choice.addEventListener("change", again);
  setInterval(again, 10000);
  addEventListener("resize", () => chart.resize());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
if (window.echarts) document.querySelectorAll("[data-chart]").forEach(begin);
