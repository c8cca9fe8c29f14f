// Every page works without this. It adds local times, copying, a state that follows the connection, one click for two,
// and a bar while something takes longer than a second.
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("scripted");

  // The server's clock counts: the clock of a desktop may be wrong.
  const skew = Date.parse(root.dataset.now) - Date.now() || 0;
  const now = () => Date.now() + skew;

  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
  const forms = {
    moment: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }),
    date: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" }),
  };

  // As the server says it (text.rs): in the largest whole unit.
  function relative(time) {
    const away = Math.round((time - now()) / 1000);
    const seconds = Math.abs(away);
    if (seconds < 45) return "just now";
    const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds >= size);
    const number = Math.floor(seconds / size);
    const span = `${number.toLocaleString("en-GB")} ${unit}${number === 1 ? "" : "s"}`;
    return away < 0 ? `${span} ago` : `in ${span}`;
  }

  function localize(within) {
    for (const element of within.querySelectorAll("time[data-local]")) {
      const time = new Date(element.dateTime);
      if (Number.isNaN(time.getTime())) continue;
      const form = forms[element.dataset.local];
      const words = form ? form.format(time) : relative(time);
      if (element.textContent !== words) element.textContent = words;
      element.title = exact.format(time);
    }
  }

  function offerCopying(within) {
    for (const button of within.querySelectorAll("button[data-copy]")) {
      button.hidden = !navigator.clipboard;
    }
  }

  async function copy(button) {
    const words = button.querySelector(".words");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      words.textContent = "Copied";
    } catch {
      words.textContent = "Mark it and copy it by hand";
    }
    setTimeout(() => { words.textContent = "Copy"; }, 2000);
  }

  let waiting = 0;
  function showProgress() {
    clearTimeout(waiting);
    waiting = setTimeout(() => { document.getElementById("progress").hidden = false; }, 1000);
  }
  function hideProgress() {
    clearTimeout(waiting);
    document.getElementById("progress").hidden = true;
    for (const button of document.querySelectorAll("button[data-sent]")) {
      delete button.dataset.sent;
      button.disabled = false;
    }
  }

  // A page that nobody looks at, or that nobody has touched for half an hour, asks no more: it would keep the session
  // alive for somebody who has left.
  const PATIENCE = 30 * 60 * 1000;
  let touched = Date.now();
  const awake = () => !document.hidden && Date.now() - touched < PATIENCE;

  function follow(element) {
    const every = Math.max(2, Number(element.dataset.every) || 10) * 1000;
    let last = null;
    async function refresh() {
      if (awake()) {
        try {
          const response = await fetch(element.dataset.refresh, { headers: { Accept: "text/html" }, redirect: "manual" });
          if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) return;
          if (response.ok) {
            const text = await response.text();
            if (text !== last) {
              last = text;
              element.innerHTML = text;
              localize(element);
              offerCopying(element);
            }
          }
        } catch {
          // The network is away for now; the next round tries again.
        }
      }
      setTimeout(refresh, every);
    }
    setTimeout(refresh, last === null && !element.childElementCount ? 0 : every);
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("button[data-copy]");
    if (copying) copy(copying);
    const menu = event.target.closest("[data-menu]");
    if (menu) {
      const open = document.getElementById("navigation").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    }
    const link = event.target.closest("a[href]");
    if (link && !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
      && !link.download && !link.target && link.origin === location.origin && link.pathname !== location.pathname) {
      showProgress();
    }
  });

  document.addEventListener("submit", (event) => {
    const button = event.submitter || event.target.querySelector("button[type=submit]");
    // After the browser has read the form, which leaves a disabled button out.
    setTimeout(() => {
      if (!button || event.defaultPrevented) return;
      button.dataset.sent = "";
      button.disabled = true;
    });
    showProgress();
  });

  for (const kind of ["pointerdown", "keydown", "scroll"]) {
    document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  // Also when the page comes out of the browser's memory by the back button.
  addEventListener("pageshow", hideProgress);

  document.addEventListener("DOMContentLoaded", () => {
    localize(document);
    offerCopying(document);
    for (const menu of document.querySelectorAll("[data-menu]")) menu.hidden = false;
    for (const element of document.querySelectorAll("[data-refresh]")) follow(element);
    setInterval(() => localize(document), 30000);
  });
})();
