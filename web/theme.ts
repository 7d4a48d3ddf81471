// Before anything is painted: the theme that was chosen, so that the page doesn't flash.
const chosen = localStorage.getItem("postern-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
