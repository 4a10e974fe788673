// A page that fetches its own middle again, so that nothing jumps and a reader's place is kept.
// Markup: [data-renew=SECONDS]; without this script a noscript refresh does the same.

const part = document.querySelector("[data-renew]");
let words = part?.innerHTML;

async function renew() {
  if (document.hidden || part.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return; // the next turn asks again; "as of" still tells how old this is
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-renew]");
  if (fresh && fresh.innerHTML !== words) {
    words = fresh.innerHTML;
    part.innerHTML = words;
  }
}
if (part) setInterval(renew, Number(part.dataset.renew) * 1000);
