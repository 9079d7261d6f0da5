// Keeps the page for airplane mode. The server writes the version and the files into this text.
const VERSION = "{{version}}";
const FILES = {{files}};
const PAGE = new URL(FILES[0], location).pathname;

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(
    caches.open(VERSION).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(
      names.filter((name) => name.startsWith("door-") && name !== VERSION)
        .map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET") return;
  if (path !== PAGE && !path.startsWith(`${PAGE}/`)) return;
  event.respondWith(
    caches.open(VERSION).then(async (cache) =>
      (await cache.match(event.request, { ignoreSearch: true })) ?? fetch(event.request)));
});
