"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

/* Times as this reader writes them. */
for (const time of all("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

for (const form of all("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}

/* Uploading: drop, preview, progress. Without this, the form is an ordinary one. */
const upload = byId("upload");
if (upload) {
  const [clip, camera, drop, preview] = ["clip", "camera", "drop", "preview"].map(byId);
  const chosenText = byId("chosen").textContent;

  const show = (from, other) => {
    const file = from.files[0];
    if (file) other.value = "";
    byId("chosen").textContent = file ? file.name : chosenText;
    URL.revokeObjectURL(preview.src);
    preview.hidden = !file;
    if (file) preview.src = URL.createObjectURL(file) + "#t=0.1";
    const large = file && file.size > Number(upload.dataset.most);
    from.setCustomValidity(large ? `The file is larger than ${upload.dataset.most >> 20} MB.` : "");
    from.reportValidity();
  };
  preview.addEventListener("error", () => { preview.hidden = true; });
  clip.addEventListener("change", () => show(clip, camera));
  camera.addEventListener("change", () => show(camera, clip));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    clip.files = event.dataTransfer.files;
    show(clip, camera);
  });

  upload.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const send = byId("send");
    const back = () => { send.disabled = false; byId("sending").hidden = true; };
    send.disabled = true;
    byId("sending").hidden = false;
    request.upload.addEventListener("progress", (step) => {
      const share = step.lengthComputable ? step.loaded / step.total : 0;
      byId("sent").value = share;
      byId("sent-text").textContent = share < 1 ? `Uploading: ${Math.floor(100 * share)}%` : "Checking the file";
    });
    request.addEventListener("load", () => {
      if (request.status < 400) return location.assign(request.responseURL);
      back();
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const said = page.getElementById("problem") || page.querySelector("main");
      byId("problem").replaceChildren(...said.childNodes);
      byId("problem").scrollIntoView({ block: "center" });
    });
    request.addEventListener("error", () => {
      back();
      byId("problem").textContent = "The upload was interrupted. Try again.";
    });
    request.open("POST", upload.action);
    request.send(new FormData(upload));
  });
}

/* Waiting: the server says what changes. */
const waiting = document.querySelector("[data-events]");
if (waiting) {
  const events = new EventSource(waiting.dataset.events);
  events.addEventListener("message", (event) => {
    const status = JSON.parse(event.data);
    if (!["queued", "running"].includes(status.state)) {
      events.close();
      return location.reload();
    }
    byId("status-title").textContent = status.title;
    byId("status-text").textContent = status.text;
    if (status.share === null) byId("status-bar").removeAttribute("value");
    else byId("status-bar").value = status.share;
  });
}

/* The video and the plot under it show the same moment. */
const video = byId("video");
const timeline = document.querySelector(".timeline");
if (video) {
  for (const button of all("[data-seek]")) {
    button.addEventListener("click", () => { video.currentTime = Number(button.dataset.seek) + 0.01; video.play(); });
  }
}
if (video && timeline) {
  const seconds = Number(timeline.dataset.seconds);
  const heads = all(".head", timeline);
  const bands = all(".band", timeline);
  const cards = all(".rep-card");
  const follow = () => {
    const x = 1000 * Math.min(1, video.currentTime / seconds);
    for (const head of heads) { head.setAttribute("x1", x); head.setAttribute("x2", x); }
    const place = bands.findLastIndex((band) => Number(band.dataset.seek) <= video.currentTime);
    cards.forEach((card, i) => card.classList.toggle("current", i === place && video.currentTime > 0));
    if (!video.paused) requestAnimationFrame(follow);
  };
  for (const kind of ["play", "seeked", "timeupdate"]) video.addEventListener(kind, follow);
  for (const canvas of all(".canvas", timeline)) {
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      video.currentTime = seconds * (event.clientX - box.left) / box.width;
    });
  }
}

/* The slider: what another threshold would have meant on the test clips, and here. */
for (const box of all(".slider")) {
  const known = JSON.parse(box.querySelector("script").textContent);
  const range = box.querySelector("input");
  const percent = (share) => `${Math.round(100 * share)}%`;
  const tell = () => {
    const at = Number(range.value);
    const { [at]: precision } = known.precision;
    const right = precision === null ? "it would have called nothing an error" : `${percent(precision)} of its alarms were right`;
    const found = `it found ${percent(known.recall[at])} of the errors`;
    const flagged = known.scores.filter(([, score]) => score >= known.thresholds[at]).map(([number]) => number);
    const here = !known.scores.length ? "" : flagged.length
      ? ` In this clip it would flag repetition ${flagged.join(", ")}.`
      : " In this clip it would flag no repetition.";
    const used = at === known.start && known.used !== null ? "As judged" : "At this setting";
    box.querySelector(".told").textContent = `${used}, on the test clips: ${right}, and ${found}.${here}`;
    range.setAttribute("aria-valuetext", `threshold ${known.thresholds[at].toPrecision(3)}`);
  };
  range.addEventListener("input", tell);
  tell();
  box.hidden = false;
}
