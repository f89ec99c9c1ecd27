"use strict";
(() => {
  const root = document.documentElement;
  const remember = (theme) => { try { localStorage.setItem("aqa-bench-theme", theme); } catch { /* not kept */ } };

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

  const addSorting = (table, rows, openTies) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const numeric = "numeric" in head.dataset;
      const button = make("button", { type: "button" }, head.textContent.trim());
      if (head.title) button.title = head.title;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        openTies();
        const now = head.getAttribute("aria-sort");
        const first = numeric && column > 0 ? "descending" : "ascending";
        const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = rows.map((row) => [key(row, column, numeric), row]);
        keyed.sort(([a], [b]) => compare(a, b, sign));
        table.tBodies[0].append(...keyed.map(([, row]) => row));
      });
    });
  };

  // Rows that share the rank of the one above wait behind one line that says so.
  const collapseTies = (table, rows) => {
    const opened = [];
    const ranks = [...new Set(rows.map((row) => row.dataset.rank).filter(Boolean))];
    for (const rank of ranks) {
      const tied = rows.filter((row) => row.dataset.rank === rank).slice(1);
      if (tied.length < 2) continue;
      const line = make("tr", { class: "ties" });
      const cell = make("td", { colspan: String(table.tHead.rows[0].cells.length) });
      const words = `Show ${tied.length} more of rank ${rank}, which this test set cannot tell from the one above`;
      const button = make("button", { type: "button", "aria-expanded": "false" }, words);
      const open = () => {
        for (const row of tied) row.hidden = false;
        line.remove();
      };
      button.addEventListener("click", () => {
        open();
        tied[0].querySelector("a, button")?.focus();
      });
      cell.append(button);
      line.append(cell);
      for (const row of tied) row.hidden = true;
      tied[0].before(line);
      opened.push(open);
    }
    return () => { for (const open of opened.splice(0)) open(); };
  };

  const addFilter = (tools, table, rows, openTies) => {
    if (rows.length < 8) return;
    const label = make("label", {}, "Filter rows");
    const words = make("input", { type: "search", autocomplete: "off" });
    label.append(words);
    const shownOf = make("p", { role: "status" });
    tools.append(label, shownOf);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    words.addEventListener("input", () => {
      openTies();
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, i) => { row.hidden = !wanted.every((word) => texts[i].includes(word)); });
      shownOf.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows shown`;
    });
  };

  const addColumns = (tools, table) => {
    const heads = [...table.tHead.rows[0].cells];
    if (!heads.some((head) => head.classList.contains("more"))) return;
    const details = make("details", { class: "columns" });
    details.append(make("summary", {}, "More columns"));
    const choices = make("fieldset");
    choices.append(make("legend", {}, "Columns"));
    heads.forEach((head, column) => {
      if (!head.classList.contains("more")) return;
      const label = make("label");
      const box = make("input", { type: "checkbox" });
      label.append(box, head.textContent.trim());
      choices.append(label);
      box.addEventListener("change", () => {
        for (const row of table.rows) row.cells[column]?.classList.toggle("on", box.checked);
      });
    });
    details.append(choices);
    tools.append(details);
  };

  // A table that becomes cards on a phone keeps its roles, and each cell its column's name.
  const addCards = (table, rows) => {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    if (!table.classList.contains("second")) return;
    table.classList.add("cards");
    const roles = [[table, "table"], [table.tHead, "rowgroup"], [table.tBodies[0], "rowgroup"], [table.tHead.rows[0], "row"]];
    for (const head of table.tHead.rows[0].cells) roles.push([head, "columnheader"]);
    for (const row of rows) {
      roles.push([row, "row"]);
      [...row.cells].forEach((cell, i) => {
        roles.push([cell, cell.tagName === "TH" ? "rowheader" : "cell"]);
        cell.dataset.label = heads[i];
      });
    }
    for (const [element, role] of roles) element.setAttribute("role", role);
  };

  const addCopy = (box) => {
    const holder = make("div", { class: "copied" });
    box.replaceWith(holder);
    const button = make("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(box.textContent.trim());
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(box);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    holder.append(box, button);
  };

  const addLoop = (image) => {
    const still = image.getAttribute("src");
    const button = make("button", { type: "button" });
    const show = (moving) => {
      image.setAttribute("src", moving ? image.dataset.loop : still);
      button.textContent = moving ? "Pause" : "Play";
      button.setAttribute("aria-label", `${button.textContent} the two repetitions`);
    };
    button.addEventListener("click", () => show(image.getAttribute("src") === still));
    show(!matchMedia("(prefers-reduced-motion: reduce)").matches);
    image.closest("figure").append(button);
  };

  const openTarget = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target?.scrollIntoView();
  };

  document.addEventListener("DOMContentLoaded", () => {
    addThemeButton();
    for (const box of document.querySelectorAll("[data-table]")) {
      const table = box.querySelector("table");
      const rows = [...table.tBodies[0].rows];
      const tools = make("div", { class: "tools", role: "group", "aria-label": `Tools: ${table.caption.textContent}` });
      addCards(table, rows);
      addColumns(tools, table);
      const openTies = collapseTies(table, rows);
      addFilter(tools, table, rows, openTies);
      addSorting(table, rows, openTies);
      if (tools.childElementCount) box.prepend(tools);
    }
    document.querySelectorAll("pre").forEach(addCopy);
    document.querySelectorAll("img[data-loop]").forEach(addLoop);
    addEventListener("hashchange", openTarget);
    openTarget();
  });
})();
