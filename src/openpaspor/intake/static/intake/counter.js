/* The counter: keys on paper rows, chips by digit, quiet saving, camera, viewer. Every page works without this file. */
(() => {
  "use strict";
  const say = document.querySelector("[data-saved]");
  const typing = (target) => target.closest?.("input:not([type=radio],[type=checkbox]),textarea,select");
  const freshNonce = (form) => {
    const nonce = form.querySelector("input[name=nonce]");
    if (nonce) nonce.value = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
  };

  /* Send a form without leaving the page. Each sending is a deed of its own, and one follows the other: on a slow line an
     earlier one that came later would undo it. */
  let underway = 0, last = Promise.resolve();
  const post = async (form, extra) => {
    const body = new FormData(form);
    if (extra) body.set(extra.name, extra.value);
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    freshNonce(form);
    if (!answer.ok) throw new Error(answer.status);
    const { saved } = await answer.json();
    if (say) say.textContent = `✓ ${saved}`;
  };
  const send = (form, extra) => {
    underway += 1;
    last = last.catch(() => {}).then(() => post(form, extra)).finally(() => { underway -= 1; });
    return last;
  };

  /* Y, T, U and F on a focused paper row; then the next row that is still open, then the next section. */
  const rows = [...document.querySelectorAll("[data-row]")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const row = event.target.closest?.("[data-row]");
    const button = row?.querySelector(`[data-row-key="${event.key.toLowerCase()}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });
  for (const form of document.querySelectorAll("form[data-quiet]")) {
    form.addEventListener("submit", async (event) => {
      const button = event.submitter;
      if (!button) return;
      event.preventDefault();
      const row = form.closest("[data-row]");
      try { await send(form, button); } catch { form.requestSubmit === undefined ? form.submit() : location.reload(); return; }
      row.dataset.verdict = button.value;
      for (const other of form.querySelectorAll("button")) other.toggleAttribute("aria-pressed", false);
      button.setAttribute("aria-pressed", "true");
      const chip = Object.assign(document.createElement("span"), { className: `chip chip-${button.dataset.tone}`, textContent: button.dataset.says });
      chip.style.paddingLeft = "10px";
      row.querySelector("[data-chip]").replaceChildren(chip);
      const next = rows.find((other) => !other.dataset.verdict);
      if (next) { next.focus(); show(next); } else document.querySelector(".action-bar [data-key='Ctrl+Enter']")?.focus();
    });
  }

  /* A digit chooses a chip of the focused question and goes on to the next question. */
  const questions = [...document.querySelectorAll("[data-question]")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target) || !/^[1-9]$/.test(event.key)) return;
    const rail = event.target.closest?.(".rail");
    if (rail) { rail.querySelector(`[data-rail="${event.key}"]`)?.click(); return; }
    const question = event.target.closest?.("[data-question]");
    const chip = question?.querySelectorAll("input[type=radio]")[event.key - 1];
    if (!chip) return;
    event.preventDefault();
    chip.click();
    focusQuestion(questions[questions.indexOf(question) + 1] || question);
  });
  const focusQuestion = (question) =>
    (question?.querySelector("input:checked") || question?.querySelector("input"))?.focus();

  /* Answers are safe as soon as they are chosen. */
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    form.addEventListener("change", () => send(form).catch(() => {}));
    form.addEventListener("submit", (event) => {
      if (!underway) return;
      event.preventDefault();
      last.catch(() => {}).then(() => form.requestSubmit(event.submitter));
    });
  }

  /* The evidence viewer. */
  const viewer = document.querySelector("[data-viewer]");
  let zoom = 1, turn = 0;
  const settle = () => {
    const image = viewer.querySelector("img");
    image.style.width = `${100 * zoom}%`;
    image.style.transform = `rotate(${turn}deg)`;
  };
  const show = (row) => {
    const link = row?.querySelector?.("[data-view]");
    if (!viewer || !link) return;
    const image = viewer.querySelector("img");
    if (image.getAttribute("src") === link.dataset.view) return;
    image.src = link.dataset.view;
    image.alt = link.dataset.name;
    viewer.querySelector("[data-viewer-name]").textContent = link.dataset.name;
    viewer.querySelector("[data-viewer-link]").href = link.dataset.view;
    zoom = 1; turn = 0; settle();
  };
  for (const link of document.querySelectorAll("[data-view]")) {
    link.addEventListener("click", (event) => { event.preventDefault(); show(link.closest("[data-row]")); });
  }
  viewer?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.zoom) zoom = Math.min(6, Math.max(1, zoom * button.dataset.zoom));
    if ("turn" in button.dataset) turn = (turn + 90) % 360;
    settle();
  });

  /* The camera: Space takes, Enter accepts. Without one, the file chooser is there all the time. */
  const words = document.querySelector("[data-camera-words]")?.dataset;
  const camera = (panel) => {
    const input = document.getElementById(panel.dataset.input);
    const upright = panel.dataset.camera === "user";
    const make = (word, kind = "secondary") => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `button button-${kind}`;
      button.append(Object.assign(document.createElement("span"), { textContent: word }));
      return button;
    };
    const open = make(words.wordStart), take = make(words.wordTake), accept = make(words.wordAccept), again = make(words.wordAgain);
    take.append(" ", Object.assign(document.createElement("kbd"), { textContent: words.wordSpace }));
    accept.append(" ", Object.assign(document.createElement("kbd"), { textContent: "Enter" }));
    const stage = document.createElement("div");
    stage.className = `camera-stage${upright ? " upright" : ""}${"oval" in panel.dataset ? " oval" : ""}`;
    const buttons = document.createElement("div");
    buttons.className = "cluster";
    const note = document.createElement("p");
    note.className = "quiet";
    note.setAttribute("role", "status");
    panel.append(stage, buttons, note);
    stage.hidden = true;
    buttons.append(open);
    let stream = null, shot = null;
    const stop = () => { stream?.getTracks().forEach((track) => track.stop()); stream = null; };
    const start = async (focus) => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: panel.dataset.camera, width: { ideal: 1920 }, height: { ideal: 1080 } } });
      } catch { note.textContent = words.wordNone; stage.hidden = true; buttons.replaceChildren(open); return; }
      const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true, muted: true, srcObject: stream });
      video.setAttribute("aria-label", words.wordLive);
      stage.replaceChildren(video);
      stage.hidden = false;
      note.textContent = "";
      buttons.replaceChildren(take);
      if (focus) take.focus();
      stream.getVideoTracks()[0].addEventListener("ended", () => { note.textContent = words.wordNone; buttons.replaceChildren(open); });
    };
    const shoot = () => {
      const video = stage.querySelector("video");
      const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
      canvas.getContext("2d").drawImage(video, 0, 0);
      canvas.toBlob((blob) => {
        canvas.width = canvas.height = 0;
        stop();
        shot = new File([blob], "kamera.jpg", { type: "image/jpeg" });
        const image = Object.assign(document.createElement("img"), { src: URL.createObjectURL(shot), alt: words.wordShot });
        stage.replaceChildren(image);
        buttons.replaceChildren(accept, again);
        accept.focus();
      }, "image/jpeg", 0.92);
    };
    open.addEventListener("click", () => start(true));
    again.addEventListener("click", () => start(true));
    take.addEventListener("click", shoot);
    accept.addEventListener("click", () => {
      const files = new DataTransfer();
      files.items.add(shot);
      input.files = files.files;
      input.form.requestSubmit();
    });
    panel.addEventListener("keydown", (event) => {
      if (event.key === " " && take.isConnected) { event.preventDefault(); shoot(); }
    });
    window.addEventListener("pagehide", stop);
    if ("start" in panel.dataset) start(true);
    const details = panel.closest("details");
    let shown = details?.open; // with an error on it: the hands stay there
    details?.addEventListener("toggle", () => {
      if (shown) shown = false;
      else details.open ? start(true) : stop();
    });
  };
  if (words && navigator.mediaDevices?.getUserMedia) document.querySelectorAll("[data-camera]").forEach(camera);

  /* Where the hands go first. */
  const current = document.querySelector(".card-now");
  if (!document.querySelector("[data-focus]")) {
    if (current?.id === "dokumen") { const row = rows.find((each) => !each.dataset.verdict); row?.focus(); show(row); }
    if (current?.id === "wawancara") focusQuestion(questions.find((each) => !each.querySelector("input:checked")) || questions[0]);
    if (current && current.id !== "identitas" && location.hash === "") current.scrollIntoView({ block: "start" });
  }
})();
