// What to do when a sign-in has ended while a page was open.
(() => {
  const nextHere = () =>
    encodeURIComponent(window.location.pathname + window.location.search);

  // The server answers 401 with where to sign in. Gradio keeps such answers from the pages' own
  // scripts, so they are looked at here: `vs.signIn` is the address, empty while all is well;
  // `vs.refusal` is what the server said when it refused a page's call otherwise.
  window.vs.signIn = window.vs.refusal = "";
  const fetched = window.fetch;
  window.fetch = async (...args) => {
    const answer = await fetched.apply(window, args);
    if (answer.status === 401 && new URL(answer.url, window.location.href).origin === window.location.origin) {
      const said = await answer.clone().json().catch(() => null);
      if (said && typeof said.sign_in === "string" && /^\/(?!\/)/.test(said.sign_in)) ended(said.sign_in);
    }
    if (isCall(answer.url)) await note(answer);
    return answer;
  };
  /** @param {string} address */
  const isCall = (address) => new URL(address, window.location.href).pathname.includes("/gradio_api/component_server");
  /** @param {Response} answer */
  async function note(answer) {
    const said = answer.ok ? null : await answer.clone().json().catch(() => null);
    window.vs.refusal = typeof said?.error === "string" ? said.error : "";
    if (answer.status === 401 || !window.vs.signIn) return;
    window.vs.signIn = "";  // somebody has signed in again, in another tab
    document.getElementById("vs-signed-out")?.remove();
  }
  /** @param {string} address */
  function ended(address) {
    window.vs.signIn = `${address}?next=${nextHere()}`;
    window.dispatchEvent(new CustomEvent("vs-signed-out", { detail: window.vs.signIn }));
    let note = document.getElementById("vs-signed-out");
    if (!note) {
      note = document.createElement("div");
      note.id = "vs-signed-out";
      note.setAttribute("role", "alert");
      const link = document.createElement("a");
      link.textContent = "Sign in again";
      note.append("Your sign-in has ended. ", link, ", then this page goes on.");
      document.body.append(note);
    }
    note.querySelector("a")?.setAttribute("href", window.vs.signIn);
  }
})();
