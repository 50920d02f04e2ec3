/* Small comforts. Every page works without this file. */
(() => {
  "use strict";
  const all = (query, within = document) => within.querySelectorAll(query);
  document.documentElement.classList.add("with-script");

  /* Older browsers autofocus fields only. */
  if (!("autofocus" in HTMLElement.prototype)) all("[data-focus]")[0]?.focus();

  /* A page that waits looks again by itself. */
  const waiting = all("[data-again]")[0];
  if (waiting) setTimeout(() => location.replace(waiting.dataset.again || location.href), 2000);

  /* Copy buttons, if possible. */
  const offerCopies = () => navigator.clipboard && all("[data-copy]").forEach((button) => { button.hidden = false; });
  offerCopies();
  document.addEventListener("htmx:afterSwap", offerCopies);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const word = button.querySelector("span");
    const before = word.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    word.textContent = button.dataset.copied;
    setTimeout(() => { word.textContent = before; }, 2000);
  });

  /* A form is sent once; coming back wakes it up. */
  const wake = () => all("[aria-busy=true]").forEach((busy) => busy.removeAttribute("aria-busy"));
  addEventListener("pageshow", wake);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.ariaBusy === "true") return event.preventDefault();
    if (event.defaultPrevented || form.method !== "post" || form.target) return;
    for (const busy of [form, event.submitter]) busy?.setAttribute("aria-busy", "true");
    setTimeout(wake, 8000);
  });

  /* Time left, beside a clock time. */
  const start = Date.now();
  const countDown = () => all("[data-seconds]").forEach((one) => {
    const minutes = Math.ceil((one.dataset.seconds - (Date.now() - start) / 1000) / 60);
    one.textContent = minutes > 0 ? one.dataset.left.replace("#", minutes) : one.dataset.over;
  });
  countDown();
  setInterval(countDown, 20000);

  /* The demo's clock ticks; data-tick: seconds since local midnight. */
  const tick = () => all("[data-tick]").forEach((one) => {
    const moment = new Date(one.dataset.tick * 1000 + Date.now() - start);
    one.textContent = moment.toISOString().slice(11, 19).replaceAll(":", ".");
  });
  tick();
  if (all("[data-tick]")[0]) setInterval(tick, 1000);
})();
