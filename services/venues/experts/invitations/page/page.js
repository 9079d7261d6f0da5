// The page of an invitation: looks, asks, answers. Its token never leaves the fragment but in a body.

import { LANGUAGES, knows, say, speak } from "./words.js";

const PATIENCE_MS = 20_000;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const API = location.pathname.slice(0, location.pathname.lastIndexOf("/experts/invitation"));
const STEPS = ["opening", "failed", "choices", "why", "phone-step", "code-step", "done"];
const at = (id) => document.getElementById(id);

let language = speak(remembered() ?? navigator.language);
let step = "opening";
let told = null; // the invitation as it was last read
let ended = null; // a word instead of it: "gone"
let notice = null; // { key, values }
let working = false;
let answer = null; // "decline" or "conflict"
let reason = ""; // of the answer that was sent
let bearer = null; // only here, and only until the answer is in
let again = 0; // when another code may be asked for
let clock = null;

// ── Talking to the platform ──────────────────────────────────────────────────────────────────────

class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.slug = (problem.type ?? "").split("/").pop();
  }
}

class NoLine extends Error {}

async function ask(method, path, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  const headers = { "Content-Type": "application/json", "Accept-Language": language };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  try {
    const sent = { method, headers, body: body && JSON.stringify(body), signal: stop.signal };
    // No cookie: whoever is signed in to this browser is not asked.
    const got = await fetch(API + path, { ...sent, cache: "no-store", credentials: "omit" });
    const read = got.status === 204 ? null : await got.json().catch(() => ({}));
    if (!got.ok) throw new Refused(got.status, read);
    return read;
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new NoLine(error.message);
  } finally {
    clearTimeout(timer);
  }
}

function wrong(error) {
  if (error instanceof NoLine) return { key: "offline" };
  if (!(error instanceof Refused)) throw error;
  if (knows(error.slug)) return { key: error.slug };
  if (error.status === 429) return { key: "busy" };
  if (error.status >= 500) return { key: "down" };
  return { key: "failed", values: { why: error.message } };
}

// One thing at a time: a second tap while it is asked does nothing.
async function attempt(work) {
  if (working) return;
  working = true;
  notice = null;
  draw();
  try {
    await work();
  } catch (error) {
    notice = wrong(error);
    // Somebody answered, or the time is over: it says so itself.
    if (error.slug?.startsWith("invitation-")) await look().catch((other) => { notice = wrong(other); });
    if (step === "opening") step = "failed";
  } finally {
    working = false;
    draw();
    if (step === "done") at("done").focus();
  }
}

// ── What is done ─────────────────────────────────────────────────────────────────────────────────

const token = () => location.hash.slice(1);

async function look() {
  told = ended = null;
  step = "opening";
  if (!TOKEN.test(token())) return close("gone");
  try {
    show(await ask("POST", "/experts/invitations/look", { token: token() }));
  } catch (error) {
    if (error.slug !== "invitation-gone") throw error;
    close("gone");
  }
}

function show(invitation) {
  told = invitation;
  if (told.state !== "invited") close(told.state);
  else if (told.allowed_actions.length === 0) close("expired");
  else step = "choices";
}

function close(word) {
  notice = null;
  ended = word;
  step = "done";
}

async function send() {
  reason = at("reason").value.trim();
  if (reason.length < 2) return warn("reason-needed");
  const body = { token: token(), answer, reason };
  show(await ask("POST", "/experts/invitations/answer", body));
}

async function sendCode() {
  const phone = phoneGiven();
  if (!/^1[3-9][0-9]{9}$/.test(phone)) return warn("phone-wrong");
  const found = await ask("POST", "/sessions/codes", { phone });
  again = Date.now() + found.again_in_s * 1000;
  at("code").value = "";
  step = "code-step";
}

async function accept() {
  const code = at("code").value.replace(/\s/g, "");
  if (!bearer) {
    if (!/^[0-9]{6}$/.test(code)) return warn("code-wrong");
    bearer = (await ask("POST", "/sessions", { phone: phoneGiven(), code })).token;
  }
  try {
    show(await ask("POST", "/experts/invitations/answer", { token: token(), answer: "accept" }));
  } catch (error) {
    // The line may come back: the code is used, and the session still good.
    if (!(error instanceof Refused) || error.status >= 500) throw error;
    await signOut();
    if (error.slug === "another-experts-account") step = "phone-step";
    throw error;
  }
  await signOut();
}

// The phone may be somebody else's: nothing of the session stays in it.
async function signOut() {
  await ask("DELETE", "/sessions/current").catch(() => {});
  bearer = null;
}

const warn = (key) => { notice = { key }; };
const phoneGiven = () => at("phone").value.replace(/[\s-]/g, "").replace(/^(\+86|0086)/, "");

// ── What is shown ────────────────────────────────────────────────────────────────────────────────

function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null; // the browser keeps nothing for anybody
  }
}

function choose(tag) {
  language = speak(tag);
  try {
    localStorage.setItem("language", tag);
  } catch { /* then it is asked for anew */ }
  draw();
}

// Browsers know no Tibetan or Mongolian months: there it is written in figures, year first.
function timeOf(moment) {
  const [locale, dateStyle] = { "zh-CN": ["zh-CN", "long"], en: ["en", "long"] }[language] ?? ["sv-SE", "short"];
  return new Date(moment).toLocaleString(locale, { timeZone: "Asia/Shanghai", dateStyle, timeStyle: "short" });
}

function draw() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  at("languages").replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => {
    const button = Object.assign(document.createElement("button"), { textContent: name, lang: tag });
    button.setAttribute("aria-pressed", String(tag === language));
    button.onclick = () => choose(tag);
    return button;
  }));
  for (const id of STEPS) at(id).hidden = id !== step;
  for (const each of document.querySelectorAll("main button, main input, main textarea")) each.disabled = working;
  at("working").hidden = !working || step === "opening";
  at("notice").hidden = !notice;
  at("notice").textContent = notice ? say(notice.key, notice.values) : "";
  at("invitation").hidden = !told;
  for (const each of document.querySelectorAll(".until")) each.hidden = Boolean(ended);
  if (told) {
    at("programme").textContent = told.programme[language] ?? told.programme["zh-CN"];
    at("host").textContent = told.host_name;
    at("until").textContent = timeOf(told.expires_at);
  }
  if (answer) at("why-title").textContent = say(answer);
  at("sent").textContent = say("sent", { phone: phoneGiven() });
  if (ended) {
    at("verdict").textContent = say(ended);
    at("next").textContent = say(`${ended}_next`);
    at("done").className = ended;
  }
  count();
}

function count() {
  clearTimeout(clock);
  const left = Math.ceil((again - Date.now()) / 1000);
  at("resend").disabled = working || left > 0;
  at("resend").textContent = left > 0 ? say("resendIn", { n: left }) : say("resend");
  if (left > 0 && step === "code-step") clock = setTimeout(count, 1000);
}

function go(to, focus) {
  step = to;
  notice = null;
  draw();
  if (focus) at(focus).focus();
}

const submits = (id, work) => {
  at(id).onsubmit = (event) => {
    event.preventDefault();
    attempt(work);
  };
};

at("again").onclick = () => attempt(look);
at("accept").onclick = () => go(again > Date.now() ? "code-step" : "phone-step", again > Date.now() ? "code" : "phone");
for (const each of ["decline", "conflict"])
  at(each).onclick = () => { answer = each; go("why", "reason"); };
for (const each of document.querySelectorAll(".back")) each.onclick = () => go("choices");
at("other-phone").onclick = () => { bearer = null; go("phone-step", "phone"); };
at("resend").onclick = () => attempt(sendCode);
submits("why", send);
submits("phone-step", sendCode);
submits("code-step", accept);
addEventListener("hashchange", () => attempt(look));
attempt(look);
