// What a page shows to whom: how many texts it has, those that hardly stand out from their ground (below 4.5:1),
// and controls and pictures without a name.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((e) => !e.closest("script, .skip, .unseen, title, desc"));
  const low = texts.map((e) => {
    // Words in a drawing are filled, others have a colour.
    const style = getComputedStyle(e);
    const [a, b] = [light(rgba(e.closest("svg") ? style.fill : style.color)), light(ground(e))];
    return [e.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
  const kinds = "button, a, input:not([type=hidden]), progress, img, [role=img]";
  const named = (e) => e.textContent.trim() || e.getAttribute("aria-label") || e.hasAttribute("alt") || e.labels?.length;
  const unnamed = [...document.querySelectorAll(kinds)]
    .filter((e) => !e.closest("[aria-hidden=true]"))
    .filter((e) => !named(e))
    .map((e) => e.outerHTML.slice(0, 80));
  return { texts: texts.length, low, unnamed };
}
