// What the device keeps: its key, its lists, its scans. IndexedDB, so it outlives reloads.

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("kepu-door", 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("device", { keyPath: "name" });
      db.createObjectStore("packs", { keyPath: "occurrence_id" });
      db.createObjectStore("pages", { keyPath: "url" });
      db.createObjectStore("parties", { keyPath: "id" }).createIndex("occurrence", "occurrence_id");
      const scans = db.createObjectStore("scans", { keyPath: "client_id" });
      scans.createIndex("occurrence", "occurrence_id");
      scans.createIndex("queued", "queued");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// One transaction: `work` gets the named stores and answers a request, or nothing.
async function inside(mode, names, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(names, mode, { durability: "strict" });
    const request = work(...names.map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const get = (name, key) => inside("readonly", [name], (store) => store.get(key));
export const all = (name) => inside("readonly", [name], (store) => store.getAll());
export const put = (name, ...rows) =>
  inside("readwrite", [name], (store) => { for (const row of rows) store.put(row); });

export const scansOf = (occurrence) =>
  inside("readonly", ["scans"], (store) => store.index("occurrence").getAll(occurrence));
export const queued = () =>
  inside("readonly", ["scans"], (store) => store.index("queued").getAll(1));
export const partiesOf = (occurrence) =>
  inside("readonly", ["parties"], (store) => store.index("occurrence").getAll(occurrence));

// Lets go of a door that has closed; scans that wait to be sent stay.
export async function forget(occurrence) {
  const names = ["packs", "pages", "parties", "scans"];
  await inside("readwrite", names, (packs, pages, parties, scans) => {
    packs.delete(occurrence);
    const each = (store, range, isOld) => {
      store.openCursor(range).onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        if (isOld(cursor.value)) cursor.delete();
        cursor.continue();
      };
    };
    each(pages, null, (page) => page.url.includes(occurrence));
    each(parties.index("occurrence"), occurrence, () => true);
    each(scans.index("occurrence"), occurrence, (scan) => !scan.queued);
  });
}

// The next sequence number, taken for good: a crash loses a number, never repeats one.
export async function nextSeq() {
  let seq;
  await inside("readwrite", ["device"], (store) => {
    const request = store.get("me");
    request.onsuccess = () => {
      const me = request.result;
      seq = me.seq += 1;
      store.put(me);
    };
  });
  return seq;
}

// Changes what is known of this device without touching its sequence.
export async function remember(changes) {
  await inside("readwrite", ["device"], (store) => {
    const request = store.get("me");
    request.onsuccess = () => store.put({ ...request.result, ...changes });
  });
}
