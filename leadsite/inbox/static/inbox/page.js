/* The inbox's page: its parts, and what is known from them: the tab, the chat in view. */
window.inboxPage = (() => {
    const {failed} = window.inboxAsk;
    const root = document.getElementById("inbox");
    const panes = document.getElementById("inbox-panes");
    const list = document.getElementById("inbox-chats");
    const search = document.getElementById("inbox-search");
    const said = document.getElementById("inbox-said");
    const find = id => document.getElementById(id);
    const chat = () => find("chat");
    /* Whether the site has the chat in view no more: it is not asked for it again, and what is typed stays in view. */
    const isGone = () => "gone" in (chat()?.dataset || {});
    const wanted = () => isGone() ? "" : chat()?.dataset.chat || "";
    const box = () => find("reply-text");
    const isWide = () => matchMedia("(min-width: 64rem)").matches;
    const tab = () => list.querySelector(".inbox-tabs [aria-current]")?.dataset.tab || root.dataset.tab;

    const withQuery = (url, query) => `${url}?${new URLSearchParams(query)}`;
    const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

    /* Loads an item's successor before it scrolls into view. */
    function watch(item, root, margin, load) {
        if (!item) return;
        const observer = new IntersectionObserver(entries => {
            if (entries.some(entry => entry.isIntersecting)) { observer.disconnect(); load(item).catch(failed); }
        }, {root, rootMargin: margin});
        observer.observe(item);
    }

    return {root, panes, list, search, said, find, chat, isGone, wanted, box, isWide, tab, withQuery, token, watch};
})();
