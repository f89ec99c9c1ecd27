"use strict";
// Before anything is painted: that there are scripts, and the colours that a reader chose.
document.documentElement.classList.add("js");
try {
  const given = localStorage.getItem("aqa-bench-theme");
  if (given === "light" || given === "dark") document.documentElement.dataset.theme = given;
} catch { /* nothing is kept */ }
