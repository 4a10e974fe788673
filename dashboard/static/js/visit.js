// A visit on a phone: what is entered is kept in this browser, with its own times, until the hub has
// taken it. Photos are scaled here, kept beside the draft and sent before the visit that names them.
// A correction begins with what its record holds, and keeps its times.

const form = document.querySelector("[data-visit]");
const state = document.querySelector("[data-visit-state]");
const errors = document.querySelector("[data-visit-errors]");
const proofOf = (page) => page.querySelector('meta[name="csrf"]')?.content ?? "";
let csrf = proofOf(document);
const amends = form.dataset.amends ?? "";
const id = amends ? `amends/${amends}` : form.dataset.id;
const BASE = "/api/v1/maintenance";
const WIDEST = 1280;
const LARGEST = 230 * 1024;

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("visits", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("drafts");
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});
const inStore = async (mode, work) => {
  const store = (await opened).transaction("drafts", mode).objectStore("drafts");
  return new Promise((resolve, reject) => {
    const asked = work(store);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
};

let draft = { fields: {}, hazards: [], checkIns: {}, photos: {}, sent: {}, startedAt: "", finishedAt: "", key: "" };

function before(told) {
  const fields = { planned_next: told.planned_next ?? "" };
  const photos = {}, sent = {};
  told.workers.forEach((worker, n) => { fields[`worker-${n + 1}`] = worker; });
  told.signed_by.forEach((worker, n) => { fields[`signed-${n + 1}`] = worker; });
  for (const { code, answer, reason, photos: kept } of told.answers) {
    fields[`item-${code}`] = answer;
    fields[`reason-${code}`] = reason;
    if (kept.length) photos[code] = kept.map(() => null); // on the hub already
    kept.forEach((digest, place) => { sent[`${code}/${place}`] = digest; });
  }
  const checkIns = {};
  told.check_ins.forEach(({ received_at: _, ...given }, n) => { checkIns[told.workers.indexOf(given.worker) + 1 || `more-${n}`] = given; });
  return { fields, hazards: told.hazards, checkIns, photos, sent, startedAt: told.started_at, finishedAt: told.finished_at };
}
const keep = () => inStore("readwrite", (store) => store.put(draft, id));
const tell = (word) => { state.textContent = state.dataset[word]; state.dataset.now = word; };

function read() {
  draft.fields = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "hazard") draft.fields[name] = value;
  draft.hazards = [...form.querySelectorAll("[name=hazard]:checked")].map((box) => box.value);
}

function show() {
  for (const fieldset of form.querySelectorAll("[data-item]")) {
    const chosen = fieldset.querySelector("input[type=radio]:checked")?.value;
    fieldset.querySelector("[name^=reason]").hidden = chosen !== "not_applicable";
  }
  form.querySelectorAll("[data-answered]").forEach((each) => {
    each.textContent = form.querySelectorAll("[data-item] input[type=radio]:checked").length;
  });
  for (const each of form.querySelectorAll("[data-photos]")) each.textContent = (draft.photos[each.dataset.photos] ?? []).length;
  for (const each of form.querySelectorAll("[data-checked]")) {
    const given = draft.checkIns[each.dataset.checked];
    if (given) each.textContent = `${each.dataset.words} ${new Date(given.at).toLocaleTimeString()}`;
  }
}

function fill() {
  for (const [name, value] of Object.entries(draft.fields)) {
    const field = form.elements[name];
    if (field instanceof RadioNodeList) field.value = value;
    else if (field) field.value = value;
  }
  for (const box of form.querySelectorAll("[name=hazard]")) box.checked = draft.hazards.includes(box.value);
}

const post = (path, body, headers) => fetch(`${BASE}${path}`, { method: "POST", body, headers: { "X-CSRF-Token": csrf, ...headers } });

// A kept page may hold the proof of a session that has ended: who signed in again has another.
async function ask(path, body, headers) {
  const answer = await post(path, body, headers);
  if (answer.status !== 403) return answer;
  const page = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = page.ok ? proofOf(new DOMParser().parseFromString(await page.text(), "text/html")) : "";
  if (!fresh || fresh === csrf) return answer;
  csrf = fresh;
  return post(path, body, headers);
}
const json = (path, body, headers) => ask(path, JSON.stringify(body), { "Content-Type": "application/json", ...headers });
const position = () => new Promise((resolve, reject) => {
  navigator.geolocation.getCurrentPosition(({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }), reject, { enableHighAccuracy: true, timeout: 15000 });
});

async function checkIn(button) {
  const number = button.dataset.of;
  const worker = form.elements[`worker-${number}`].value;
  if (!worker) { form.elements[`worker-${number}`].focus(); return; }
  const given = { worker, at: new Date().toISOString(), means: button.dataset.checkIn };
  if (given.means === "code") given.code = form.elements[`plate-${number}`].value.trim().toUpperCase();
  else {
    const words = form.querySelector(`[data-checked="${number}"]`);
    try { given.position = await position(); } catch { words.textContent = words.dataset.failed; return; }
  }
  draft.checkIns[number] = given;
  read();
  await keep();
  show();
  json(`/lifts/${form.dataset.lift}/check-ins`, given).catch(() => {}); // proves more when it arrives at once
}

async function scaled(file) {
  const picture = await createImageBitmap(file);
  let width = Math.min(WIDEST, picture.width);
  for (let quality = 0.8; ; quality -= 0.15, width = Math.round(width * 0.8)) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = Math.round(picture.height * width / picture.width);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", Math.max(quality, 0.3)); });
    if (blob.size <= LARGEST) return blob;
  }
}

function body() {
  const value = draft.fields;
  const workers = [value["worker-1"], value["worker-2"]].filter(Boolean);
  const checkIns = Object.values(draft.checkIns);
  return {
    ...(amends ? { why: (value.why ?? "").trim() } : { lift_code: form.dataset.lift }),
    item_list: form.dataset.list,
    period: form.dataset.period,
    called_for_by: form.dataset.called,
    workers,
    check_ins: checkIns,
    started_at: draft.startedAt || (checkIns.map((each) => each.at).sort()[0] ?? draft.finishedAt),
    finished_at: draft.finishedAt,
    sent_at: new Date().toISOString(),
    answers: [...form.querySelectorAll("[data-item]")].map((each) => each.dataset.item).filter((code) => value[`item-${code}`]).map((code) => ({
      code,
      answer: value[`item-${code}`],
      reason: value[`item-${code}`] === "not_applicable" ? value[`reason-${code}`] ?? "" : "",
      photos: (draft.photos[code] ?? []).map((_, place) => draft.sent[`${code}/${place}`]).filter(Boolean),
    })),
    hazards: draft.hazards,
    signed_by: [value["signed-1"], value["signed-2"]].map((each) => (each ?? "").trim()).filter(Boolean),
    planned_next: value.planned_next || null,
  };
}

async function refused(answer) {
  const problem = await answer.json().catch(() => ({}));
  const told = problem.errors ?? [{ field: problem.field ?? "", reason: problem.reason ?? "other", remedy: problem.detail ?? "" }];
  errors.querySelector("ul").replaceChildren(...told.map(({ field, reason, remedy }) => {
    const line = document.createElement("li");
    const words = document.querySelector(`[data-reason="${CSS.escape(reason)}"]`)?.textContent ?? remedy;
    line.textContent = `${field ? `${field}: ` : ""}${words}`;
    return line;
  }));
  errors.hidden = false;
  tell("refused");
  errors.scrollIntoView({ block: "center" });
  // Another try is another request; the work ended when it ended, unless it was too short.
  if (!amends && told.some(({ reason }) => reason === "stay_too_short")) draft.finishedAt = "";
  draft.key = "";
  await keep();
}

let sending = false;
async function handIn() {
  if (sending) return;
  sending = true;
  try {
    tell("sending");
    errors.hidden = true;
    for (const [code, pictures] of Object.entries(draft.photos)) {
      for (const [place, picture] of pictures.entries()) {
        if (draft.sent[`${code}/${place}`]) continue;
        const answer = await ask(`/lifts/${form.dataset.lift}/photos`, picture, { "Content-Type": picture.type });
        if (answer.status === 401) { tell("signedOut"); return; }
        if (!answer.ok) { await refused(answer); return; }
        draft.sent[`${code}/${place}`] = (await answer.json()).digest;
        await keep();
      }
    }
    const answer = await json(amends ? `/records/${amends}/amendments` : "/records", body(), { "Idempotency-Key": draft.key });
    if (answer.status === 401) { tell("signedOut"); return; }
    if (!answer.ok) { await refused(answer); return; }
    await inStore("readwrite", (store) => store.delete(id));
    tell("done");
    location.assign(form.dataset.doneAt);
  } catch {
    tell("waiting");
  } finally {
    sending = false;
  }
}

form.addEventListener("input", async () => { read(); show(); await keep(); });
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-check-in]");
  if (button) checkIn(button);
});
form.addEventListener("change", async (event) => {
  const code = event.target.dataset.photo;
  const [file] = event.target.files ?? [];
  if (!code || !file) return;
  (draft.photos[code] ??= []).push(await scaled(file));
  event.target.value = "";
  await keep();
  show();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  read();
  draft.finishedAt ||= new Date().toISOString();
  draft.key ||= `visit.${form.dataset.id}.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  await keep();
  await handIn();
});
window.addEventListener("online", () => { if (draft.key) handIn(); });

if (amends) draft = { ...draft, ...before(JSON.parse(form.dataset.before)) };
draft = { ...draft, ...(await inStore("readonly", (store) => store.get(id))) };
fill();
show();
document.documentElement.dataset.visit = "ready";
if (draft.key) handIn();
