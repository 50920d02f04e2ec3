/* Small comforts. Every page works without this file. */
(() => {
  "use strict";
  const all = (query, within = document) => within.querySelectorAll(query);
  document.documentElement.classList.add("with-script");

  /* Older browsers autofocus fields only. */
  if (!("autofocus" in HTMLElement.prototype)) all("[data-focus]")[0]?.focus();

  /* On a narrow screen, where one is must not be cut off. */
  const here = all(".staff-nav [aria-current]")[0];
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 12;

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

  /* Keys: data-key="F2", "Ctrl+Enter", "a". One letter never acts while somebody types. */
  const typing = "input:not([type=radio],[type=checkbox]),textarea,select";
  const isSeen = (one) => one.checkVisibility?.() ?? one.offsetParent;
  const nameOf = ({ key, ctrlKey, altKey, shiftKey }) =>
    (ctrlKey ? "ctrl+" : "") + (altKey ? "alt+" : "") + (shiftKey && key.length > 1 ? "shift+" : "") + key.toLowerCase();
  document.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (event.defaultPrevented || event.isComposing || (name.length === 1 && event.target.closest(typing))) return;
    const search = all("[data-search],[type=search]")[0];
    if (name === "?" || (help && name === "escape")) return toggleHelp();
    const wanted = name === "/" ? search
      : [...all("[data-key]")].find((one) => one.dataset.key.toLowerCase() === name && !one.disabled && isSeen(one));
    if (!wanted) return;
    event.preventDefault();
    wanted.focus({ preventScroll: true });
    wanted === search ? search.select() : wanted.click();
  });
  let help;
  const ON_KEYS = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };
  const toggleHelp = () => {
    if (help) return (help = help.remove());
    const list = document.createElement("dl");
    const tell = (names, one) => {
      const [keys, does] = ["dt", "dd"].map((name) => list.appendChild(document.createElement(name)));
      for (const name of names.split("+")) keys.appendChild(document.createElement("kbd")).textContent = ON_KEYS[name] || name.replace(/^[a-z]$/, (letter) => letter.toUpperCase());
      const words = (one.labels?.[0] || one).cloneNode(true);
      for (const key of all("kbd", words)) key.remove();
      does.textContent = (all(`[lang=${document.documentElement.lang}]`, words)[0] || all("span", words)[0] || words).textContent.trim();
    };
    for (const one of all("[data-key]")) if (isSeen(one)) tell(one.dataset.key, one);
    const search = all("[data-search]")[0];
    if (search) tell("/", search);
    for (const more of all("template[data-keys]")) list.append(more.content.cloneNode(true));
    help = document.createElement("div");
    help.className = "key-help";
    help.role = "status";
    help.append(list);
    if (list.firstChild) document.body.append(help);
  };

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
