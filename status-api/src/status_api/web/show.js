// What is on the screen, in the language that is chosen. Everything is set as text: nothing is ever read as HTML.
const LANGUAGE = "guardian-language";
const $ = (id) => document.getElementById(id);

let languages = null; // what the page says in each of them, by its code, the default one first
let language = null;
let who = null;
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

// Who is signed in; null: no one, or a user without a name.
export function user(name) {
  who = name;
  $("user").hidden = !name;
  $("user-name").textContent = name ? fill(own().signedIn, { name }) : "";
}

export const words = () => languages[language];
const own = () => words().page;

// Fills in what stands in braces.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function speak(code) {
  language = code in languages ? code : Object.keys(languages)[0];
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = own()[node.dataset.t];
  for (const node of document.querySelectorAll("[data-w]")) node.textContent = words().shared[node.dataset.w];
  for (const node of document.querySelectorAll("[data-phones]")) node.replaceChildren(...words().phones.map(call));
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
  $("know").replaceChildren(...own().know.map((sentence) => element("li", sentence)));
  user(who);
  draw();
}

export function fileName(name) {
  for (const node of document.querySelectorAll("[data-file]")) {
    node.textContent = name;
    node.hidden = !name;
  }
}

// Shows one view; the focus moves to its heading, for keyboards and screen readers.
function open(id, redraw) {
  const changed = $(id).hidden;
  draw = redraw;
  for (const node of document.querySelectorAll(".view")) node.hidden = node.id !== id;
  $("help").hidden = id === "verdict"; // it has the numbers itself
  redraw();
  if (changed) $(`${id}-title`).focus({ preventScroll: true });
  if (changed) scrollTo(0, 0);
}

export function start(limit) {
  open("start", () => {
    title(own().startTitle);
    $("file-hint").textContent = fill(own().hint, { size: limit });
  });
}

// `sentence` makes a sentence from a language's words, so that it can be said again in another language.
export function working(stage, percent, sentence) {
  open("working", () => {
    const heading = own()[stage];
    title(heading);
    $("working-title").textContent = heading;
    $("bar").value = percent;
    $("calm").hidden = stage === "sending";
    $("cancel").hidden = stage !== "sending";
    set($("now"), sentence(words()));
  });
  say(sentence(words()), stage === "sending" ? Math.floor(percent / 25) : sentence(words()));
}

export function problem(kind, limit) {
  open("problem", () => {
    const explained = own().problems[kind];
    title(explained.title);
    $("problem-title").textContent = explained.title;
    $("problem-text").textContent = fill(explained.text, { size: limit });
    $("retry").textContent = explained.action;
  });
}

export function verdict(analysis) {
  open("verdict", () => {
    const meaning = words().verdicts[analysis.verdict ?? "none"];
    title(meaning.tag);
    $("verdict-card").className = `card verdict ${meaning.tone}`;
    $("sign").setAttribute("href", `#sign-${meaning.tone}`);
    $("verdict-title").textContent = headline(analysis);
    $("means").textContent = meaning.means;
    $("not-means").textContent = meaning.notMeans;
    // Near 0 would look like "nothing found", and of what could not be judged nothing follows from the number.
    const counts = analysis.score !== null && !["Inconclusive", null].includes(analysis.verdict);
    set($("score"), counts ? fill(own().scoreOf, { score: analysis.score }) : "");
    $("score").hidden = !counts;
    $("steps").replaceChildren(...meaning.steps.map((step) => element("li", step)));
    $("advice").replaceChildren(...advice(analysis));
    $("evidence-title").textContent = words().shared[analysis.verdict ? "evidence" : "noEvidence"];
    $("evidence").replaceChildren(...evidence(analysis));
    $("report").hidden = !analysis.hasReport;
  });
  say(headline(analysis));
}

// What kind of evidence there is; without any, the verdict's title. guardian_locales says the same in the report.
function headline(analysis) {
  const evident = ["LikelyFake", "Suspicious"].includes(analysis.verdict);
  const decided = evident ? strongest(analysis.analyses.filter((part) => part.verdict === analysis.verdict)) : null;
  const kind = decided ? strongest(decided.findings)?.kind : undefined;
  const { headlines, verdicts } = words();
  return (decided && (headlines[kind] ?? headlines[decided.name])) ?? verdicts[analysis.verdict ?? "none"].title;
}

// What to do about the kind of fraud that a call resembles, as in the report.
function advice(analysis) {
  const found = analysis.analyses.filter((part) => part.verdict === "Suspicious").flatMap((part) => part.findings);
  const kind = strongest(found.filter((finding) => finding.kind in words().advice))?.kind;
  if (!kind) return [];
  const list = element("ul", "", "advice");
  list.append(...words().advice[kind].map((step) => element("li", step)));
  return [element("h3", fill(words().shared.advice, { kind: words().kinds[kind]?.title ?? readable(kind) })), list];
}

const strongest = (some) => some.reduce((best, one) => (best && (best.score ?? 0) >= (one.score ?? 0) ? best : one), null);

function evidence(analysis) {
  const boxes = [];
  for (const part of analysis.analyses) {
    const byKind = Map.groupBy ? Map.groupBy(part.findings, (finding) => finding.kind) : grouped(part.findings);
    for (const [kind, places] of byKind) {
      const explained = words().kinds[kind];
      const box = element("div", "", "finding");
      box.append(element("h3", explained?.title ?? readable(kind)));
      if (explained) {
        box.append(element("p", explained.what), element("p", `${words().shared.honest} ${explained.honest}`, "soft"));
      }
      const list = element("ul", "");
      for (const place of places) {
        list.append(element("li", fill(own().span, { from: clock(place.startSeconds), to: clock(place.endSeconds) })));
      }
      box.append(list);
      boxes.push(box);
    }
    if (!part.verdict && part.state !== "Skipped") {
      const box = element("div", "", "finding");
      box.append(element("h3", fill(words().shared.analysis, { name: words().analyzers[part.name]?.title ?? readable(part.name) })));
      box.append(element("p", words().reasons[part.reason] ?? part.message ?? part.reason));
      boxes.push(box);
    }
  }
  if (!boxes.length) boxes.push(element("p", words().reasons[analysis.reason] ?? own().nothing));
  return [...boxes, ...analysis.analyses.filter((part) => part.examinedShare != null).map(examined)];
}

function examined({ name, examinedShare: share }) {
  const text = words().shared[share === 100 ? "examinedWhole" : "examinedPart"];
  return element("p", fill(text, { name: words().analyzers[name]?.title ?? readable(name), share }), "examined soft");
}

// A CamelCase name as words, which the report writes too where a language has none: "ToyFinding" is "Toy finding".
function readable(name) {
  const [first, ...others] = name.replace(/([a-z0-9])(?=[A-Z])|[_-]/g, "$1 ").trim().split(/\s+/);
  const rest = others.map((word) => (word === word.toUpperCase() ? word : word.toLowerCase()));
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(" ");
}

function grouped(findings) {
  const groups = new Map();
  for (const finding of findings) groups.set(finding.kind, [...(groups.get(finding.kind) ?? []), finding]);
  return groups;
}

let spoken = null;

// Has a screen reader say a text, once for each `topic`: a number that changes is not announced again.
function say(text, topic = text) {
  if (spoken !== topic) set($("live"), text);
  spoken = topic;
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function title(text) {
  document.title = `${text} · Silver Guardian`;
}

function call({ number, who }) {
  const link = element("a", "", "call");
  link.href = `tel:${number}`;
  link.append(element("b", number), element("span", who));
  return link;
}

function element(name, text, className = "") {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function clock(seconds) {
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}
