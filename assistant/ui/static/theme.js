// Runs before the first paint, so that the page never flashes in the wrong theme.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("assistant.theme");
  } catch {
    // Storage is blocked: the system's theme serves.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.theme = kept ?? (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  apply();
})();
