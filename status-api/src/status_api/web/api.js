// The API's calls. What goes wrong is a Trouble, whose kind is one of the page's problems.
import * as session from "./session.js";

export class Trouble extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const KINDS = { 401: "session", 403: "noTenant", 404: "unknown", 413: "tooLarge", 429: "busy" };

async function call(method, path, { body, headers = {} } = {}) {
  if (!session.token()) throw new Trouble("session");
  let answer;
  try {
    answer = await fetch(path, {
      method,
      cache: "no-store", // what changed is asked by ETag, below
      headers: { Authorization: `Bearer ${session.token()}`, ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Trouble("offline");
  }
  if (answer.ok || answer.status === 304) return answer;
  if (answer.status === 401) session.forget();
  throw new Trouble(KINDS[answer.status] ?? "broken");
}

export async function allowUpload(contentType, sizeBytes) {
  return (await call("POST", "/v1/uploads", { body: { contentType, sizeBytes } })).json();
}

export async function analyse(source, key) {
  return (await call("POST", "/v1/analyses", { body: { source }, headers: { "Idempotency-Key": key } })).json();
}

// Returns the analysis with its ETag; null if it still has the ETag of before.
export async function read(id, etag) {
  const answer = await call("GET", `/v1/analyses/${id}`, { headers: etag ? { "If-None-Match": etag } : {} });
  return answer.status === 304 ? null : { analysis: await answer.json(), etag: answer.headers.get("ETag") };
}

export async function reportLink(id) {
  return (await call("GET", `/v1/analyses/${id}/report`)).json();
}

export async function erase(id) {
  await call("DELETE", `/v1/analyses/${id}`);
}

// Sends a file straight to the storage; fetch does not report an upload's progress, so this is XMLHttpRequest.
export function send(upload, file, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(upload.method, upload.url);
    for (const [name, value] of Object.entries(upload.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(Math.floor((100 * event.loaded) / Math.max(1, event.total)));
    request.onload = () => (request.status < 300 ? resolve() : reject(new Trouble("broken")));
    request.onerror = () => reject(new Trouble("offline"));
    request.onabort = () => reject(new Trouble("stopped"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}
