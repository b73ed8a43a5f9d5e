/* Each choice in the panel of filters loads the list again: the panel is open there too, for the next choice. */
(() => {
    const KEY = "filters-open";
    const panel = document.getElementById("changelist-filter");
    if (!panel) return;

    panel.addEventListener("click", event => {
        if (event.target.closest("a[href]")) sessionStorage.setItem(KEY, location.pathname);
    });
    const isOpen = sessionStorage.getItem(KEY) === location.pathname;
    sessionStorage.removeItem(KEY);
    // unfold's, which Alpine has to know first; on a wide page the panel is always there.
    const button = document.querySelector('#changelist [x-on\\:click="filterOpen = true"]');
    if (isOpen && button?.offsetParent) document.addEventListener("DOMContentLoaded", () => button.click());
})();
