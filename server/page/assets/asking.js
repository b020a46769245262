// Answers while the user types. The server renders every answer; this only fetches it sooner, and the last question wins.

import { moveWithKeys } from "./keys.js";

const PAUSE = 150;
const PATIENCE = 2_000;

const form = document.getElementById("ask");
const box = document.getElementById("q");
const results = document.getElementById("results");
const status = document.getElementById("status");
const lost = document.getElementById("lost");

let running = null;
let timer = 0;

function address(path = "/") {
  const given = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim());
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

// Fetch a page; null when another is asked for in the meantime.
async function fetched(path) {
  running?.abort();
  clearTimeout(timer);
  const asked = running = new AbortController();
  document.body.classList.add("waiting");
  try {
    const response = await fetch(path, { signal: asked.signal, headers: { Accept: "text/html" } });
    const page = await parsed(response);
    if (running !== asked) return null;
    lost.hidden = true;
    return page;
  } catch (error) {
    if (running !== asked) return null;
    lost.hidden = false;
    timer = setTimeout(() => answer(path), PATIENCE);
    return null;
  } finally {
    if (running === asked) document.body.classList.remove("waiting");
  }
}

async function parsed(response) {
  const text = await response.text();
  if (response.headers.get("Content-Type")?.startsWith("text/html")) {
    return new DOMParser().parseFromString(text, "text/html");
  }
  return refusal(JSON.parse(text));
}

// What is refused before the page sees it, such as a question that took too long, comes as JSON.
function refusal({ message, hint }) {
  const page = document.implementation.createHTMLDocument();
  const state = page.body.appendChild(page.createElement("div"));
  state.className = "state problem";
  state.appendChild(page.createElement("h2")).textContent = message;
  state.appendChild(page.createElement("p")).textContent = hint;
  return page;
}

// The links of the filters were made for an earlier question than the one in the box.
function withQuestion(link) {
  const question = box.value.trim();
  const others = [...new URLSearchParams(link.search)].filter(([name]) => name !== "q");
  const query = new URLSearchParams([...(question ? [["q", question]] : []), ...others]).toString();
  return query ? `/?${query}` : "/";
}

// The answer in a page, in a part of one, or in a page that only says what is wrong.
function answerIn(page) {
  return (page.getElementById("results") ?? page.getElementById("main") ?? page.body).childNodes;
}

function show(nodes) {
  results.replaceChildren(...nodes);
  status.textContent = results.querySelector("[data-status]")?.dataset.status ?? "";
  document.body.classList.toggle("fresh", !box.value.trim());
  document.title = box.value.trim() ? `${box.value.trim()} · wherein` : "wherein";
}

// Show the answer to what is in the box now.
async function answer() {
  const question = box.value.trim();
  const asked = address();
  if (!question) return visit(asked, false);
  const page = await fetched(address("/results"));
  if (!page) return;
  show(answerIn(page));
  history.replaceState(null, "", asked);
}

// Show another state of the whole page: other filters, or one from the history.
async function visit(path, isNew = true) {
  const page = await fetched(path);
  if (!page) return;
  if (isNew) history.pushState(null, "", path);
  else history.replaceState(history.state, "", path);
  const filters = page.getElementById("filters");
  if (!filters) return show(answerIn(page));
  const open = document.querySelector(".menu[open] .kind")?.textContent;
  const focused = document.activeElement?.closest?.(".menu") ? document.activeElement.textContent : "";
  document.getElementById("filters").replaceChildren(...filters.childNodes);
  reopen(isNew ? open : "", focused);
  if (document.activeElement !== box) box.value = page.getElementById("q").value;
  show(answerIn(page));
}

// A menu stays open while the user chooses in it, and the focus stays where it was.
function reopen(kind, label) {
  const menu = [...document.querySelectorAll(".menu")].find((one) => one.querySelector(".kind").textContent === kind);
  if (!menu) return;
  menu.open = true;
  const name = label.trim().split(/\s/)[0];
  const link = [...menu.querySelectorAll("a")].find((one) => name && one.textContent.trim().startsWith(name));
  (link ?? menu.querySelector("summary")).focus();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll(".menu[open]")) if (menu !== except) menu.open = false;
}

box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(answer, PAUSE);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  closeMenus();
  visit(address());
});

form.addEventListener("change", (event) => {
  if (event.target !== box) visit(address());
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const isPlain = !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
  closeMenus(event.target.closest(".menu"));
  if (!link || !isPlain || link.origin !== location.origin) return;
  if (link.pathname === "/" && link.closest("#filters, #results")) {
    event.preventDefault();
    visit(withQuestion(link));
  } else if (link.closest(".hit h2")) {
    history.replaceState({ hit: link.id }, "");
  }
});

addEventListener("popstate", () => {
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  visit(location.pathname + location.search, false);
});
addEventListener("online", () => { if (!lost.hidden) answer(); });

moveWithKeys(box, results, closeMenus, () => {
  clearTimeout(timer);
  answer();
});

// Back from a document: to the hit that was opened, or named by the link back.
const opened = history.state?.hit ?? sessionStorage.getItem("hit");
sessionStorage.removeItem("hit");
if (opened) document.getElementById(opened)?.focus();
else if (box.value) box.setSelectionRange(box.value.length, box.value.length);
