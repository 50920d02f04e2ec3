/* Comforts of the print room: two sounds, and a reader that types goes on by itself. Every page works without them. */
(() => {
  "use strict";
  const sounds = { ok: [[880, 0.12]], stop: [[220, 0.25], [165, 0.45]] };
  const wanted = [...document.querySelectorAll("[data-sound]")].map((one) => one.dataset.sound);
  const tune = sounds[wanted.includes("stop") ? "stop" : wanted[0]];
  if (tune && window.AudioContext) {
    const audio = new AudioContext();
    let at = audio.currentTime;
    for (const [pitch, seconds] of tune) {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(audio.destination);
      tone.start(at);
      tone.stop((at += seconds));
    }
  }

  /* The reader ends with Enter: when both lines are there, the next key is the one that passes the booklet. */
  const lines = document.querySelector(".mrz-input");
  const pass = document.querySelector("#inspect-form button[name=all]");
  lines?.addEventListener("input", () => {
    if (lines.value.replace(/\s/g, "").length >= 88) pass.focus();
  });
})();
