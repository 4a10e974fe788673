// Clocks that run by the server's time, and the two tones.

const meta = document.querySelector('meta[name="server-time"]');
const offset = Number(meta?.content ?? Date.now()) - Date.now();
const lateAfter = Number(meta?.dataset.lateAfter ?? 90_000);
const chinese = document.documentElement.lang.startsWith("zh");

export const now = () => Date.now() + offset;

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
    // The tone sounds once, when the deadline passes before our eyes.
    if (late && element.dataset.was === "early") tone(440);
    element.dataset.was = late ? "late" : "early";
    element.classList.toggle("late", late);
  }
}

// Two tones, armed by a visible switch: a new emergency, a deadline that passed.
let audio = null;
const soundSwitch = document.querySelector("[data-sound]");
soundSwitch?.addEventListener("click", () => {
  const on = soundSwitch.getAttribute("aria-pressed") !== "true";
  soundSwitch.setAttribute("aria-pressed", String(on));
  if (on) { audio ??= new AudioContext(); tone(660); }
});
export function tone(frequency) {
  if (!audio || soundSwitch?.getAttribute("aria-pressed") !== "true") return;
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.2;
  voice.frequency.value = frequency;
  voice.connect(volume).connect(audio.destination);
  voice.start();
  voice.stop(audio.currentTime + 0.3);
}

tick();
setInterval(tick, 1000);
