// The page: shows, listens, calls. What is decided stands in tickets.js, what is sent in syncing.js.

import { watch } from "./camera.js";
import { NoLine, ask, enrol, me, record } from "./device.js";
import { partiesOf, queued, scansOf } from "./store.js";
import { packs, refreshPacks, refreshParties, send } from "./syncing.js";
import { judge } from "./tickets.js";
import { LANGUAGES, say, speak } from "./words.js";

const SEND_EVERY_MS = 20_000;
const at = (id) => document.getElementById(id);
const show = (id, yes) => { at(id).hidden = !yes; };

let language = speak(localStorage.getItem("language") ?? navigator.language);
let pack = null;
let stopCamera = null;
let codeTimer = null;
let sending = null;
let reached = navigator.onLine;
let seen = Promise.resolve();

// ── What stands on the page ──────────────────────────────────────────────────────────────────────

function label() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  at("languages").replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.lang = tag;
    button.setAttribute("aria-pressed", String(tag === language));
    button.onclick = () => {
      localStorage.setItem("language", tag);
      language = speak(tag);
      label();
      draw();
    };
    return button;
  }));
}

function notice(text) {
  at("notice").textContent = text ?? "";
  show("notice", Boolean(text));
}

const timeOf = (moment) =>
  new Date(moment).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });

const isCame = (scan) => !scan.result || ["counted", "duplicate"].includes(scan.result.outcome);

function conflict(scan) {
  const { outcome, firsts, doubtful } = scan.result;
  const party = scan.registration ? `…${scan.registration.slice(-6)}` : "";
  const numbers = scan.sent.members.join("、");
  const first = firsts[0];
  const device = first && (first.device_name ?? say("on_line"));
  const what = say(outcome, first ? { device, at: timeOf(first.at) } : {});
  const line = document.createElement("li");
  line.textContent = [party, numbers, what, doubtful ? say("doubtful") : ""].filter(Boolean).join(" · ");
  return line;
}

async function draw() {
  const device = await me();
  const waiting = (await queued()).length;
  at("line").textContent = say(reached ? "online" : "offline");
  at("line").classList.toggle("off", !reached);
  at("queue").textContent = waiting ? say("queued", { n: waiting }) : say("allSent");
  at("queue").dataset.count = waiting;
  at("sync").disabled = Boolean(sending) || !device;
  at("sync").textContent = say(sending ? "syncing" : "sync");
  // A revoked one may begin anew, once nothing of the old waits.
  show("enrol", !device || (device.revoked && !waiting));
  show("choose", device && !pack);
  show("door", device && pack);
  if (device?.revoked) notice(say("revoked"));
  else if (Math.abs(device?.offset ?? 0) > 60_000)
    notice(say("clock", { n: Math.round(Math.abs(device.offset) / 1000) }));
  if (!device) return;
  await (pack ? drawDoor() : drawChoice());
}

async function drawChoice() {
  const found = await packs();
  show("empty", found.length === 0);
  at("packs").replaceChildren(...found.map((each) => {
    const line = document.createElement("li");
    const button = document.createElement("button");
    const day = new Date(each.starts_at).toLocaleString("zh-CN", {
      timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
    button.textContent = [each.title, day, each.place].filter(Boolean).join(" · ");
    button.onclick = () => choose(each);
    line.append(button);
    return line;
  }));
}

async function drawDoor() {
  const scans = await scansOf(pack.occurrence_id);
  const here = scans.filter(isCame).reduce((sum, scan) =>
    sum + (scan.result ? scan.result.counted.length : scan.sent.members.length), 0);
  at("title").textContent = pack.title;
  at("recorded").textContent = say("recorded", { n: here });
  at("recorded").dataset.count = here;
  at("listed").textContent = say("loaded", { n: (await partiesOf(pack.occurrence_id)).length });
  const odd = scans.filter((scan) => scan.result && (scan.result.outcome !== "counted" || scan.result.doubtful));
  odd.sort((a, b) => b.sent.seq - a.sent.seq);
  const none = document.createElement("p");
  none.textContent = say("none");
  at("conflicts").replaceChildren(...(odd.length ? odd.map(conflict) : [none]));
}

// ── At the door ──────────────────────────────────────────────────────────────────────────────────

function tell(kind, text, detail) {
  const small = document.createElement("small");
  small.textContent = detail ?? "";
  at("result").className = kind;
  at("result").replaceChildren(text, small);
  navigator.vibrate?.(kind === "in" ? 80 : [120, 80, 120]);
}

async function choose(chosen) {
  pack = chosen;
  at("result").className = "";
  at("result").replaceChildren();
  await draw();
  await attempt(() => refreshParties(pack.occurrence_id, language));
}

async function cameBy(occurrence) {
  const came = new Map();
  for (const scan of (await scansOf(occurrence)).filter(isCame))
    came.set(scan.registration, [...(came.get(scan.registration) ?? []), ...scan.sent.members]);
  return came;
}

// One after the other: two codes in one blink must not pass the same list.
function take(text) {
  seen = seen.then(() => weigh(text.trim())).catch((error) => tell("stop", say("failed", { why: error.message })));
  return seen;
}

async function weigh(text) {
  show("who", false);
  if ((await me()).revoked) return tell("stop", say("revoked"));
  const occurrence = pack.occurrence_id;
  const parties = await partiesOf(occurrence);
  const found = await judge(text, pack, parties, await cameBy(occurrence));
  if (found.verdict === "already") return tell("warn", say("already"), found.party?.name);
  if (found.verdict !== "in") return tell("stop", say(found.verdict), found.party?.name);
  if (found.numbers.length === 1) return letIn(found, found.left);
  askWho(found);
}

async function letIn(found, members) {
  const { ticket, registration, unlisted, party } = found;
  await record(pack.occurrence_id, { ticket, registration, members });
  if (unlisted) tell("warn", say("unlisted"));
  else tell("in", say("welcome", { n: members.length }), party.name);
  await draw();
  void sendNow();
}

function askWho(found) {
  tell("warn", found.party?.name ?? say("unlisted"), say("who"));
  at("numbers").replaceChildren(...found.left.map((number) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: number, checked: true });
    const line = document.createElement("label");
    line.append(box, ` ${number}`);
    return line;
  }));
  show("who", true);
  at("who").onsubmit = (event) => {
    event.preventDefault();
    const members = [...at("numbers").querySelectorAll(":checked")].map((box) => Number(box.value));
    if (members.length === 0) return;
    show("who", false);
    seen = seen.then(() => letIn(found, members));
  };
}

// ── The line ─────────────────────────────────────────────────────────────────────────────────────

// Does what needs a line; without one, says nothing but that there is none.
async function attempt(work) {
  try {
    const answer = await work();
    reached = true;
    return answer;
  } catch (error) {
    if (error instanceof NoLine) reached = false;
    else if (error.slug === "unknown-device") notice(say("unknownDevice"));
    else notice(say("failed", { why: error.message }));
    return undefined;
  } finally {
    await draw();
  }
}

function sendNow(again) {
  sending ??= attempt(() => send(language, again)).finally(() => {
    sending = null;
    return draw();
  });
  return sending;
}

async function showCode() {
  clearTimeout(codeTimer);
  const target = `/check-ins/codes/${pack.occurrence_id}`;
  const code = await attempt(() => ask("GET", target, { language }));
  if (!code) return notice(say("needsLine"));
  const picture = await attempt(() => ask("GET", target, { accept: "image/svg+xml" }));
  URL.revokeObjectURL(at("picture").src);
  at("digits").textContent = code.code;
  if (picture) at("picture").src = URL.createObjectURL(picture);
  show("screen", true);
  const left = Date.parse(code.expires_at) - Date.now() - ((await me()).offset ?? 0);
  codeTimer = setTimeout(showCode, Math.min(Math.max(left, 1000), code.period_s * 1000));
}

function leave() {
  clearTimeout(codeTimer);
  stopCamera?.();
  stopCamera = pack = null;
  for (const id of ["screen", "video", "who"]) show(id, false);
  show("camera", true);
  return draw();
}

// ── Beginning ────────────────────────────────────────────────────────────────────────────────────

at("enrol").onsubmit = async (event) => {
  event.preventDefault();
  notice();
  const done = await attempt(async () => {
    await enrol(at("code").value.trim().toUpperCase(), at("name").value.trim(), language);
    history.replaceState(null, "", location.pathname);
    await refreshPacks(language);
    return true;
  });
  if (!done) return;
  at("enrol").reset();
  await draw();
};
at("refresh").onclick = () => attempt(() => refreshPacks(language));
at("reload").onclick = () => attempt(() => refreshParties(pack.occurrence_id, language));
at("sync").onclick = () => { notice(); return sendNow(pack?.occurrence_id); };
at("back").onclick = leave;
at("code-show").onclick = showCode;
at("manual").onsubmit = async (event) => {
  event.preventDefault();
  const text = at("entry").value;
  at("entry").value = "";
  await take(text);
};
at("camera").onclick = async () => {
  try {
    show("video", true);
    stopCamera = await watch(at("video"), take);
    show("camera", false);
  } catch {
    show("video", false);
    notice(say("noCamera"));
  }
};
addEventListener("online", () => sendNow());
addEventListener("offline", () => { reached = false; draw(); });
setInterval(() => { if (navigator.onLine) void me().then((device) => device && sendNow()); }, SEND_EVERY_MS);

label();
try {
  await navigator.serviceWorker.register("scanner-worker.js", { scope: "scanner" });
} catch {
  notice(say("insecure")); // http, or a browser that keeps nothing
}
navigator.storage?.persist?.();
const enrolment = new URLSearchParams(location.hash.slice(1)).get("enrol");
if (enrolment) at("code").value = enrolment;
await draw();
if ((await me()) && navigator.onLine) {
  await attempt(() => refreshPacks(language));
  await sendNow();
}
document.body.dataset.ready = "yes";
