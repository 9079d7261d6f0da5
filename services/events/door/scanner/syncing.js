// Lists in, scans out. Every step can break off at any moment and be taken again.

import { ask, me, own } from "./device.js";
import { all, forget, get, partiesOf, put, queued, remember, scansOf } from "./store.js";

// Small enough to arrive over a line that drops.
const BATCH = 50;
const AGAIN = 200;

async function deliver(batch, language) {
  const { seq } = await me();
  const body = { last_seq: seq, scans: batch.map((scan) => scan.sent) };
  let answer;
  try {
    answer = await ask("POST", "/check-ins/sync", { body, language });
  } catch (error) {
    // One that the server cannot read must not hold up the others.
    if (error.status !== 422 || batch.length === 0) throw error;
    if (batch.length === 1) {
      const result = { outcome: "unknown", counted: [], firsts: [], doubtful: false };
      await put("scans", { ...batch[0], queued: 0, result });
      return null;
    }
    const half = batch.length >> 1;
    await deliver(batch.slice(0, half), language);
    return deliver(batch.slice(half), language);
  }
  const results = new Map(answer.scans.map((result) => [result.client_id, result]));
  await put("scans", ...batch.map((scan) =>
    ({ ...scan, queued: 0, result: results.get(scan.client_id) })));
  await remember(own(answer.device));
  return answer;
}

// Sends what waits. With `again`, also what was sent of this occurrence: an earlier scan of another
// device may have changed what ours came to.
export async function send(language, again) {
  const waiting = await queued();
  const old = again ? (await scansOf(again)).filter((scan) => !scan.queued).slice(-AGAIN) : [];
  const scans = [...waiting, ...old].sort((a, b) => a.sent.seq - b.sent.seq);
  // Also with nothing to send: so the server sees the clock, and we hear how we stand.
  for (let at = 0; at < Math.max(scans.length, 1); at += BATCH)
    await deliver(scans.slice(at, at + BATCH), language);
}

// Page by page. A page is marked as known once its items are kept: what breaks off is asked again.
async function* pages(path, language) {
  let cursor = "";
  do {
    const url = `${path}?limit=100${cursor}`;
    const known = await get("pages", url);
    const found = await ask("GET", url, { tag: known?.tag, language });
    if (found) {
      yield found.items;
      await put("pages", { url, tag: found.tag, next: found.next });
    }
    const next = (found ?? known).next;
    cursor = next && `&cursor=${next}`;
  } while (cursor);
}

// The occurrences that this device may serve. Names do not stay longer than the door is open.
export async function refreshPacks(language) {
  for (const pack of await all("packs"))
    if (Date.parse(pack.closes_at) < Date.now()) await forget(pack.occurrence_id);
  for await (const items of pages("/check-ins/packs", language)) await put("packs", ...items);
}

// The list of one door; pages that have not changed are not sent again.
export async function refreshParties(occurrence, language) {
  const path = `/check-ins/packs/${occurrence}/registrations`;
  for await (const items of pages(path, language))
    await put("parties", ...items.map((item) => ({ ...item, occurrence_id: occurrence })));
  return (await partiesOf(occurrence)).length;
}

// The next ones first; those whose door has closed are not shown.
export async function packs() {
  const now = Date.now();
  const open = (await all("packs")).filter((pack) => Date.parse(pack.closes_at) > now);
  return open.sort((a, b) => a.starts_at.localeCompare(b.starts_at));
}
