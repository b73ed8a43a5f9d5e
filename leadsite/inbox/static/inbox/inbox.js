/* The inbox while it is open: asks every few seconds what has changed and replaces that, opens chats without loading the
   page, sends, keeps drafts, loads more on scrolling. Without this script the page works by its links and forms.

   Here it starts, and every event finds who answers it. In the order in which inbox.html loads them:
   drafts.js    texts that are not sent yet            list.js      the list of chats, its tabs, filters and views
   attach.js    the file of an answer                  thread.js    the messages of the chat in view
   asking.js    requests, and what became of them      chat.js      the chat in view
   work.js      notes, @ and /, what is open           sending.js   answers and changes
   page.js      the parts of the page                  live.js      what is new, and who has written
   saying.js    title, times, what is elsewhere        writing.js   templates: by events of its own
   presence.js  who looks at a chat */
(() => {
    const {root, panes, search, find, chat, box, isWide, tab} = window.inboxPage;
    const {failed, lastAnswer} = window.inboxAsk;
    const {elsewhere, tick} = window.inboxSay;
    const {report, leave} = window.inboxPresence;
    const {rowsOf, refreshList, watchMore, loadMore, searchSoon, narrow, chooseTab, keepView} = window.inboxList;
    const {toEnd, loadOlder, jump} = window.inboxThread;
    const {openChat, begin, closeChat, merge, refreshChat, windowIsOver} = window.inboxChat;
    const {send, change, choose, notDone, typed} = window.inboxSending;
    const {start, poll, prefer} = window.inboxLive;

    root.dataset.tab = tab() || "waiting";
    root.classList.add("is-live");

    root.addEventListener("click", event => {
        const link = event.target.closest("a, button");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
        const run = work => { event.preventDefault(); Promise.resolve(work()).catch(failed); };
        if (link.dataset.preference) run(() => prefer(link));
        else if (link.id === "newer") run(toEnd);
        else if (link.dataset.jump) run(() => jump(link.dataset.jump));
        else if (link.dataset.before) run(loadOlder);
        else if (link.dataset.after) run(() => loadMore(link.closest(".inbox-more")));
        else if ("back" in link.dataset) run(closeChat);
        else if ("customer" in link.dataset) run(() => { root.classList.add("has-customer"); find("customer").focus(); });
        else if ("toChat" in link.dataset) run(() => root.classList.remove("has-customer"));
        else if (link.dataset.tab && "query" in link.dataset) run(() => narrow(link.dataset.tab, link.dataset.query));
        else if (link.dataset.tab && link.closest(".inbox-tabs")) run(() => chooseTab(link));
        else if (link.dataset.chat) run(() => openChat(link.href));
    });

    /* Links over what the keyboard need not pass. By itself the browser would add an address to go back to. */
    document.addEventListener("click", event => {
        const skip = event.target.closest("[data-skip]");
        if (!skip) return;
        event.preventDefault();
        const target = find(skip.hash.slice(1));
        if (target.tabIndex < 0) target.tabIndex = -1;  // then it can have the focus
        target.focus();
    });

    root.addEventListener("submit", event => {
        const form = event.target;
        if (form.classList.contains("inbox-reply")) { event.preventDefault(); send(form, event.submitter); }
        else if ("change" in form.dataset) { event.preventDefault(); change(form, event.submitter); }
        else if ("filter" in form.dataset) {
            event.preventDefault();
            const query = new URLSearchParams([...new FormData(form)].filter(([name, value]) => value && name !== "tab")).toString();
            narrow(tab() || root.dataset.tab, query && `&${query}`).catch(failed);
        } else if ("views" in form.dataset) { event.preventDefault(); keepView(form, event.submitter).catch(failed); }
        else if (form.classList.contains("inbox-search")) { event.preventDefault(); refreshList().catch(failed); }
    });

    root.addEventListener("input", event => {
        if (event.target === search) searchSoon();
        else if (event.target === box()) typed();
        else if (event.target.matches(window.inboxDrafts.NOTES)) window.inboxDrafts.writeNote(chat().dataset.chat, event.target);
    });

    root.addEventListener("change", event => {
        const form = event.target.form;
        if (form && "atOnce" in form.dataset) choose(form, event.target);
    });

    root.addEventListener("keydown", event => {
        if (event.target === box() && event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.isComposing
            && !matchMedia("(pointer: coarse)").matches) {
            event.preventDefault();
            box().form.requestSubmit();
        } else if (event.key === "Escape" && panes.contains(event.target)) {
            const row = rowsOf().find(one => one.hasAttribute("aria-current")) || rowsOf()[0];
            if (isWide()) row?.focus(); else if (root.classList.contains("has-customer")) root.classList.remove("has-customer"); else closeChat();
        } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (event.target.closest(".inbox-row") || event.target === search)) {
            const rows = rowsOf(), at = rows.indexOf(event.target.closest(".inbox-row"));
            const next = event.key === "ArrowDown" ? rows[at + 1] : rows[at - 1];
            if (next || at === 0) { event.preventDefault(); (next || search).focus(); }
        }
    });

    // From writing.js: another form has changed the chat, or something of it was not done.
    document.addEventListener("inbox:panes", event => { merge(event.detail, {own: true}); refreshList().catch(failed); });
    document.addEventListener("inbox:not-done", event => notDone(event.detail.error, event.detail.chat, event.detail.words));
    document.addEventListener("inbox:elsewhere", event => elsewhere(event.detail.words, event.detail.chat));
    document.addEventListener("inbox:search", () => root.classList.remove("has-chat", "has-customer"));
    /* Back to a new chat or the templates of one is another page, unless it is the one in view. */
    const loaded = panes.firstElementChild;
    window.addEventListener("popstate", () => {
        const rest = location.pathname.slice(root.dataset.home.length);
        if (!rest) closeChat(false);
        else if (/^[\da-f-]{36}\/$/.test(rest)) openChat(location.href, {push: false}).catch(failed);
        else if (!loaded.isConnected) location.reload();
    });
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) { leave(); return; }
        report("looking");
        lastAnswer.etag = "";
        poll();
    });
    window.addEventListener("pagehide", leave);
    setInterval(() => { tick(); if (windowIsOver()) refreshChat().catch(failed); }, 20000);

    if (location.hash === "#search") { search.focus(); history.replaceState({}, "", location.pathname + location.search); }
    watchMore();
    begin(location.hash);
    start();
})();
