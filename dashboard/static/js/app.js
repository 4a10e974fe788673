// What every staff page does: clocks, live regions, keys; confirmations; the lift behind a code.

import "./clocks.js";
import "./live.js";
import "./keys.js";

// Pages of visits are kept on this device (visit-worker.js) for whoever is signed in, and no longer.
const forgetPages = async () => {
  for (const name of (await globalThis.caches?.keys()) ?? []) if (name.startsWith("visits-")) await caches.delete(name);
};
if (!document.querySelector('meta[name="csrf"]')) forgetPages();
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", forgetPages);

// First of all listeners, so that the others see whether the form really goes.
document.addEventListener("submit", (event) => {
  const words = event.submitter?.dataset.confirm;
  if (words && !window.confirm(words)) event.preventDefault();
}, { capture: true });

// A search that is answered with another page (signed out meanwhile) goes there.
document.addEventListener("htmx:before:swap", (event) => {
  if (!event.detail.ctx?.response?.raw?.redirected) return;
  event.preventDefault();
  window.location.reload();
});

// Six digits (or twenty) find the lift by themselves; a later answer never overwrites a newer one.
const codeField = document.querySelector("[data-lift-card]");
if (codeField) {
  const card = document.getElementById("lift-card");
  const look = async () => {
    const code = codeField.value.trim();
    if (!/^(\d{6}|\d{20})$/.test(code)) { card.replaceChildren(); hint(); return; }
    const answer = await fetch(`${codeField.dataset.liftCard}?lift_code=${encodeURIComponent(code)}`);
    if (answer.ok && !answer.redirected && codeField.value.trim() === code) card.innerHTML = await answer.text();
    hint();
  };
  codeField.addEventListener("input", look);
  if (codeField.value) look();

  // A floor that this lift does not have: said, never refused.
  const floor = document.querySelector("[data-floor]");
  const words = floor.parentElement.querySelector("[data-hint]");
  function hint() {
    const { lowest, highest } = card.querySelector("[data-floors]")?.dataset ?? {};
    const beyond = lowest !== undefined && floor.value !== ""
      && (Number(floor.value) < Number(lowest) || Number(floor.value) > Number(highest));
    words.hidden = !beyond;
    words.textContent = beyond ? words.dataset.hint.replace("{lowest}", lowest).replace("{highest}", highest) : "";
  }
  floor.addEventListener("input", hint);

  // Words of a place find the lifts there; one that is picked fills the code.
  const place = document.querySelector("[data-lift-picks]");
  const picks = document.getElementById("lift-picks");
  place.addEventListener("input", async () => {
    const asked = place.value.trim();
    if (asked.length < 2) { picks.replaceChildren(); return; }
    const answer = await fetch(`${place.dataset.liftPicks}?place=${encodeURIComponent(asked)}`);
    if (answer.ok && !answer.redirected && place.value.trim() === asked) picks.innerHTML = await answer.text();
  });
  picks.addEventListener("click", (event) => {
    const picked = event.target.closest("[data-pick]");
    if (!picked) return;
    codeField.value = picked.dataset.pick;
    place.value = "";
    picks.replaceChildren();
    codeField.focus();
    look();
  });
}
