/* The state of service on a page that stays open: looked at every few seconds, said again only when it has changed. */
(() => {
  "use strict";
  const banner = document.querySelector("[data-banner]");
  if (!banner) return;
  let said = banner.textContent.trim();
  const look = async () => {
    let pause = 3000;
    if (!document.hidden) {
      try {
        const answer = await fetch(banner.dataset.banner, { cache: "no-store", signal: AbortSignal.timeout(4000) });
        const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").body;
        if (fresh && fresh.textContent.trim() !== said) {
          banner.replaceChildren(...fresh.childNodes);
          said = banner.textContent.trim();
          pause = 15000;
        }
      } catch { /* the next look will tell */ }
    }
    setTimeout(look, pause);
  };
  setTimeout(look, 3000);
})();
