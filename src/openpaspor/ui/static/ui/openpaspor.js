/* Small comforts. Every page works without this file. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("with-script");

  /* Focus what needs reading first: the list of what to fix, or a refusal. */
  document.querySelector("[data-focus]")?.focus();

  /* Copy buttons. */
  const copyable = navigator.clipboard && window.isSecureContext;
  const offerCopies = (within) => {
    if (copyable) for (const button of within.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  };
  offerCopies(document);
  document.addEventListener("htmx:afterSwap", (event) => offerCopies(event.target));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const word = button.querySelector("span");
    const before = word.textContent;
    word.textContent = button.dataset.copied;
    setTimeout(() => { word.textContent = before; }, 2000);
  });

  /* A form is sent once; the button says so. Coming back wakes it up again. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("aria-busy") === "true") return event.preventDefault();
    if (event.defaultPrevented || form.method !== "post" || form.target) return;
    form.setAttribute("aria-busy", "true");
    event.submitter?.setAttribute("aria-busy", "true");
    setTimeout(() => wake(), 8000);
  });
  const wake = () => {
    for (const busy of document.querySelectorAll("[aria-busy=true]")) busy.removeAttribute("aria-busy");
  };
  window.addEventListener("pageshow", wake);

  /* Keys of staff pages: data-key="F2", "Ctrl+Enter", "a". One letter never acts while somebody types. */
  const typing = (target) => target.closest?.("input:not([type=radio],[type=checkbox]),textarea,select,[contenteditable]");
  const nameOf = (event) =>
    [event.ctrlKey && "ctrl", event.altKey && "alt", event.shiftKey && event.key.length > 1 && "shift", event.key.toLowerCase()]
      .filter(Boolean).join("+");
  const shown = (element) => element.getClientRects().length > 0 && !element.disabled;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.metaKey) return;
    const name = nameOf(event);
    if (name.length === 1 && typing(event.target)) return;
    if (name === "/") {
      const search = document.querySelector("[data-search], input[type=search]");
      if (search) { event.preventDefault(); search.focus(); search.select?.(); }
      return;
    }
    if (name === "?") return toggleHelp();
    if (name === "escape" && help) return toggleHelp();
    for (const element of document.querySelectorAll("[data-key]")) {
      if (element.dataset.key.toLowerCase() === name && shown(element)) {
        event.preventDefault();
        element.focus();
        element.click();
        return;
      }
    }
  });
  let help = null;
  const toggleHelp = () => {
    if (help) { help.remove(); help = null; return; }
    const list = document.createElement("dl");
    for (const element of document.querySelectorAll("[data-key]")) {
      const key = document.createElement("dt");
      key.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key }));
      const what = document.createElement("dd");
      what.textContent = (element.querySelector("span") || element).textContent.trim();
      list.append(key, what);
    }
    if (!list.children.length) return;
    help = document.createElement("div");
    help.className = "key-help";
    help.setAttribute("role", "status");
    help.append(list);
    document.body.append(help);
  };

  /* Time left, said in minutes beside a clock time that is always there: data-until="2026-11-24T02:40:00Z". */
  const countDown = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      const now = Date.now() + Number(element.dataset.offset || 0) * 1000;
      const minutes = Math.ceil((Date.parse(element.dataset.until) - now) / 60000);
      element.textContent = minutes > 0 ? element.dataset.left.replace("%", minutes) : element.dataset.over;
    }
  };
  countDown();
  setInterval(countDown, 20000);
})();
