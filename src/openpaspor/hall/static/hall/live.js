/* Looks again by itself. [data-live] names the address, [data-every] the milliseconds. Of the answer only those
   [data-part]s are put in that changed, so focus and pulses stay as they are. Every page works without this file. */
(() => {
  "use strict";
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && print());
  const root = document.querySelector("[data-live]");
  if (!root) return;
  const every = Number(root.dataset.every);
  let tag = "", failed = 0;

  const isBusy = () => document.querySelector("details.hall-deed[open],form[aria-busy=true]")
    || document.activeElement?.matches("input,select,textarea");

  const put = (fresh) => {
    const old = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
    if (!old || old.isEqualNode(fresh)) return;
    /* What carries buttons is not exchanged under somebody's hands: the page is opened anew when it is at rest. */
    if ("mark" in fresh.dataset) return isBusy() || location.replace(root.dataset.home);
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    for (const one of old.querySelectorAll("details")) {
      const same = [...fresh.querySelectorAll("details")].find((two) => two.dataset.list === one.dataset.list);
      if (same) same.open = one.open;
    }
    if (old.isEqualNode(fresh)) return;
    old.replaceWith(fresh);
    if (focused) fresh.querySelector(`[href="${focused}"]`)?.focus({ preventScroll: true });
  };

  const stand = (still) => {
    document.body.classList.toggle("hall-still", still);
    for (const one of document.querySelectorAll(".hall-stale")) one.hidden = !still;
  };

  const look = async () => {
    if (!document.hidden) {
      try {
        const headers = tag ? { "If-None-Match": tag } : {};
        const answer = await fetch(root.dataset.live, { headers, cache: "no-store", signal: AbortSignal.timeout(4000) });
        if (answer.redirected) return location.reload(); // signed out
        if (answer.status !== 304 && !answer.ok) throw new Error(answer.status);
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          tag = answer.headers.get("ETag") || "";
          page.querySelectorAll("[data-part]").forEach((part) => put(document.adoptNode(part)));
        }
        stand((failed = 0) > 0);
      } catch {
        if (++failed > 2) stand(true);
      }
    }
    setTimeout(look, every * (0.9 + Math.random() * 0.2));
  };
  setTimeout(look, every);
})();
