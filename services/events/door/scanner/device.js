// The device's own voice: its key pair, its signatures, its requests. As services/events/door/proofs.py.

import { get, nextSeq, put } from "./store.js";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const PAGE = "/check-ins/scanner";
const API = location.pathname.slice(0, location.pathname.lastIndexOf(PAGE));

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.slug = (problem.type ?? "").split("/").pop();
  }
}

// The server could not be reached.
export class NoLine extends Error {}

async function reach(target, options) {
  try {
    return await fetch(API + target, { ...options, cache: "no-store", credentials: "omit" });
  } catch (error) {
    throw new NoLine(error.message);
  }
}

export const me = () => get("device", "me");

export function base64url(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function hex(data) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(data));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sign(key, lines) {
  const text = new TextEncoder().encode(lines.join("\n"));
  return base64url(await crypto.subtle.sign(ECDSA, key, text));
}

async function answerOf(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem);
}

// Enrols with the code that staff showed. The private key never leaves this browser.
export async function enrol(code, name, language) {
  const made = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  const publicKey = base64url(await crypto.subtle.exportKey("raw", made.publicKey));
  const body = {
    code,
    name,
    device_at: new Date().toISOString(),
    public_key: publicKey,
    signature: await sign(made.privateKey, ["kepu-enrolment-1", code, name, publicKey]),
  };
  const response = await reach("/check-ins/devices", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": language },
    body: JSON.stringify(body),
  });
  const device = await answerOf(response);
  await put("device", { name: "me", seq: 0, privateKey: made.privateKey, ...own(device) });
}

// What the server says of us, as we keep it.
export function own(device) {
  return {
    id: device.id,
    label: device.name,
    contact: device.contact.id,
    offset: device.clock_offset_ms,
    revoked: device.revoked_at,
  };
}

// A request signed as a whole. `tag` asks only for what has changed; null answers that nothing has.
export async function ask(method, target, { body, tag, accept, language } = {}) {
  const { id, privateKey } = await me();
  const content = body === undefined ? "" : JSON.stringify(body);
  const clock = String(Date.now());
  const lines = ["kepu-request-1", method, target, clock, await hex(content)];
  const headers = { "Kepu-Device": `${id} ${clock} ${await sign(privateKey, lines)}` };
  if (content) headers["Content-Type"] = "application/json";
  if (tag) headers["If-None-Match"] = tag;
  if (accept) headers.Accept = accept;
  if (language) headers["Accept-Language"] = language;
  const response = await reach(target, { method, headers, body: content || undefined });
  if (response.status === 304) return null;
  if (accept && response.ok) return response.blob();
  return { ...(await answerOf(response)), tag: response.headers.get("ETag") };
}

// Writes a scan down for good, and answers it. Nothing is shown as done before that.
export async function record(occurrence, { ticket, registration, members }) {
  const { id, contact, privateKey } = await me();
  const seq = await nextSeq();
  const clientId = crypto.randomUUID();
  const now = Date.now();
  const lines = ["kepu-scan-1", id, contact, clientId, String(seq), String(now), occurrence];
  // What a ticket names stands in it: only a choice by hand names the registration itself.
  const byHand = ticket === null ? registration : null;
  lines.push(ticket === null ? "" : await hex(ticket), byHand ?? "", members.join(","));
  const sent = {
    client_id: clientId,
    contact_id: contact,
    seq,
    device_at: new Date(now).toISOString(),
    occurrence_id: occurrence,
    ticket,
    registration_id: byHand,
    members,
    signature: await sign(privateKey, lines),
  };
  const scan = { client_id: clientId, occurrence_id: occurrence, registration, queued: 1, sent };
  await put("scans", scan);
  return scan;
}
