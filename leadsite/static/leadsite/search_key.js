/* Ctrl+K (Cmd+K) leads to the search of everything in the inbox, from every page. Its address is the fragment. */
(() => {
    const inbox = document.currentScript.src.split("#")[1] || "";
    if (!inbox) return;
    // Before unfold's own, which looks for pages of the menu.
    window.addEventListener("keydown", event => {
        if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const field = document.getElementById("inbox-search");
        if (!field) { location.assign(`${inbox}#search`); return; }
        document.dispatchEvent(new CustomEvent("inbox:search"));
        field.focus();
        field.select();
    }, true);
})();
