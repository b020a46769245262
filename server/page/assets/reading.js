// Escape leads back to the answer, to the hit that was opened.

const back = document.getElementById("back");

function remember() {
  if (back?.dataset.hit) sessionStorage.setItem("hit", back.dataset.hit);
}

back?.addEventListener("click", remember);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && back) {
    remember();
    back.click();
  } else if (event.key === "/") {
    event.preventDefault();
    location.assign("/");
  }
});
