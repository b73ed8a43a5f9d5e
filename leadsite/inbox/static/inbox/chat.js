/* The chat in view: opening and closing it, and merging another copy of it. Its messages: thread.js. */
window.inboxChat = (() => {
    const SETTLED = 60000;  // an answer that has been in view for so long has been seen
    const {root, panes, list, find, chat, wanted, box, isWide, tab, withQuery} = window.inboxPage;
    const {read, readAgain, failed, lastAnswer} = window.inboxAsk;
    const {names, nameOf, elsewhere, tick, title} = window.inboxSay;
    const {report, leave} = window.inboxPresence;
    const {narrowed, refreshList, choose} = window.inboxList;
    const {plain, thread, isAtEnd, toEnd, mergeMessages, watchOlder, jump} = window.inboxThread;
    const drafts = window.inboxDrafts;

    let shownAt = Date.now();
    /* Whether it says why something of one's own was refused, which stays until the next try. */
    let isRefused = false;
    /* How many changes of one's own were sent, and answered: a copy that was asked for before the last one is old. */
    let changes = 0;
    /* Which chat is asked for: an answer that comes after the next click is not wanted any more. */
    let opening = 0;

    async function openChat(href, {push = true, focus = true} = {}) {
        const url = new URL(href, location.href), name = url.searchParams.get("tab") || tab() || root.dataset.tab;
        if (push) url.search = new URLSearchParams({...narrowed(), tab: name});
        const id = url.pathname.split("/").filter(Boolean).pop(), number = ++opening;
        names.set(id, nameOf(id));
        leave();
        let page;
        try {
            ({page} = await read(withQuery(`${url.pathname}chat/`, {...narrowed(), tab: name})));
        } catch (error) {
            if (error.status === 404 && number === opening) { elsewhere(root.dataset.gone, id); await refreshList(); }
            throw error;
        }
        if (number !== opening) return;
        panes.replaceChildren(...page.body.childNodes);
        root.classList.add("has-chat");
        root.classList.remove("has-customer");
        if (push) history.pushState({}, "", url);
        choose(id);
        if ((find("inbox-elsewhere").querySelector("a")?.dataset.chat || id) === id) find("inbox-elsewhere").hidden = true;
        begin(url.hash);
        if (focus && isWide()) (box() || thread()).focus({preventScroll: true});
        lastAnswer.etag = "";
        if (list.querySelector(`.inbox-row[data-chat="${id}"] .inbox-unread`)) refreshList().catch(failed);
    }

    function begin(hash) {
        if (!chat()) return;
        shownAt = Date.now();
        isRefused = false;
        const text = box();
        if (text) {
            const kept = drafts.read(chat().dataset.chat);
            if (kept && !text.value) text.value = kept;
            grow(text);
        }
        drafts.restoreNotes(chat().dataset.chat, panes);
        window.inboxFile.restore();
        watchOlder();
        tick();
        report("looking");
        if (hash && hash.startsWith("#m-")) jump(hash.slice(3)); else toEnd();
        // Fonts change the height.
        document.fonts?.ready.then(() => { if (thread() && !(hash || "").startsWith("#m-")) toEnd(); });
    }

    function closeChat(push = true) {
        opening++;
        leave();
        root.classList.remove("has-chat", "has-customer");
        panes.replaceChildren();
        choose("");
        title();
        if (push) history.pushState({}, "", withQuery(root.dataset.home, {...narrowed(), tab: root.dataset.tab}));
    }

    /* Puts what is new of another copy of the chat into the one in view, so that nothing jumps, closes or loses the focus. */
    function merge(page, {own = false, sent = null, refused = false} = {}) {
        const fresh = page.getElementById("chat");
        if (!fresh || !chat() || fresh.dataset.chat !== chat().dataset.chat) return;
        delete chat().dataset.gone;
        const end = own || isAtEnd();
        const newest = chat().dataset.newest;
        const top = thread().getBoundingClientRect().top;
        for (const part of page.querySelectorAll("[data-part]")) {
            const here = panes.querySelector(`[data-part="${part.dataset.part}"]`);
            if (part.dataset.part === "problem") {
                if (own) isRefused = part.childElementCount > 0;
                else if (isRefused) continue;
            }
            if (!here || plain(here) === plain(part)) continue;
            const active = here.contains(document.activeElement) ? document.activeElement : null;
            if (active && !own && active.matches("input, select, textarea")) continue;
            window.inboxWork.keep(here, part, sent, refused);
            here.replaceWith(part);
            // The same control, otherwise the part.
            if (active) ([...part.querySelectorAll(active.tagName)].find(one => one.name === active.name && one.value === active.value) || part).focus({preventScroll: true});
        }
        mergeMessages(page.getElementById("messages"));
        chat().dataset.newest = fresh.dataset.newest;
        if (fresh.dataset.newest !== newest) shownAt = Date.now();
        tick();
        /* The head may have another height now; what somebody reads stays where it is. */
        thread().scrollTop += thread().getBoundingClientRect().top - top;
        if (end) toEnd();
        else if (fresh.dataset.newest !== newest) find("newer").hidden = false;
    }

    async function refreshChat() {
        const open = chat();
        if (!wanted()) return;
        const query = {...narrowed(), tab: tab() || root.dataset.tab};
        if (!windowIsOver()) query.again = "1";
        if (document.hidden) query.unseen = "1";
        const seen = panes.querySelector("[name=seen]");
        if (seen && box().value.trim()) query.seen = seen.value;
        const before = changes;
        let page;
        try {
            ({page} = await readAgain(withQuery(open.dataset.panes, query)));
        } catch (error) {
            if (error.status !== 404) throw error;
            if (chat() === open) { open.dataset.gone = ""; problem(root.dataset.gone); }
            return;
        }
        if (chat() !== open) return;
        if (before !== changes) { lastAnswer.etag = ""; return; }
        merge(page);
        const offered = page.getElementById("template-box"), place = find("template-box");
        if (offered && place && !place.childElementCount) place.replaceChildren(...offered.childNodes);
    }

    /* Whether the 24 hours of free text have ended in view: as in a chat that is opened then, the copy of it has templates. */
    function windowIsOver() {
        const until = panes.querySelector("[data-until]")?.dataset.until;
        return Boolean(until) && Date.parse(until) <= Date.now();
    }

    async function post(form, body) {
        changes++;
        try { return await read(form.action, {method: "POST", body}); } finally { changes++; }
    }

    function problem(words) {
        const line = document.createElement("p");
        line.className = "inbox-problem";
        line.setAttribute("role", "alert");
        line.textContent = words;
        panes.querySelector("[data-part=problem]")?.replaceChildren(line);
        isRefused = true;
    }

    function grow(text) {
        text.style.height = "auto";
        text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight / 3)}px`;
    }

    const isSettled = () => Date.now() - shownAt > SETTLED;

    return {openChat, begin, closeChat, merge, refreshChat, windowIsOver, post, problem, grow, isSettled};
})();
