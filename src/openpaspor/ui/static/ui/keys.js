/* Comforts of staff pages: keys, the list of them (?), and the bar of work areas. Every page works without this file. */
(() => {
  "use strict";
  const all = (query, within = document) => within.querySelectorAll(query);

  /* On a narrow screen, where one is must not be cut off. */
  const here = all(".staff-nav [aria-current]")[0];
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 12;

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
})();
