// The pages of visits open without a network: what was opened (or is linked to be done) is kept here.
// The network comes first, always; what is kept answers only where it does not. Kept pages belong to
// one account: they are forgotten when another one's come, and as soon as anything sends to sign-in
// (app.js forgets them on every page where nobody is signed in). Served at its scope's own address.

const KEPT = "visits-1"; // another number, and everything kept before is forgotten
const PAGE = /^\/maintenance\/visits\/[0-9A-Za-z]{1,26}(\/(work|amend))?$/;
const OWNER = "/maintenance/visits/.owner";
const MOST = 200;

const isKept = (url) => url.origin === location.origin && (PAGE.test(url.pathname) || url.pathname.startsWith("/static/"));

async function forget() {
  for (const name of await caches.keys()) if (name.startsWith("visits-")) await caches.delete(name);
}

async function keep(address, answer) {
  const { pathname } = new URL(address);
  if (!PAGE.test(pathname)) {
    if (answer.ok) await (await caches.open(KEPT)).put(address, answer);
    return;
  }
  if (answer.type === "opaqueredirect" || answer.redirected || answer.status === 401) { await forget(); return; }
  if (!answer.ok) { await (await caches.open(KEPT)).delete(address); return; }
  const owner = answer.headers.get("X-Page-Owner") ?? "";
  if (!owner) return;
  const before = await caches.match(OWNER);
  if (before && (await before.text()) !== owner) await forget();
  const kept = await caches.open(KEPT);
  await kept.put(OWNER, new Response(owner));
  await kept.put(address, answer);
  const pages = (await kept.keys()).filter((each) => PAGE.test(new URL(each.url).pathname));
  for (const old of pages.slice(0, Math.max(0, pages.length - MOST))) await kept.delete(old);
}

const plain = (url) => `${url.origin}${url.pathname}`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("visits-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !isKept(url)) return;
  event.respondWith((async () => {
    let answer;
    try {
      answer = await fetch(request);
    } catch {
      return (await caches.match(plain(url), { ignoreVary: true })) ?? Response.error();
    }
    event.waitUntil(keep(plain(url), answer.clone()));
    return answer;
  })());
});

async function fetched(url) {
  const answer = await fetch(plain(url));
  const page = PAGE.test(url.pathname) && answer.ok ? await answer.clone().text() : "";
  await keep(plain(url), answer);
  for (const [, file] of page.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)) await keep(`${location.origin}${file}`, await fetch(file));
}

// A page asks for itself and for what it leads to: it was opened before anybody kept pages.
self.addEventListener("message", (event) => {
  const [port] = event.ports;
  event.waitUntil((async () => {
    for (const each of event.data.keep ?? []) {
      const url = new URL(each, location.href);
      if (!isKept(url)) continue;
      try { await fetched(url); } catch { /* asked for again next time */ }
    }
    port?.postMessage("kept");
  })());
});
