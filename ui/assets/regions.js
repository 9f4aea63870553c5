// Photos with regions: press a thing that was found, draw a box, or have things found by name.
Object.assign(window.vs, {
  /**
   * Lets people draw a box on any .vs-stage[data-width] inside `root`: drag with the mouse, or press
   * [data-draw] first and then drag, click two corners, or use the arrow keys. `done` gets
   * "x,y,width,height" in the photo's own pixels, and the stage.
   * @param {any} root
   * @param {(value: string, stage: HTMLElement) => void} done
   */
  drawing(root, done) {
    /** @type {any} */
    let stage = null;
    /** @type {number[] | null} */
    let first = null;
    /** @type {number[] | null} */
    let down = null;
    /** @type {any} */
    let box = null;  // left, top, right, bottom as shares of the stage
    let dragged = false;
    /** @param {number} value */
    const inside = (value) => Math.min(1, Math.max(0, value));
    /** @param {PointerEvent} event */
    const at = (event) => {
      const area = stage.getBoundingClientRect();
      return [inside((event.clientX - area.left) / area.width), inside((event.clientY - area.top) / area.height)];
    };
    /**
     * @param {number[]} a
     * @param {number[]} b
     */
    const show = (a, b) => {
      box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
      let band = stage.querySelector(".vs-band");
      if (!band) {
        band = Object.assign(document.createElement("span"), { className: "vs-band" });
        stage.append(band);
      }
      const [left, top, right, bottom] = box.map((/** @type {number} */ share) => 100 * share);
      Object.assign(band.style, { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` });
    };
    const rest = () => { first = down = null; if (stage) stage.classList.remove("vs-drawing"); };
    const cancel = () => { if (stage) stage.querySelectorAll(".vs-band").forEach((/** @type {Element} */ band) => { band.remove(); }); rest(); box = null; };
    const finish = () => {
      const width = Number(stage.dataset.width), height = Number(stage.dataset.height);
      const left = Math.min(Math.floor(box[0] * width), width - 1), top = Math.min(Math.floor(box[1] * height), height - 1);
      const right = Math.max(left + 1, Math.ceil(box[2] * width)), bottom = Math.max(top + 1, Math.ceil(box[3] * height));
      const drawn = stage;
      rest();
      done([left, top, right - left, bottom - top].join(","), drawn);
    };
    const large = () => {
      const area = stage.getBoundingClientRect();
      return box && (box[2] - box[0]) * area.width > 5 && (box[3] - box[1]) * area.height > 5;
    };

    root.addEventListener("click", (/** @type {any} */ event) => {
      if (dragged) { dragged = false; event.stopPropagation(); event.preventDefault(); return; }
      const button = event.target.closest("[data-draw]");
      if (!button) return;
      cancel();
      stage = root.querySelector(button.dataset.draw || ".vs-stage[data-width]");
      root.querySelector(".vs-looking ~ .vs-shots [data-look='']")?.click(); // boxes are of the first photo
      stage.classList.add("vs-drawing");
      stage.tabIndex = -1;
      stage.focus({ preventScroll: true });
      stage.scrollIntoView({ block: "nearest" });
    }, true);
    root.addEventListener("pointerdown", (/** @type {any} */ event) => {
      const over = event.target.closest(".vs-stage[data-width]");
      if (!over || event.button !== 0 || over.classList.contains("vs-looking")) return;
      const armed = over.classList.contains("vs-drawing");
      if (!armed && event.pointerType !== "mouse") return;
      if (armed) event.preventDefault();
      if (stage !== over) { cancel(); stage = over; }
      down = at(event);
      dragged = false;
    });
    window.addEventListener("pointermove", (event) => {
      if (!stage?.isConnected || !(down || first)) return;
      const here = at(event);
      show(first || down || here, here);
      if (down && !first && large()) dragged = true;
    });
    window.addEventListener("pointerup", (event) => {
      if (!stage || !down) return;
      const here = at(event), armed = stage.classList.contains("vs-drawing");
      const start = down;
      down = null;
      if (first) { show(first, here); if (large()) finish(); return; }
      if (dragged) { show(start, here); finish(); setTimeout(() => { dragged = false; }, 0); return; }
      if (armed) first = start; else cancel();
    });
    root.addEventListener("keydown", (/** @type {any} */ event) => {
      if (!stage?.classList.contains("vs-drawing") || !stage.contains(event.target)) return;
      /** @type {Record<string, number[]>} */
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const step = steps[event.key];
      if (event.key === "Escape") cancel();
      else if (event.key === "Enter" && box) finish();
      else if (step) {
        const [left, top, right, bottom] = box || [0.25, 0.25, 0.75, 0.75], [x, y] = step.map((n) => 0.02 * n);
        const moved = event.shiftKey ? [left, top, right + x, bottom + y] : [left + x, top + y, right + x, bottom + y];
        show(moved.slice(0, 2).map(inside), moved.slice(2).map(inside));
      } else return;
      event.preventDefault();
    });
  },

  /**
   * [data-things] looks for the names typed beside it, one after another, and shows each as it is
   * found. `server.likely` gives the names that the photo may show, the likeliest first, and rough
   * places of some, so that something is seen soon; `server.things` gives all that was found so far.
   * @param {HTMLElement} root
   * @param {Record<string, (asked: object) => Promise<any>>} server
   */
  things(root, server) {
    root.addEventListener("click", async (/** @type {any} */ event) => {
      const button = event.target.closest("[data-things]");
      if (!button) return;
      if (button.dataset.running) { delete button.dataset.running; return; }
      const part = button.closest(".vs-part"), stage = part.querySelector(".vs-stage"), line = part.querySelector(".vs-part-status");
      let names = part.querySelector(".vs-names").value.split(",").map((/** @type {string} */ name) => name.trim()).filter(Boolean).slice(0, 24);
      const label = button.textContent;
      button.dataset.running = "yes";
      button.textContent = "Stop";
      let count = 0, problem = "";
      /** @type {Spot[]} */
      let rough = [];
      line.textContent = "Looking at the photo …";
      try {
        const answer = await server.likely({ photo: stage.dataset.photo, names });
        problem = answer.error || "";
        names = answer.names || [];
        rough = answer.spots || [];
        if (button.dataset.running && rough.length) window.vs.spots(stage, [], rough);
      } catch { problem = "The studio can't be reached. Press the button to try again."; }
      for (let i = 1; i <= names.length && button.dataset.running && stage.isConnected && !problem; i++) {
        line.textContent = `Looking for ${names[i - 1]} (${i} of ${names.length}) …`;
        try {
          const answer = await server.things({ photo: stage.dataset.photo, names: names.slice(0, i) });
          problem = answer.error || "";
          rough = rough.filter((spot) => spot.name !== names[i - 1]);
          if (!problem) count = window.vs.spots(stage, answer.spots, rough);
        } catch { problem = "The studio can't be reached. Press the button to try again."; }
      }
      delete button.dataset.running;
      button.textContent = label;
      stage.querySelectorAll(".vs-rough").forEach((/** @type {Element} */ spot) => { spot.remove(); });
      line.textContent = problem || (count ? `${count} found. Press one to search with it.` : "None of these was found. Draw a box around the thing instead.");
    });
  },
  /**
   * Lays regions over a photo; those of `rough` are guesses that a look will confirm or take away.
   * @param {any} stage
   * @param {Spot[]} found
   * @param {Spot[]} rough
   */
  spots(stage, found, rough = []) {
    const layer = stage.querySelector(".vs-spots");
    layer.replaceChildren(...[...rough, ...found].map((spot) => {
      const button = document.createElement("button"), name = document.createElement("span");
      name.textContent = spot.name;
      button.append(name);
      button.type = "button";
      button.className = rough.includes(spot) ? "vs-spot vs-rough" : "vs-spot";
      button.title = button.ariaLabel = spot.title;
      Object.assign(button.dataset, { action: "region", value: spot.value });
      button.style.cssText = spot.style;
      return button;
    }));
    return found.length;
  },
});
