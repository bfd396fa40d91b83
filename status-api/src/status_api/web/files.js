// What a chosen file is. Phones leave the type of some recordings empty, or call them something else.
const TYPES = {
  m4a: "audio/mp4", mp3: "audio/mpeg", wav: "audio/wav", flac: "audio/flac", ogg: "audio/ogg", oga: "audio/ogg",
  opus: "audio/ogg", aac: "audio/aac", amr: "audio/amr", caf: "audio/x-caf", aif: "audio/aiff", aiff: "audio/aiff",
  "3ga": "audio/3gpp", "3gp": "video/3gpp", mp4: "video/mp4", m4v: "video/mp4", mov: "video/quicktime",
  mkv: "video/x-matroska", webm: "video/webm", avi: "video/x-msvideo", ts: "video/mp2t",
};

export function typeOf(file) {
  const type = file.type.split(";")[0].trim().toLowerCase();
  if (/^(audio|video)\/[a-z0-9][a-z0-9.+_-]{0,63}$/.test(type)) return type;
  return TYPES[file.name.toLowerCase().split(".").pop()] ?? null;
}

// Returns the kind of problem that a file is, or null.
export function complaint(file, limit) {
  if (typeOf(file) === null) return "wrongType";
  if (file.size === 0) return "empty";
  return file.size > limit ? "tooLarge" : null;
}

// Returns the SHA-256 of a file, by which a recording that was sent before is known again; undefined where the browser
// has none for this page (without HTTPS), or would have to hold too much in memory for it.
const MOST_HASHED = 64 * 1024 * 1024;

export async function sha256(file) {
  if (!crypto.subtle || file.size > MOST_HASHED) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function sizeText(bytes) {
  const mega = bytes / (1024 * 1024);
  return mega >= 1024 ? `${Math.floor(mega / 102.4) / 10} GB` : `${Math.max(1, Math.floor(mega))} MB`;
}
