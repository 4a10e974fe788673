// What every staff page does: clocks that run, live fragments, keys, confirmations.

const served = Number(document.querySelector('meta[name="server-time"]')?.content ?? Date.now());
const offset = served - Date.now();
const chinese = document.documentElement.lang.startsWith("zh");
const now = () => Date.now() + offset;

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const amounts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const units = chinese ? ["天", "小时", "分", "秒"] : ["d", "h", "min", "s"];
  let first = amounts.findIndex((amount) => amount > 0);
  if (first < 0) first = 3;
  return amounts.slice(first, first + 2).map((amount, n) => `${amount} ${units[first + n]}`).join(" ");
}

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) element.textContent = span(now() - element.dataset.since);
  for (const element of document.querySelectorAll("[data-age]")) {
    const age = now() - element.dataset.age;
    element.textContent = span(age);
    element.classList.toggle("old", age > 90000);
  }
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = element.dataset.until - now();
    element.textContent = left >= 0 ? span(left) : `${element.dataset.lateWord} ${span(-left)}`;
    element.classList.toggle("late", left < 0);
  }
}
tick();
setInterval(tick, 1000);

// Two tones, armed by a visible switch: a new emergency, a deadline that passed.
let audio = null;
const soundSwitch = document.querySelector("[data-sound]");
soundSwitch?.addEventListener("click", () => {
  const on = soundSwitch.getAttribute("aria-pressed") !== "true";
  soundSwitch.setAttribute("aria-pressed", String(on));
  if (on) { audio ??= new AudioContext(); tone(660); }
});
function tone(frequency) {
  if (!audio || soundSwitch?.getAttribute("aria-pressed") !== "true") return;
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.2;
  voice.frequency.value = frequency;
  voice.connect(volume).connect(audio.destination);
  voice.start();
  voice.stop(audio.currentTime + 0.3);
}

// Live: the stream says that something changed, the page fetches its fragment again.
const linkState = document.querySelector("[data-link]");
function link(state) {
  if (!linkState || linkState.dataset.state === state) return;
  linkState.dataset.state = state;
  document.documentElement.classList.toggle("lost", state === "lost");
  linkState.textContent = state === "lost"
    ? `${linkState.dataset.lost} ${new Date(now()).toLocaleTimeString([], { hour12: false })}`
    : linkState.dataset[state];
}

function busy(region) {
  // Nothing moves under the hand: an open form or a focused field waits for its turn.
  const active = document.activeElement;
  return region.querySelector("details[open]") !== null
    || (region.contains(active) && active.matches("input, select, textarea"));
}

for (const region of document.querySelectorAll("[data-live-url]")) {
  let due = false;
  let running = false;
  const rows = () => new Set([...region.querySelectorAll("[id^='row-']")].map((row) => row.id));
  async function refresh() {
    if (running || !due || busy(region)) return;
    running = true;
    due = false;
    const before = rows();
    try {
      await window.htmx.ajax("GET", region.dataset.fragment, { target: region, swap: "innerMorph" });
      const fresh = [...rows()].filter((id) => !before.has(id));
      for (const id of fresh) document.getElementById(id)?.classList.add("fresh");
      if (fresh.length && before.size) tone(880);
      tick();
    } catch { due = true; } finally { running = false; }
  }
  setInterval(refresh, 250);
  const source = new EventSource(region.dataset.liveUrl);
  source.addEventListener("open", () => link("live"));
  source.addEventListener("error", () => link("lost"));
  source.addEventListener("changed", () => { link("live"); due = true; });
  source.addEventListener("clock", () => link("live"));
}
if (linkState && !document.querySelector("[data-live-url]")) linkState.hidden = true;

document.addEventListener("submit", (event) => {
  const words = event.submitter?.dataset.confirm;
  if (words && !window.confirm(words)) event.preventDefault();
});

const codeField = document.querySelector("[data-lift-card]");
if (codeField) {
  const look = async () => {
    const code = codeField.value.trim();
    const answer = await fetch(`${codeField.dataset.liftCard}?lift_code=${encodeURIComponent(code)}`);
    if (answer.ok && codeField.value.trim() === code) document.getElementById("lift-card").innerHTML = await answer.text();
  };
  codeField.addEventListener("input", look);
  if (codeField.value) look();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (event.key === "/") {
    const search = document.querySelector('input[type="search"], [data-lift-card]');
    if (search) { event.preventDefault(); search.focus(); }
    return;
  }
  document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});
