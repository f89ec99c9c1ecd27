"use strict";
(() => {
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem("aqa-bench-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("aqa-bench-theme", theme); } catch { /* not kept */ } };
  const given = remembered();
  if (given === "light" || given === "dark") root.dataset.theme = given;

  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };

  const addThemeButton = () => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const button = make("button", { type: "button", class: "theme" });
    const show = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `Use ${dark() ? "light" : "dark"} colours`);
    };
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    show();
    document.querySelector("header nav").append(button);
  };

  const key = (row, column, numeric) => {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === "" ? NaN : Number(cell.dataset.value);
  };

  // Missing numbers stay last in either direction; ties keep the order of the page.
  const compare = (a, b, sign) => {
    if (typeof a === "string") return sign * a.localeCompare(b, "en", { numeric: true });
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return sign * (a - b);
  };

  const addSorting = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const numeric = "numeric" in head.dataset;
      const button = make("button", { type: "button" }, head.textContent.trim());
      if (head.title) button.title = head.title;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const first = numeric && column > 0 ? "descending" : "ascending";
        const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = original.map((row) => [key(row, column, numeric), row]);
        keyed.sort(([a], [b]) => compare(a, b, sign));
        body.append(...keyed.map(([, row]) => row));
      });
    });
  };

  const addFilter = (box, table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 4) return;
    const tools = make("div", { class: "tools", role: "group", "aria-label": `Filter: ${table.caption.textContent}` });
    const labelled = (text, control) => {
      const label = make("label", {}, text);
      label.append(control);
      tools.append(label);
      return control;
    };
    const words = labelled("Filter rows", make("input", { type: "search", autocomplete: "off" }));
    const kinds = box.querySelector("template[data-kinds]");
    let kind = null;
    if (kinds) {
      kind = labelled("Show", make("select"));
      kind.append(make("option", { value: "" }, "everything"), kinds.content.cloneNode(true));
    }
    const told = make("p", { role: "status" });
    tools.append(told);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        const fits = wanted.every((word) => texts[i].includes(word)) && (!kind?.value || row.dataset.kind === kind.value);
        row.hidden = !fits;
        shown += Number(fits);
      });
      told.textContent = `${shown} of ${rows.length} rows shown`;
    };
    words.addEventListener("input", apply);
    kind?.addEventListener("change", apply);
    apply();
    box.prepend(tools);
  };

  document.addEventListener("DOMContentLoaded", () => {
    addThemeButton();
    for (const box of document.querySelectorAll("[data-table]")) {
      const table = box.querySelector("table");
      addFilter(box, table);
      addSorting(table);
    }
  });
})();
