// The keyboard alone: / to the box, arrows between hits, Escape back to the box, and there empties it.

export function moveWithKeys(box, results, closeMenus, cleared) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isTyping = event.target.matches("input, textarea, select");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (isTyping && event.target !== box) return;
      if (move(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    } else if (event.key === "Escape") {
      leave(event);
    }
  });

  function move(step) {
    const menu = document.querySelector(".menu[open]");
    const links = [...(menu ?? results).querySelectorAll(menu ? ".choices a" : ".hit h2 a")].filter((one) => one.checkVisibility());
    const at = links.indexOf(document.activeElement);
    if (!links.length || (at < 0 && step < 0)) return false;
    if (!menu && at === 0 && step < 0) box.focus();
    else links[Math.min(at + step, links.length - 1)]?.focus();
    document.activeElement.scrollIntoView({ block: "nearest" });
    return true;
  }

  function leave(event) {
    const menu = document.querySelector(".menu[open]");
    event.preventDefault();
    if (menu) {
      closeMenus();
      menu.querySelector("summary").focus();
    } else if (document.activeElement !== box) {
      box.focus();
      box.select();
    } else if (box.value) {
      box.value = "";
      cleared();
    }
  }
}
