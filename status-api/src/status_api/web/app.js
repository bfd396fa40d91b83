// The page: choose a recording, send it, follow its analysis, read the verdict.
import * as api from "./api.js";
import { complaint, sha256, sizeText, typeOf } from "./files.js";
import * as session from "./session.js";
import * as show from "./show.js";

const $ = (id) => document.getElementById(id);
const POLL = 1000, SLOW = 3000, SLOW_AFTER = 30_000, MOST_PAUSE = 10_000;
const LINK_LEFT = 60_000; // a report's link that is valid for less is fetched again

let sending = null; // stops the upload that runs
let following = 0; // counts up: a loop that follows an earlier analysis ends
let last = null; // the file that was tried last, to try it again
let wake = () => {};

const limitText = () => sizeText(session.limits().maxUploadBytes);
const pause = (ms) => new Promise((resolve) => { wake = resolve; setTimeout(resolve, ms); });

function start() {
  following += 1;
  last = null;
  session.remember(null);
  $("form").reset();
  show.start(limitText());
}

function fail(error) {
  show.user(session.user());
  const kind = error instanceof api.Trouble ? error.kind : "broken";
  if (kind === "broken") console.error(error);
  const problem = kind === "session" && !session.canSignIn() ? "link" : kind;
  show.problem(problem, limitText());
  $("retry").onclick = { session: session.signIn, noTenant: session.signIn, link: open }[problem] ?? retry;
}

function retry() {
  if (last && !session.analysisId()) send(last);
  else open();
}

async function send(file) {
  const wrong = complaint(file, session.limits().maxUploadBytes);
  if (wrong) return fail(new api.Trouble(wrong));
  last = file;
  show.fileName(file.name);
  sending = new AbortController();
  try {
    const sent = (percent) => show.working("sending", percent, ({ page }) => show.fill(page.sent, { percent }));
    sent(0);
    const upload = await api.allowUpload(typeOf(file), file.size);
    const content = await sha256(file);
    await api.send(upload, file, { progress: sent, signal: sending.signal });
    // The upload's own key: a lost answer and a second try make one analysis.
    const analysis = await api.analyse({ ...upload.source, sha256: content }, upload.source.uri.slice(-200));
    sessionStorage.setItem(`name:${analysis.id}`, file.name);
    session.remember(analysis.id);
    last = sending = null;
    await follow(analysis.id);
  } catch (error) {
    sending = null;
    if (error.kind === "stopped") last = null;
    fail(error);
  }
}

async function follow(id) {
  const mine = ++following, since = Date.now();
  show.fileName(sessionStorage.getItem(`name:${id}`) ?? "");
  let latest = null, failures = 0;
  while (mine === following) {
    try {
      latest = (await api.read(id, latest?.etag)) ?? latest;
      failures = 0;
      if (mine !== following) return;
      if (latest.analysis.state === "Finished") return finish(id, latest.analysis);
      show.working("checking", latest.analysis.progress, (words) => progress(words, latest.analysis));
      await pause(Date.now() - since > SLOW_AFTER ? SLOW : POLL);
    } catch (error) {
      if (!(error instanceof api.Trouble) || !["offline", "broken", "busy"].includes(error.kind)) throw error;
      failures += 1;
      show.working("checking", latest?.analysis.progress ?? 0, ({ page }) => page.noConnection);
      await pause(Math.min(MOST_PAUSE, POLL * 2 ** failures));
    }
  }
}

function progress({ page, analyzers }, analysis) {
  if (analysis.state === "Waiting") return page.waiting;
  const running = analysis.analyses.filter((part) => part.state === "Running");
  const busy = running.map((part) => analyzers[part.name]?.running).filter(Boolean);
  return [...(busy.length ? busy : [page.running]), show.fill(page.done, { percent: analysis.progress })].join(" ");
}

function finish(id, analysis) {
  $("report").href = `/#id=${id}`; // until the link is there: without an address it could not be reached by keyboard
  $("report").dataset.until = "0";
  show.verdict(analysis);
  if (analysis.hasReport) offerReport(id).catch(() => {}); // the click tries again, and says what is wrong
}

async function offerReport(id) {
  const link = await api.reportLink(id);
  $("report").href = link.url;
  $("report").dataset.until = String(Date.parse(link.expiresAt) - LINK_LEFT);
}

$("report").addEventListener("click", async (event) => {
  if (Date.now() < Number($("report").dataset.until)) return;
  event.preventDefault();
  try {
    await offerReport(session.analysisId());
    location.assign($("report").href);
  } catch (error) {
    fail(error);
  }
});

$("erase").addEventListener("click", async () => {
  const id = session.analysisId();
  if (!id || !confirm(show.words().page.eraseSure)) return;
  try {
    await api.erase(id);
    sessionStorage.removeItem(`name:${id}`);
    start();
  } catch (error) {
    if (error instanceof api.Trouble && error.kind === "unknown") return start(); // it is gone already
    fail(error);
  }
});

$("file").addEventListener("change", () => { if ($("file").files.length) send($("file").files[0]); });
$("form").addEventListener("submit", (event) => event.preventDefault());
$("cancel").addEventListener("click", () => sending?.abort());
$("again").addEventListener("click", start);
$("drop").addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
$("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});
$("sign-out").addEventListener("click", session.signOut);
addEventListener("online", () => wake());
addEventListener("hashchange", () => (location.hash.startsWith("#token=") ? location.reload() : open()));
addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });

async function open() {
  const id = session.analysisId();
  show.user(session.user());
  try {
    if (!session.token()) throw new api.Trouble("session");
    if (id) await follow(id);
    else start();
  } catch (error) {
    if (error instanceof api.Trouble && error.kind === "unknown") session.remember(null);
    fail(error);
  }
}

// On a bad connection a file of the page may not load at once.
async function whenThere(begin) {
  for (;;) {
    try {
      return await begin();
    } catch (error) {
      console.warn(error);
      await pause(SLOW);
    }
  }
}

await whenThere(show.begin);
await whenThere(session.begin);
await open();
