// Follow a running job: when this host says that it changed, fetch the page again and show its content.
// While somebody types, nothing is replaced under their hands; a line says that there is something newer.
"use strict";

const main = document.querySelector("main[data-live]");

if (main && window.EventSource) {
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.className = "live";
  main.prepend(said);
  let pulse = main.dataset.pulse;
  const source = new EventSource(main.dataset.live);

  source.addEventListener("pulse", async (event) => {
    if (event.data === pulse) return;
    const typing = main.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    if (typing) {
      said.textContent = "This page has changed meanwhile: load it again when you are done.";
      return;
    }
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!fresh) return;
    pulse = event.data;
    main.replaceChildren(said, ...fresh.childNodes);
    said.textContent = "Brought up to date.";
    if (!fresh.dataset.live) source.close();
  });
}
