/* Makes a photo smaller on the phone and sends it at once. Without this file the button sends it as it is. */
(() => {
  "use strict";
  const LONG_SIDE = 2000;
  const QUALITY = 0.7;
  const form = document.querySelector("form[data-photo]");
  if (!form) return;
  const said = form.querySelector("[data-said]");

  const smaller = async (file) => {
    if (file.size < 350 * 1024 || !window.createImageBitmap) return file;
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  };

  form.addEventListener("change", async (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.files.length) return;
    said.textContent = form.dataset.wait;
    try {
      const kept = new DataTransfer();
      kept.items.add(await smaller(input.files[0]));
      input.files = kept.files;
    } catch { /* the server makes it smaller, or says what is wrong with it */ }
    form.requestSubmit();
  });
})();
