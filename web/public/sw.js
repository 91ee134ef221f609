// The offline shell: keeps the page's own files, and nothing that anybody said. What has a digest in its name never
// changes and comes from here; the page itself is asked for each time, and from here only without a server.

const CACHE = "deltawire-page-1";
const PAGE = "/";
const MOST = 200; // files: those of builds before go, the oldest first

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(new Request(PAGE, { cache: "reload" }))));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(fromCacheFirst(request));
  else if (request.mode === "navigate" && (pathname === PAGE || /^\/c\/[\w-]{1,64}$/.test(pathname))) {
    event.respondWith(pageFromServerFirst(request));
  }
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then(([page]) => (page ? page.focus() : self.clients.openWindow(PAGE))),
  );
});

async function fromCacheFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.status === 200 && (await put(cache, request, answer))) {
    const keys = await cache.keys();
    for (const old of keys.slice(0, Math.max(0, keys.length - MOST))) {
      if (new URL(old.url).pathname !== PAGE) await cache.delete(old);
    }
  }
  return answer;
}

/** A server of another build brings its own page, with the names of its own files. */
async function pageFromServerFirst(request) {
  const cache = await caches.open(CACHE);
  let answer;
  try {
    answer = await fetch(request);
  } catch (fault) {
    const kept = await cache.match(PAGE, { ignoreVary: true });
    if (kept) return kept;
    throw fault;
  }
  if (answer.status === 200) await put(cache, PAGE, answer);
  return answer;
}

/** Keep what the server sent; a browser that has no room shows it all the same. Resolves with whether it is kept. */
function put(cache, request, answer) {
  return cache.put(request, answer.clone()).then(
    () => true,
    () => false,
  );
}
