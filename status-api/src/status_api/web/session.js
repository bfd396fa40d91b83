// The user of the page: a token from the identity provider (authorization code with PKCE), or from the link that led here
// where there is no sign-in. Elsewhere such a link would sign people in as its sender.
const TOKEN = "guardian-token";
const PENDING = "guardian-sign-in";
const ID = /^#id=([a-z0-9.-]{1,290})$/;

let config = null;

export const limits = () => config;
export const token = () => sessionStorage.getItem(TOKEN);
export const canSignIn = () => config.signIn !== null;

// Reads the address, and takes the token out of it.
export async function begin() {
  config = await (await fetch("/app/config.json")).json();
  const link = /^#token=([A-Za-z0-9._~+/=-]+)(?:&id=(.*))?$/.exec(location.hash);
  if (link) {
    if (config.tokenLinks) sessionStorage.setItem(TOKEN, link[1]);
    history.replaceState(null, "", link[2] ? `/#id=${link[2]}` : "/");
  }
  const query = new URLSearchParams(location.search);
  if (query.has("code") || query.has("error")) await finishSignIn(query);
}

// The name of who is signed in, as the provider put it into the token; null without one, as in a link's.
export function user() {
  try {
    const claims = token().split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const said = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(claims), (byte) => byte.charCodeAt(0))));
    const name = said.name ?? said.preferred_username ?? said.email ?? said.username ?? said.sub;
    return typeof name === "string" ? name.slice(0, 100) : null;
  } catch {
    return null;
  }
}

// Forgets everything of this user here, and ends the session at the provider, if it says where.
export function signOut() {
  sessionStorage.clear();
  const end = config.signIn?.endSessionEndpoint;
  const address = new URL(end ?? "/", location.origin);
  if (end) {
    address.searchParams.set("client_id", config.signIn.clientId);
    address.searchParams.set("post_logout_redirect_uri", `${location.origin}/`);
  }
  location.assign(address);
}

export function analysisId() {
  return ID.exec(location.hash)?.[1] ?? null;
}

export function remember(id) {
  history.replaceState(null, "", id ? `/#id=${id}` : "/");
}

export function forget() {
  sessionStorage.removeItem(TOKEN);
}

export async function signIn() {
  const verifier = random(), state = random();
  sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, hash: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const address = new URL(config.signIn.authorizationEndpoint);
  const parameters = {
    response_type: "code", client_id: config.signIn.clientId, redirect_uri: `${location.origin}/`,
    scope: config.signIn.scope, state, code_challenge: base64(new Uint8Array(digest)), code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  location.assign(address);
}

async function finishSignIn(query) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `/${pending?.hash ?? location.hash}`);
  if (!pending || !config.signIn || query.get("state") !== pending.state || !query.has("code")) return;
  const body = new URLSearchParams({
    grant_type: "authorization_code", code: query.get("code"), redirect_uri: `${location.origin}/`,
    client_id: config.signIn.clientId, code_verifier: pending.verifier,
  });
  const answer = await fetch(config.signIn.tokenEndpoint, { method: "POST", body });
  if (answer.ok) sessionStorage.setItem(TOKEN, (await answer.json()).access_token);
}

function random() {
  return base64(crypto.getRandomValues(new Uint8Array(32)));
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
