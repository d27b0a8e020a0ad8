// Talk to the browser about passkeys: the one script of these pages. It fetches nothing and keeps nothing.
// A form with data-passkey ("create" or "get") holds what to ask in data-options; the answer goes into its field.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function asked(kind, options) {
  const listed = (entries) => (entries || []).map((entry) => ({ ...entry, id: toBytes(entry.id) }));
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (kind === "create") {
    publicKey.user = { ...options.user, id: toBytes(options.user.id) };
    publicKey.excludeCredentials = listed(options.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = listed(options.allowCredentials);
  return navigator.credentials.get({ publicKey });
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  });
}

const SAID = {
  NotAllowedError: "Nothing was done: the device gave no answer, or it was put off.",
  InvalidStateError: "This device is registered already.",
  SecurityError: "This browser makes no passkeys for this address.",
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  const without = form.nextElementSibling;
  if (without && without.matches("[data-without]")) without.hidden = true;
  const said = form.querySelector("[data-said]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    try {
      const credential = await asked(form.dataset.passkey, JSON.parse(form.dataset.options));
      form.elements.answer.value = written(credential);
      form.submit();
    } catch (error) {
      said.textContent = SAID[error.name] || "This browser could not ask for a passkey.";
      said.hidden = false;
    }
  });
}
