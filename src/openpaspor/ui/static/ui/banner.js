/* The state of service and the sync word on a page that stays open: looked at every few seconds; the state is said again only
   when it has changed. */
(() => {
  "use strict";
  const banner = document.querySelector("[data-banner]");
  if (!banner) return;
  const renew = (word) => {
    const shown = document.querySelector(".topbar .sync-link");
    word?.remove();
    if (word && shown && shown !== document.activeElement && !shown.isEqualNode(word)) shown.replaceWith(word);
  };
  let said = banner.textContent.trim();
  const look = async () => {
    let pause = 3000;
    if (!document.hidden) {
      try {
        const answer = await fetch(banner.dataset.banner, { cache: "no-store", signal: AbortSignal.timeout(4000) });
        const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").body;
        if (fresh) renew(fresh.querySelector(".sync-link"));
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
