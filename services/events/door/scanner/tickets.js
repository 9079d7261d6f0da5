// Tickets: verified without a line, and judged by the list that the device took along.

import { verifyAsync } from "./ed25519/index.js";

function bytes(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0));
}

function uuid(text) {
  const hex = [...bytes(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function isSigned(key, signature, data) {
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: key.x };
    const made = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, made, signature, data);
  } catch (error) {
    // A browser without Ed25519 says so by one of these.
    if (!["NotSupportedError", "DataError", "SyntaxError"].includes(error.name)) throw error;
    return verifyAsync(signature, data, bytes(key.x));
  }
}

// What a ticket says, or null for whatever this installation did not sign as a ticket.
export async function read(text, keys) {
  const parts = text.split(".");
  if (parts.length !== 3) return null;
  try {
    const [header, body] = parts.slice(0, 2).map((part) =>
      JSON.parse(new TextDecoder().decode(bytes(part))));
    const key = keys.find((each) => each.kid === header.kid);
    const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
    if (header.typ !== "kepu-ticket" || header.alg !== "EdDSA" || !key) return null;
    if (!(await isSigned(key, bytes(parts[2]), signed))) return null;
    return { registration: uuid(body.r), occurrence: uuid(body.o), numbers: body.m };
  } catch {
    return null; // not base64url, not JSON: not a ticket
  }
}

// What to do with what was scanned or typed. `parties` is the list, `came` the numbers that this
// device let in itself, by registration.
export async function judge(text, pack, parties, came) {
  const ticket = await read(text, pack.keys);
  let party;
  if (ticket) {
    if (ticket.occurrence !== pack.occurrence_id) return { verdict: "elsewhere" };
    party = parties.find((each) => each.id === ticket.registration);
  } else {
    const end = text.toLowerCase().replace(/\s/g, "");
    if (end.length < 6 || end.length > 36) return { verdict: "bad" };
    const found = parties.filter((each) => each.id.endsWith(end));
    if (found.length > 1) return { verdict: "several" };
    if (found.length === 0) return { verdict: end.includes(".") ? "bad" : "notFound" };
    party = found[0];
  }
  // A valid ticket that is not on the list is of somebody who registered since: the server decides.
  const state = party?.state ?? "confirmed";
  if (state === "cancelled" || state === "lapsed") return { verdict: "cancelled", party };
  // Tickets are made for confirmed parties only: one that waits on the list was confirmed since.
  if (state !== "confirmed" && !ticket) return { verdict: "unconfirmed", party };
  const registration = party?.id ?? ticket.registration;
  const numbers = party?.numbers ?? ticket.numbers;
  const listed = ticket ? numbers.filter((number) => ticket.numbers.includes(number)) : numbers;
  const here = new Set([...(party?.came ?? []), ...(came.get(registration) ?? [])]);
  const left = listed.filter((number) => !here.has(number));
  const how = { registration, party, ticket: ticket ? text : null, left, unlisted: !party };
  return { verdict: left.length === 0 ? "already" : "in", ...how, numbers: listed };
}
