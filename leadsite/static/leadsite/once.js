/* Sends a form once: a double click, or another press while the answer is slow, would store or send the same twice. */
(() => {
    const LONG = 20000;  // ms after which it may be sent again: the answer was a file, or there was none
    const sent = new Map();
    // Before the scripts of the page, which do not hear of the second.
    window.addEventListener("submit", event => {
        if (Date.now() - (sent.get(event.target) ?? -LONG) >= LONG) return;
        event.preventDefault();
        event.stopImmediatePropagation();
    }, true);
    // After them: what they send themselves loads no page.
    window.addEventListener("submit", event => {
        const form = event.target;
        if (!event.defaultPrevented && form.getAttribute("method")?.toLowerCase() === "post") sent.set(form, Date.now());
    });
    // Who stops a slow page to correct something sends something else.
    for (const kind of ["input", "change"]) window.addEventListener(kind, event => sent.delete(event.target.form), true);
    // Somebody is back on the page.
    window.addEventListener("pageshow", () => sent.clear());
})();
