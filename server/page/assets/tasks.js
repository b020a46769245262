// Shows the tasks as they are, once a second while one runs.

const list = document.getElementById("task-list");
const PAUSE = 1_000;
const PATIENCE = 5_000;

// The answer to a form has its address: to load it again would send the form again.
async function refresh() {
  let pause = PATIENCE;
  try {
    const response = await fetch("/library/tasks");
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const wasBusy = isBusy();
      if (page.body.innerHTML.trim() !== list.innerHTML.trim()) list.replaceChildren(...page.body.childNodes);
      if (wasBusy && !isBusy() && location.pathname === "/library") return location.reload(); // the figures have changed, too
      pause = PAUSE;
    }
  } catch {
    // The connection is lost; the next attempt may succeed.
  }
  if (isBusy()) setTimeout(refresh, pause);
}

function isBusy() {
  return list.querySelector("[data-busy]") !== null;
}

if (isBusy()) setTimeout(refresh, PAUSE);
