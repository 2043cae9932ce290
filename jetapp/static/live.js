// Boards that refresh by themselves. Without this script the page has a "Refresh" link.
//
//   <div data-live="/safety/12/live" data-every="10">…</div>     (macro `live` in components/layout.html)
//   <section id="help" data-part data-say="Need help: 4">…</section>
//
// The address answers with HTML that holds any of the parts by id, or with 304 when nothing changed.
// Never lost by a refresh: the focus, what somebody typed, open details, the place on the page.
(() => {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root || !window.Idiomorph) return;

  const every = (Number(root.dataset.every) || 10) * 1000;
  const slowest = Math.max(60000, every);
  const find = (name) => document.querySelector(`[data-live-${name}]`);
  const updated = find("time");
  const refresh = find("refresh");
  const pause = find("pause");
  const stale = find("stale");
  const since = find("since");
  const ended = find("ended");
  const say = find("say");

  let etag = root.dataset.etag || "";
  let timer = 0;
  let paused = false;
  let stopped = false;
  let running = false;
  let failures = 0;
  let lastGood = Date.now();

  const clock = (time) => new Date(time).toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo" });

  function plan(milliseconds) {
    clearTimeout(timer);
    if (!paused && !stopped && !document.hidden) timer = setTimeout(tick, milliseconds);
  }

  function isDirty(form) {
    return [...form.elements].some((e) =>
      e.type === "checkbox" || e.type === "radio"
        ? e.checked !== e.defaultChecked
        : e.tagName === "SELECT"
          ? [...e.options].some((o) => o.selected !== o.defaultSelected && (o.defaultSelected || o.index > 0))
          : "value" in e && e.defaultValue !== undefined && e.type !== "hidden" && e.value !== e.defaultValue,
    );
  }

  const callbacks = {
    beforeNodeMorphed(old) {
      if (old.nodeType !== Node.ELEMENT_NODE) return true;
      if (old.tagName === "FORM" && (isDirty(old) || old.contains(document.activeElement))) return false;
      return true;
    },
    beforeNodeRemoved(old) {
      return !(old.nodeType === Node.ELEMENT_NODE && old.tagName === "FORM" && isDirty(old));
    },
    beforeAttributeUpdated(name, element) {
      return !(name === "open" && element.tagName === "DETAILS");
    },
  };

  // What the reader is looking at: the focused element if it can be seen, else the first thing in view with an id.
  function anchor() {
    const inView = (element) => {
      const box = element.getBoundingClientRect();
      return box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    };
    const focused = document.activeElement;
    if (focused && focused !== document.body && inView(focused)) return focused;
    return [...document.querySelectorAll("[data-part] [id], [data-part]")].find(
      (element) => inView(element) && element.getBoundingClientRect().top >= 0,
    );
  }

  function apply(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const kept = scrollY > 0 ? anchor() : null;
    const before = kept ? kept.getBoundingClientRect().top : 0;
    for (const fresh of page.querySelectorAll("[id][data-part]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      const said = old.dataset.say || "";
      window.Idiomorph.morph(old, fresh, { ignoreActiveValue: true, restoreFocus: true, callbacks });
      if (say && fresh.dataset.say && fresh.dataset.say !== said) say.textContent = fresh.dataset.say;
    }
    if (kept && kept.isConnected) scrollBy(0, kept.getBoundingClientRect().top - before);
  }

  function good() {
    failures = 0;
    lastGood = Date.now();
    root.classList.remove("is-stale");
    if (updated) updated.textContent = clock(lastGood);
    if (stale) stale.hidden = true;
  }

  function bad() {
    failures += 1;
    root.classList.add("is-stale");
    if (since) since.textContent = clock(lastGood);
    if (stale) stale.hidden = false;
  }

  function end() {
    stopped = true;
    root.classList.add("is-stale");
    if (stale) stale.hidden = true;
    if (ended) ended.hidden = false;
  }

  async function tick() {
    if (running || paused || stopped || document.hidden) return;
    running = true;
    try {
      const answer = await fetch(root.dataset.live, {
        headers: etag ? { "If-None-Match": etag } : {},
        cache: "no-store",
        credentials: "same-origin",
        redirect: "manual",
        signal: AbortSignal.timeout(8000),
      });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) {
        end();
      } else if (answer.status === 304) {
        good();
      } else if (answer.ok) {
        const html = await answer.text();
        if (!paused) {
          etag = answer.headers.get("ETag") || "";
          apply(html);
        }
        good();
      } else {
        bad();
      }
    } catch {
      bad();
    } finally {
      running = false;
    }
    const wait = Math.min(every * 2 ** Math.min(failures, 4), slowest);
    plan(failures ? wait * (0.9 + Math.random() * 0.2) : wait);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : plan(0)));
  addEventListener("online", () => plan(0));
  addEventListener("offline", bad);
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      root.classList.toggle("is-paused", paused);
      pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
      paused ? clearTimeout(timer) : plan(0);
    });
  }
  if (refresh) refresh.hidden = true;
  document.documentElement.classList.add("is-live");
  plan(every);
})();
