// Everything by keyboard. A button or a summary says its key in data-key and shows it in a <kbd>.

const PAGES = { b: "/", a: "/alarms", l: "/lifts", k: "/kitchens", h: "/health", q: "/quarantine" };
const SEQUENCE_LASTS = 1_500;

const keyMap = document.getElementById("keys");
const palette = document.getElementById("palette");
const typing = (element) => element.matches("input, select, textarea, [contenteditable]");
let goPressedAt = -Infinity;

// A form is on its way: what is pressed now was meant for the page that comes.
const LEAVES_WITHIN = 5_000;
let leftAt = -Infinity;
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.method === "post") leftAt = Date.now();
});

// What the keys of this page do, read from the page itself.
function showKeys() {
  const told = new Map();
  for (const element of document.querySelectorAll("main [data-key]")) {
    const words = element.cloneNode(true);
    for (const key of words.querySelectorAll("kbd")) key.remove();
    told.set(element.dataset.key, words.textContent.trim());
  }
  const rows = [...told].map(([key, words]) => {
    const name = document.createElement("dt");
    const shown = document.createElement("kbd");
    shown.textContent = key.toUpperCase();
    name.append(shown);
    const meaning = document.createElement("dd");
    meaning.textContent = words;
    return [name, meaning];
  });
  keyMap.querySelector("[data-keys-here]").replaceChildren(...rows.flat());
  keyMap.querySelector("[data-keys-here-head]").hidden = rows.length === 0;
  keyMap.showModal();
}

// One such action happens; of several the next one gets the focus, and Enter does it.
function press(key) {
  const found = [...document.querySelectorAll(`main [data-key="${CSS.escape(key)}"]`)].filter((each) => each.checkVisibility());
  if (found.length === 0) return false;
  const [only] = found;
  if (found.length > 1) {
    found[(found.indexOf(document.activeElement) + 1) % found.length].focus();
    return true;
  }
  only.focus();
  only.click();
  if (only.matches("details[open] > summary")) {
    const form = only.parentElement.querySelector("form");
    (form?.querySelector("input:not([type=hidden]), select, textarea") ?? form?.querySelector("button"))?.focus();
  }
  return true;
}

function leave(active) {
  const open = active.closest("details.act[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (typing(active)) {
    active.blur();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // an input method is at work
  if (Date.now() - leftAt < LEAVES_WITHIN) { event.preventDefault(); return; }
  const key = event.key.toLowerCase();
  if (key === "k" && (event.ctrlKey || event.metaKey) && palette) {
    event.preventDefault();
    openPalette();
    return;
  }
  if (key === "enter" && event.ctrlKey && event.target.form?.method === "post") {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (key === "escape") { leave(event.target); return; }
  if (typing(event.target)) return;
  if (handled(event.key, key)) event.preventDefault();
});

function handled(shown, key) {
  if (Date.now() - goPressedAt < SEQUENCE_LASTS) {
    goPressedAt = -Infinity;
    const address = PAGES[key];
    const way = address && document.querySelector(`nav a[href="${address}"]`);
    way?.click();
    return Boolean(way);
  }
  if (shown === "?" && keyMap) { showKeys(); return true; }
  if (shown === "/") {
    const search = document.querySelector('main input[type="search"], [data-lift-card]');
    search?.focus();
    search?.select();
    return Boolean(search);
  }
  if (key === "g") { goPressedAt = Date.now(); return true; }
  return press(key);
}

// The palette: every page, any lift by its code, every running incident.
const words = palette?.querySelector("input");
const found = palette?.querySelector("[data-found]");
let asked = 0;

function openPalette() {
  if (palette.open) return;
  words.value = "";
  palette.showModal();
  find();
}

async function find() {
  asked += 1;
  const mine = asked;
  const answer = await fetch(`${palette.dataset.palette}?q=${encodeURIComponent(words.value)}`);
  if (answer.ok && !answer.redirected && mine === asked) found.innerHTML = await answer.text();
}

words?.addEventListener("input", find);
palette?.addEventListener("keydown", (event) => {
  const ways = [...found.querySelectorAll("a")];
  const at = ways.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? words : ways[Math.min(next, ways.length - 1)])?.focus();
  } else if (event.key === "Enter" && event.target === words && !event.isComposing) {
    event.preventDefault();
    ways[0]?.click();
  }
});

document.documentElement.dataset.keys = "listening";
