// Live regions: the stream says that something changed, the page fetches its fragment again.
//
// Nothing moves under the hand: rows change where they stand; new ones announce themselves at the
// top edge and take their place when asked for, or when nobody has touched the page for a while.
// A stream that falls silent turns the frame grey and says since when; it is opened again for ever.

import { EMERGENCY, correct, now, tick, tone } from "./clocks.js";

const IDLE_AFTER = 10_000;
const SILENT_AFTER = 25_000; // a sign of life is due every ten seconds
const LOST_AFTER = 3_000; // a stream that only begins anew is not worth a word
const AGAIN_AFTER = 3_000;
const UNAUTHORIZED = 401;

let touchedAt = -Infinity;
for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"]) {
  document.addEventListener(kind, () => { touchedAt = Date.now(); }, { passive: true, capture: true });
}
const idle = () => Date.now() - touchedAt > IDLE_AFTER;

const linkState = document.querySelector("[data-link]");
const zone = document.querySelector('meta[name="server-time"]')?.dataset.zone;
function link(state, since) {
  if (!linkState || linkState.dataset.state === state) return;
  linkState.dataset.state = state;
  document.documentElement.classList.toggle("lost", state === "lost");
  linkState.textContent = state === "lost"
    ? `${linkState.dataset.lost} ${new Date(since).toLocaleTimeString("en-GB", { hour12: false, timeZone: zone })}`
    : linkState.dataset[state];
}

// Everything is drawn anew around an open form; the form stays open, with what was typed in it.
const typed = (element) => element.matches("input:not([type=hidden]), select, textarea");
window.htmx.registerExtension("held-forms", {
  htmx_before_morph_attr(element, { attrName }) {
    const held = (attrName === "open" && element.matches("details"))
      || (["value", "checked"].includes(attrName) && typed(element))
      || (attrName === "selected" && element.matches("option"));
    return !held;
  },
});

// A form that is open here and gone from the fragment stays where it is, and says so.
function holdForms(region, fragment) {
  for (const held of region.querySelectorAll("details.act[open][id]")) {
    if (fragment.getElementById(held.id)) continue;
    const place = fragment.getElementById(held.parentElement.id) ?? fragment.body;
    const kept = document.importNode(held, true);
    if (!kept.classList.contains("gone")) {
      const words = document.createElement("p");
      words.className = "note warn";
      words.textContent = region.dataset.gone ?? "";
      kept.classList.add("gone");
      kept.querySelector("form").prepend(words);
    }
    place.append(kept);
  }
}

// The fragment with its rows in the order that they have on the page; answers what is new.
function keepOrder(region, fragment) {
  const queue = fragment.querySelector("[data-queue]");
  const shown = region.querySelector("[data-queue]");
  if (!queue || !shown) return [];
  const coming = new Map([...queue.children].map((row) => [row.id, row]));
  const standing = [...shown.children].map((row) => row.id);
  const kept = standing.map((id) => {
    if (coming.has(id)) return coming.get(id);
    const gone = document.importNode(document.getElementById(id), true);
    gone.querySelector("a.incident")?.classList.add("ended");
    return gone;
  });
  const fresh = [...coming.values()].filter((row) => !standing.includes(row.id));
  queue.replaceChildren(...kept);
  return fresh;
}

class Region {
  constructor(element) {
    this.element = element;
    this.news = document.querySelector("[data-news]");
    this.due = false;
    this.asked = false;
    this.running = false;
    this.known = new Set(this.rows()); // as the server first drew them
    this.heardAt = now();
    this.open();
    setInterval(() => { this.refresh(); this.listen(); }, 250);
    this.news?.querySelector("[data-news-show]").addEventListener("click", () => {
      this.asked = true;
      this.due = true;
    });
  }

  open() {
    this.source?.close();
    this.source = new EventSource(this.element.dataset.liveUrl);
    const alive = () => { this.heardAt = now(); this.failedAt = null; link("live"); };
    this.source.addEventListener("open", alive);
    this.source.addEventListener("clock", (event) => {
      correct(Date.parse(JSON.parse(event.data).now));
      alive();
    });
    this.source.addEventListener("changed", () => { alive(); this.due = true; });
    this.source.addEventListener("error", () => { this.failedAt ??= now(); });
  }

  listen() {
    const silent = now() - this.heardAt > SILENT_AFTER;
    const failed = this.failedAt && now() - this.failedAt > LOST_AFTER;
    if (!silent && !failed) return;
    link("lost", this.heardAt);
    const closed = this.source.readyState === EventSource.CLOSED;
    if ((closed || silent) && Date.now() - (this.openedAt ?? 0) > AGAIN_AFTER) {
      this.openedAt = Date.now();
      this.due = true; // a stream does not tell why it was refused; the fragment does
      this.open();
    }
  }

  async refresh() {
    if (this.waiting() && idle()) { this.asked = true; this.due = true; }
    if (this.running || !this.due) return;
    this.running = true;
    this.due = false;
    try {
      const keeps = "keepsOrder" in this.element.dataset;
      const answer = await fetch(this.element.dataset.fragment + (keeps ? window.location.search : ""));
      if (answer.redirected || answer.status === UNAUTHORIZED) { window.location.reload(); return; } // signed out
      if (!answer.ok) throw new Error(String(answer.status));
      await this.draw(await answer.text(), keeps);
    } catch {
      this.due = true;
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_AFTER); });
    } finally {
      this.running = false;
    }
  }

  async draw(text, keeps) {
    const fragment = new DOMParser().parseFromString(text, "text/html");
    const before = new Set(this.rows());
    const moves = !keeps || this.asked || idle();
    const fresh = moves ? [] : keepOrder(this.element, fragment);
    this.asked = false;
    holdForms(this.element, fragment);
    tick(); // a deadline that passes now is heard before its row is drawn anew
    await window.htmx.swap({
      text: fragment.body.innerHTML,
      target: this.element,
      sourceElement: this.element,
      swap: "innerMorph",
    });
    const arrived = this.rows().filter((id) => !before.has(id));
    for (const id of arrived) document.getElementById(id).classList.add("fresh");
    this.hear([...arrived.map((id) => document.getElementById(id)), ...fresh]);
    this.announce(fresh);
    tick();
  }

  rows() { return [...this.element.querySelectorAll("[id^='row-']")].map((row) => row.id); }

  // A row that this page has never shown and that still runs is an emergency.
  hear(rows) {
    const news = rows.filter((row) => !this.known.has(row.id));
    for (const row of news) this.known.add(row.id);
    if (news.some((row) => !row.querySelector(".ended"))) tone(EMERGENCY);
  }

  waiting() { return this.news && !this.news.hidden; }

  announce(fresh) {
    if (!this.news) return;
    this.news.hidden = fresh.length === 0;
    this.news.querySelector("[data-news-count]").textContent = fresh.length;
    this.news.querySelector("[data-news-list]").replaceChildren(...fresh.slice(0, 5).map((row) => {
      const way = document.createElement("a");
      way.href = row.querySelector("a.incident").getAttribute("href");
      way.className = "row";
      way.append(row.querySelector(".code").textContent, " ");
      way.append(...[...row.querySelectorAll(".what .chip")].map((chip) => document.importNode(chip, true)));
      return way;
    }));
  }
}

const regions = [...document.querySelectorAll("[data-live-url]")].map((element) => new Region(element));
if (linkState && regions.length === 0) linkState.hidden = true;

// A list that was searched holds other rows: what was announced of the old one is void.
document.addEventListener("htmx:after:swap", (event) => {
  const region = regions.find((each) => each.element === event.detail?.ctx?.target);
  if (region && event.target.matches?.("[data-filter]")) {
    region.announce([]);
    for (const id of region.rows()) region.known.add(id);
  }
  tick();
});
