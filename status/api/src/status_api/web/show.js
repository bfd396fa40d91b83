// What is on the screen, in the language that is chosen. Everything is set as text: nothing is ever read as HTML.
const LANGUAGE = "guardian-language";
const $ = (id) => document.getElementById(id);

let languages = null; // what the page says in each of them, by its code, the default one first
let language = null;
let draw = () => {}; // draws the current view again, in another language

export async function begin() {
  languages = await (await fetch("/app/words.json")).json();
  const preferred = navigator.languages.map((code) => code.slice(0, 2).toLowerCase()).find((code) => code in languages);
  speak(localStorage.getItem(LANGUAGE) ?? preferred);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      localStorage.setItem(LANGUAGE, button.dataset.language);
      speak(button.dataset.language);
    });
  }
}

const words = () => languages[language];
const own = () => words().page;

// Fills in what stands in braces.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function speak(code) {
  language = code in languages ? code : Object.keys(languages)[0];
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-t]")) each.textContent = own()[each.dataset.t];
  for (const each of document.querySelectorAll("[data-w]")) each.textContent = words().shared[each.dataset.w];
  for (const each of document.querySelectorAll("[data-phones]")) each.replaceChildren(...words().phones.map(call));
  for (const each of document.querySelectorAll("[data-language]")) {
    each.setAttribute("aria-pressed", String(each.dataset.language === language));
  }
  $("know").replaceChildren(...own().know.map((told) => element("li", told)));
  draw();
}

export function fileName(name) {
  for (const each of document.querySelectorAll("[data-file]")) {
    each.textContent = name;
    each.hidden = !name;
  }
}

// Shows one view; whoever uses a keyboard or a screen reader is led to its heading.
function open(id, redraw) {
  const changed = $(id).hidden;
  draw = redraw;
  for (const each of document.querySelectorAll(".view")) each.hidden = each.id !== id;
  $("help").hidden = id === "verdict"; // it has the numbers itself
  redraw();
  if (changed) $(`${id}-title`).focus({ preventScroll: true });
  if (changed) scrollTo(0, 0);
}

export function start(limitTold) {
  open("start", () => {
    title(own().startTitle);
    $("file-hint").textContent = fill(own().hint, { size: limitTold });
  });
}

// `told` makes the sentence of a language's words, so that it can be said again in another language.
export function working(stage, percent, told) {
  open("working", () => {
    const heading = own()[stage];
    title(heading);
    $("working-title").textContent = heading;
    $("bar").value = percent;
    $("calm").hidden = stage === "sending";
    $("cancel").hidden = stage !== "sending";
    set($("now"), told(words()));
  });
  say(told(words()), stage === "sending" ? Math.floor(percent / 25) : told(words()));
}

export function problem(kind, limitTold) {
  open("problem", () => {
    const words = own().problems[kind];
    title(words.title);
    $("problem-title").textContent = words.title;
    $("problem-told").textContent = fill(words.text, { size: limitTold });
    $("retry").textContent = words.action;
  });
}

export function verdict(analysis) {
  open("verdict", () => {
    const meaning = words().verdicts[analysis.verdict ?? "none"];
    title(meaning.tag);
    $("verdict-card").className = `card verdict ${meaning.tone}`;
    $("sign").setAttribute("href", `#sign-${meaning.tone}`);
    $("verdict-title").textContent = meaning.title;
    $("means").textContent = meaning.means;
    $("not-means").textContent = meaning.notMeans;
    // Near 0 would look like "nothing found", and of what could not be judged nothing follows from the number.
    const counts = analysis.score !== null && !["Inconclusive", null].includes(analysis.verdict);
    set($("score"), counts ? fill(own().scoreOf, { score: analysis.score }) : "");
    $("score").hidden = !counts;
    $("steps").replaceChildren(...meaning.steps.map((step) => element("li", step)));
    $("found-title").textContent = words().shared[analysis.verdict ? "evidence" : "noEvidence"];
    $("found").replaceChildren(...found(analysis));
    $("report").hidden = !analysis.hasReport;
  });
  say(words().verdicts[analysis.verdict ?? "none"].title);
}

function found(analysis) {
  const shown = [];
  for (const part of analysis.analyses) {
    const byKind = Map.groupBy ? Map.groupBy(part.findings, (each) => each.kind) : grouped(part.findings);
    for (const [kind, places] of byKind) {
      const known = words().kinds[kind];
      const box = element("div", "", "finding");
      box.append(element("h3", known?.title ?? kind));
      if (known) box.append(element("p", known.what), element("p", `${words().shared.honest} ${known.honest}`, "soft"));
      const list = element("ul", "");
      for (const place of places) {
        list.append(element("li", fill(own().span, { from: clock(place.startSeconds), to: clock(place.endSeconds) })));
      }
      box.append(list);
      shown.push(box);
    }
    if (!part.verdict && part.state !== "Skipped") {
      const box = element("div", "", "finding");
      box.append(element("h3", fill(words().shared.analysis, { name: words().analyzers[part.name]?.title ?? part.name })));
      box.append(element("p", words().reasons[part.reason] ?? part.message ?? part.reason));
      shown.push(box);
    }
  }
  if (!shown.length) shown.push(element("p", words().reasons[analysis.reason] ?? own().nothing));
  return shown;
}

function grouped(findings) {
  const groups = new Map();
  for (const each of findings) groups.set(each.kind, [...(groups.get(each.kind) ?? []), each]);
  return groups;
}

let spoken = null;

// Tells a screen reader, once for each thing: a number that moves is no news.
function say(told, once = told) {
  if (spoken !== once) set($("live"), told);
  spoken = once;
}

function set(where, told) {
  if (where.textContent !== told) where.textContent = told;
}

function title(told) {
  document.title = `${told} · Silver Guardian`;
}

function call({ number, who }) {
  const link = element("a", "", "call");
  link.href = `tel:${number}`;
  link.append(element("b", number), element("span", who));
  return link;
}

function element(name, told, className = "") {
  const made = document.createElement(name);
  if (told) made.textContent = told;
  if (className) made.className = className;
  return made;
}

function clock(seconds) {
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}
