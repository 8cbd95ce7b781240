// Passkeys, which browsers give to scripts alone, and the token of a link, which stands behind # in its address.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const complaint = form.querySelector("[role=alert]");
    complaint.hidden = true;
    try {
      form.elements.response.value = JSON.stringify(await passkey(form));
    } catch {
      complaint.hidden = false;
      return;
    }
    form.submit();
  });
}

// Asks us what to ask the browser for, and the browser for it: a new passkey where the form is to register one.
async function passkey(form) {
  const answer = await fetch(form.dataset.passkey, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok) throw new Error(answer.statusText);
  const options = await answer.json();
  const credential = "register" in form.dataset
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return credential.toJSON();
}

function takeToken() {
  const link = document.querySelector("form[data-link]");
  if (!link || location.hash.length < 2) return;
  link.elements.token.value = location.hash.slice(1);
  link.elements.token.closest(".field").hidden = true;
  history.replaceState(null, "", location.pathname);
}

takeToken();
window.addEventListener("hashchange", takeToken);
