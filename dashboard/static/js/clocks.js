// Clocks that run by the server's time, and the two tones.

const meta = document.querySelector('meta[name="server-time"]');
let offset = Number(meta?.content ?? Date.now()) - Date.now();
const lateAfter = Number(meta?.dataset.lateAfter ?? 90_000);
const chinese = document.documentElement.lang.startsWith("zh");

export const now = () => Date.now() + offset;

// The server says its time again: what the way took makes an estimate too low, never too high.
export function correct(server) {
  if (Number.isFinite(server)) offset = Math.max(offset, server - Date.now());
}

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const amounts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const units = chinese ? ["天", "小时", "分", "秒"] : ["d", "h", "min", "s"];
  let first = amounts.findIndex((amount) => amount > 0);
  if (first < 0) first = 3;
  return amounts.slice(first, first + 2).map((amount, n) => `${amount} ${units[first + n]}`).join(" ");
}

export function tick() {
  for (const element of document.querySelectorAll("[data-since]")) element.textContent = span(now() - element.dataset.since);
  for (const element of document.querySelectorAll("[data-age]")) {
    const age = now() - element.dataset.age;
    element.textContent = span(age);
    element.classList.toggle("old", age >= lateAfter);
  }
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = element.dataset.until - now();
    element.textContent = left >= 0 ? span(left) : `${element.dataset.lateWord} ${span(-left)}`;
    const late = left < 0;
    // The tone sounds once, when the deadline passes before our eyes; a redrawn one is the same.
    const deadline = `${element.closest("[id]")?.id} ${element.dataset.until}`;
    if (!late) ahead.add(deadline);
    else if (ahead.delete(deadline)) tone(PASSED);
    element.classList.toggle("late", late);
  }
}

// Two tones, armed by a visible switch that is remembered: a new emergency, a deadline that passed.
export const EMERGENCY = 880;
const PASSED = 440;
const ARMED = 660;
const ahead = new Set();
const SWITCH = "sound";
const soundSwitch = document.querySelector("[data-sound]");
let audio = null;

const armed = () => soundSwitch?.getAttribute("aria-pressed") === "true";
function remembered() {
  try { return localStorage.getItem(SWITCH) === "on"; } catch { return false; }
}
function arm(on) {
  soundSwitch.setAttribute("aria-pressed", String(on));
  try { localStorage.setItem(SWITCH, on ? "on" : "off"); } catch { /* not remembered, but armed */ }
  if (!on) { audio?.suspend(); told(); return; }
  if (!audio) {
    audio = new AudioContext();
    audio.addEventListener("statechange", told);
  }
  told();
}

// A browser may keep a page silent until it is touched: the switch says so.
function told() {
  const words = !armed() ? "off" : audio?.state === "running" ? "on" : "mute";
  soundSwitch.textContent = soundSwitch.dataset[words];
  soundSwitch.classList.toggle("late", words === "mute");
}

if (soundSwitch) {
  if (remembered()) arm(true);
  soundSwitch.addEventListener("click", async () => {
    arm(!armed());
    if (!armed()) return;
    await audio.resume();
    tone(ARMED);
  });
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => { if (armed() && audio.state !== "running") audio.resume(); }, { capture: true });
  }
}

export function tone(frequency) {
  if (!audio || !armed()) return;
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.2;
  voice.frequency.value = frequency;
  voice.connect(volume).connect(audio.destination);
  voice.start();
  voice.stop(audio.currentTime + 0.3);
  soundSwitch.dataset.last = String(frequency);
  soundSwitch.dataset.count = String(Number(soundSwitch.dataset.count ?? 0) + 1);
}

tick();
setInterval(tick, 1000);
