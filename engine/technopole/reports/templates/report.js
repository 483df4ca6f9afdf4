"use strict";
(() => {
  const root = document.documentElement;
  const said = document.getElementById("said");

  // light or dark: as the system has it, until the reader chooses
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  let chosen = null;
  const show = () => {
    const dark = chosen === null ? system.matches : chosen;
    root.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  };
  button.addEventListener("click", () => {
    chosen = root.dataset.theme !== "dark";
    show();
  });
  system.addEventListener("change", show);
  show();

  // tables: a click on a heading, or Enter or space on it, sorts by its column
  const value = (row, column) => {
    const text = row.cells[column].dataset.sort;
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true });
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      heading.querySelector("button").addEventListener("click", () => {
        // numbers: the largest first; words: from A on
        const first = heading.classList.contains("number") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = heading.getAttribute("aria-sort") === first ? other : first;
        headings.forEach((one) => one.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [value(row, column), row]);
        // what is missing comes last, whatever the order
        rows.sort(([a], [b]) =>
          a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)
        );
        body.append(...rows.map(([, row]) => row));
        said.textContent = `sorted by ${heading.textContent.trim()}, ${order}`;
      });
    });
  }

  // copy and save
  for (const one of document.querySelectorAll("[data-copy]")) {
    one.addEventListener("click", async () => {
      const text = document.getElementById(one.dataset.copy);
      let done = true;
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        // pages opened from a disk may not use the clipboard: mark the text, and try the old way
        const range = document.createRange();
        range.selectNodeContents(text);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        done = document.execCommand("copy");
      }
      const label = one.firstChild;
      label.textContent = done ? "Copied" : "Marked: press Ctrl+C";
      said.textContent = label.textContent;
      setTimeout(() => (label.textContent = "Copy"), 2000);
    });
  }
  for (const one of document.querySelectorAll("[data-save]")) {
    one.addEventListener("click", () => {
      const text = document.getElementById(one.dataset.save).textContent;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      link.download = one.dataset.file;
      link.click();
      URL.revokeObjectURL(link.href);
      said.textContent = `saved as ${one.dataset.file}`;
    });
  }

  // paper: charts keep their size on the screen and are zoomed to the width of a column
  const plots = new Map();
  const fit = () => {
    for (const [place, plot] of plots) {
      const width = place.closest(".wide") ? 660 : 318;
      place.style.setProperty("--print-zoom", String(width / Math.max(plot.outer_width, 1)));
    }
  };
  const unfolded = [];
  addEventListener("beforeprint", () => {
    fit();
    for (const fold of document.querySelectorAll("details[data-printed]:not([open])")) {
      fold.open = true;
      unfolded.push(fold);
    }
  });
  addEventListener("afterprint", () => {
    unfolded.splice(0).forEach((fold) => (fold.open = false));
  });
  document.getElementById("print").addEventListener("click", () => print());

  // the section on the screen is marked in the navigation
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        const link = links.get(entry.target.id);
        if (!link) continue;
        link.setAttribute("aria-current", "location");
        link.parentElement.parentElement.parentElement.scrollTo({ left: link.offsetLeft - 60 });
      }
    },
    { rootMargin: "-20% 0px -70% 0px" }
  );
  document.querySelectorAll("main > section").forEach((section) => seen.observe(section));

  // legends: a press on a name hides its lines
  const listen = (figure, plot) => {
    for (const name of figure.querySelectorAll("[data-series]")) {
      name.addEventListener("click", () => {
        const shown = name.getAttribute("aria-pressed") !== "true";
        name.setAttribute("aria-pressed", String(shown));
        for (const one of plot.renderers) {
          if (one.name === `series ${name.dataset.series}`) one.visible = shown;
        }
      });
    }
  };

  // charts: those on the screen first, the others when there is time, so that the page can be used meanwhile
  const models = JSON.parse(document.getElementById("charts").textContent);
  const idle = window.requestIdleCallback
    ? () => new Promise((next) => requestIdleCallback(next, { timeout: 200 }))
    : () => new Promise((next) => setTimeout(next));
  const started = new Map();
  const draw = (place) => {
    if (!started.has(place)) started.set(place, embed(place));
    return started.get(place);
  };
  const embed = async (place) => {
    await Bokeh.embed.embed_item(models[place.dataset.chart], place);
    const plot = Bokeh.documents[Bokeh.documents.length - 1].roots()[0];
    plots.set(place, plot);
    listen(place.closest("figure"), plot);
    // on the map of a phone names of places would hide it, and so would large circles
    const map = plot.renderers.find((one) => one.data_source?.data.workers);
    if (map && place.closest(".wide") && place.clientWidth < 600) {
      for (const one of plot.center) if (one.name === "place") one.visible = false;
      const data = map.data_source.data;
      map.data_source.data = { ...data, size: Array.from(data.size, (size) => 0.55 * size) };
      plot.height = 340;
    }
    place.style.minHeight = "";
  };
  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "300px 0px" }
  );
  const places = [...document.querySelectorAll("[data-chart]")];
  places.forEach((place) => near.observe(place));
  (async () => {
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next, 50)));
    await Promise.all(started.values());
    root.dataset.charts = "begun";
    for (const place of places) {
      await idle();
      await draw(place);
    }
    fit();
    root.dataset.charts = "drawn";
  })();
})();
