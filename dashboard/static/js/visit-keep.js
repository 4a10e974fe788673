// Lets the worker keep this page of a visit, and the pages that it leads to, for a place without a
// network. Without a secure address (plain HTTP to another machine) browsers have no such workers.

if ("serviceWorker" in navigator) {
  await navigator.serviceWorker.register("/maintenance/visits/worker.js", { scope: "/maintenance/visits/" });
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { document.documentElement.dataset.kept = "yes"; };
  const files = performance.getEntriesByType("resource").map(({ name }) => name);
  const pages = [...document.querySelectorAll("a[data-keep]")].map(({ href }) => href);
  active.postMessage({ keep: [location.href, ...pages, ...files] }, [port2]);
}
