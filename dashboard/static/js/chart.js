// One field of one lift over the last hour.
const box = document.querySelector("[data-chart]");
const choice = document.querySelector("[data-chart-field]");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function draw(chart) {
  const to = new Date();
  const from = new Date(to - 3600000);
  const query = new URLSearchParams({ field: choice.value, from: from.toISOString(), to: to.toISOString(), step: box.dataset.step });
  const answer = await fetch(`/api/v1/lifts/${box.dataset.code}/history?${query}`);
  if (!answer.ok) return;
  const { points } = await answer.json();
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: box.dataset.zone, hour: "2-digit", minute: "2-digit" });
  chart.setOption({
    animation: false,
    grid: { left: 48, right: 16, top: 16, bottom: 32 },
    graphic: points.length ? [] : [{ type: "text", left: "center", top: "middle", style: { text: box.dataset.empty, fill: colour("--muted") } }],
    xAxis: { type: "time", min: from.getTime(), max: to.getTime(), axisLabel: { color: colour("--muted"), formatter: (value) => clock.format(value) } },
    yAxis: { type: "value", scale: true, axisLabel: { color: colour("--muted") }, splitLine: { lineStyle: { color: colour("--line") } } },
    tooltip: { trigger: "axis", renderMode: "richText" },
    series: [{ type: "line", step: "end", showSymbol: points.length < 3, color: colour("--accent"), data: points.map((point) => [new Date(point.at).getTime(), point.last]) }],
  }, { notMerge: true });
}

function begin() {
  if (!box || !window.echarts) return;
  const chart = window.echarts.init(box);
  draw(chart);
  choice.addEventListener("change", () => draw(chart));
  setInterval(() => draw(chart), 10000);
  addEventListener("resize", () => chart.resize());
}
begin();
