// What every staff page does: clocks, live regions, keys; confirmations; the lift behind a code.

import "./clocks.js";
import "./live.js";
import "./keys.js";

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
    if (!/^(\d{6}|\d{20})$/.test(code)) { card.replaceChildren(); return; }
    const answer = await fetch(`${codeField.dataset.liftCard}?lift_code=${encodeURIComponent(code)}`);
    if (answer.ok && !answer.redirected && codeField.value.trim() === code) card.innerHTML = await answer.text();
  };
  codeField.addEventListener("input", look);
  if (codeField.value) look();
}
