/* The list of chats: its tabs, filters and saved views, the search, more rows on scrolling, and its focus. */
window.inboxList = (() => {
    const {root, list, search, chat, tab, withQuery, watch} = window.inboxPage;
    const {ask, read, readAgain, refusal, failed, lastAnswer} = window.inboxAsk;
    const {tick} = window.inboxSay;

    const term = () => search.value.trim();
    /* What the list is filtered by: filters.html. */
    const narrowed = () => Object.fromEntries(new URLSearchParams(list.querySelector("[data-filters]")?.dataset.filters || ""));
    const rowsOf = () => [...list.querySelectorAll(".inbox-row")];

    /* Down to which row the list is in view, by steps: a change above that is seen at once. What comes into view by
       scrolling makes the number another one, and so is read again, too. */
    const STEP = 15;
    function rowsInView() {
        const end = Math.min(innerHeight, list.querySelector(".inbox-rows")?.getBoundingClientRect().bottom ?? 0);
        const seen = rowsOf().filter(row => row.checkVisibility() && row.getBoundingClientRect().top < end).length;
        return Math.max(1, Math.ceil(seen / STEP)) * STEP;
    }

    /* Which list is asked for: an answer that comes after the next question is not wanted any more. */
    let listing = 0;

    /* `own`: after a choice of the person's own, which changes all of it. */
    async function refreshList({own = false} = {}) {
        const query = {...narrowed(), tab: tab() || root.dataset.tab, chat: chat()?.dataset.chat || ""}, number = ++listing;
        if (term()) query.q = term(); else query.rows = rowsOf().length;
        const {page} = await readAgain(withQuery(root.dataset.list, query));
        if (number !== listing) return;
        const top = list.querySelector(".inbox-rows")?.scrollTop || 0;
        window.inboxWork.keep(list, page.body, null, false);
        replaceList(page.body, own);
        root.dataset.tab = tab() || root.dataset.tab;
        const rows = list.querySelector(".inbox-rows");
        if (rows) rows.scrollTop = top;
        watchMore();
        tick();
    }

    /* What a control of the list is known by in another copy of it. */
    const keyOf = one => JSON.stringify([one.tagName, one.name, one.value, one.dataset.chat, one.dataset.tab, one.dataset.query, "after" in one.dataset]);

    /* Filters in which somebody types or chooses stay as they are. Otherwise the same control has the focus, or the rows. */
    function replaceList(fresh, own) {
        const active = list.contains(document.activeElement) ? document.activeElement : null;
        const here = !own && active?.matches("input, select") && active.closest(".inbox-filters"), next = fresh.querySelector(".inbox-filters");
        if (here && next) {
            const parts = [...fresh.childNodes], at = parts.indexOf(next);
            for (const part of [...list.childNodes]) if (part !== here) part.remove();
            here.before(...parts.slice(0, at));
            here.after(...parts.slice(at + 1));
            return;
        }
        list.replaceChildren(...fresh.childNodes);
        if (!active) return;
        const same = [...list.querySelectorAll(active.tagName)].find(one => keyOf(one) === keyOf(active));
        same?.focus({preventScroll: true});  // not where its fold is closed now
        if (document.activeElement !== same) list.querySelector(".inbox-rows")?.focus({preventScroll: true});
    }

    const watchMore = () => watch(list.querySelector(".inbox-more"), list.querySelector(".inbox-rows"), "300px", loadMore);

    async function loadMore(item) {
        const {page} = await read(withQuery(root.dataset.list, {...narrowed(), tab: tab(), after: item.querySelector("a").dataset.after, chat: chat()?.dataset.chat || ""}));
        const rows = [...page.body.childNodes], hadFocus = item.contains(document.activeElement);
        item.replaceWith(...rows);
        if (hadFocus) rows.find(one => one.nodeType === Node.ELEMENT_NODE)?.querySelector("a")?.focus({preventScroll: true});
        watchMore();
    }

    function choose(id) {
        for (const row of rowsOf()) row.toggleAttribute("aria-current", false);
        for (const row of rowsOf()) if (row.dataset.chat === id) { row.setAttribute("aria-current", "true"); row.classList.remove("is-unread"); }
    }

    let waiting = null;
    function searchSoon() {
        clearTimeout(waiting);
        waiting = setTimeout(() => refreshList().catch(failed), 250);
    }

    /* Shows another list: a tab with filters, as in an address. */
    function narrow(name, query) {
        list.querySelector("[data-filters]").dataset.filters = query;
        list.querySelector("#filters")?.removeAttribute("open");
        return chooseTab(list.querySelector(`.inbox-tabs [data-tab="${name}"]`));
    }

    async function keepView(form, submitter) {
        const response = await ask(form.action, {method: "POST", body: new FormData(form, submitter)});
        if (response.status === 409) { location.reload(); return; }  // of the business that another window has switched to
        if (!response.ok) throw refusal(response);
        form.reset();
        list.querySelector("#filters")?.removeAttribute("open");
        return refreshList({own: true});
    }

    function chooseTab(link) {
        search.value = "";
        for (const one of list.querySelectorAll(".inbox-tabs a")) one.removeAttribute("aria-current");
        link.setAttribute("aria-current", "page");
        root.dataset.tab = link.dataset.tab;
        search.form.querySelector("[name=tab]").value = link.dataset.tab;
        list.querySelector(".inbox-rows").replaceChildren();
        const path = chat() && root.classList.contains("has-chat") ? location.pathname : root.dataset.home;
        history.replaceState({}, "", withQuery(path, {...narrowed(), tab: link.dataset.tab}));
        lastAnswer.etag = "";
        return refreshList({own: true});
    }

    return {term, narrowed, rowsOf, rowsInView, refreshList, watchMore, loadMore, choose, searchSoon, narrow, chooseTab, keepView};
})();
