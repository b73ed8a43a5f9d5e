/* The messages of the chat in view: its end, merging those of another copy, older ones, and those that are quoted. */
window.inboxThread = (() => {
    const {root, panes, said, find, chat, tab, withQuery, watch} = window.inboxPage;
    const {read, readAgain, failed} = window.inboxAsk;
    const {narrowed} = window.inboxList;

    const csrf = / name="csrfmiddlewaretoken" value="[^"]*"/g;
    const plain = element => element.outerHTML.replace(csrf, "");
    const thread = () => find("thread");
    const isAtEnd = () => { const it = thread(); return it.scrollHeight - it.scrollTop - it.clientHeight < 80; };
    let staysAtEnd = true;
    /* What of older pages is to be read again: until that is done, it is tried with each new copy of the chat. */
    const changed = new Set();
    /* As of when a message of an older page was read again. */
    const asOf = new Map();
    let reading = null;
    const toEnd = () => { thread().scrollTop = thread().scrollHeight; find("newer").hidden = true; staysAtEnd = true; };
    /* Photos and players that load make the chat longer: who reads its end stays there. */
    panes.addEventListener("scroll", event => { if (event.target === thread()) staysAtEnd = isAtEnd(); }, true);
    for (const name of ["load", "loadedmetadata"]) panes.addEventListener(name, event => {
        if (staysAtEnd && thread()?.contains(event.target)) toEnd();
    }, true);
    panes.addEventListener("scroll", () => { if (thread() && isAtEnd()) find("newer").hidden = true; }, true);

    function mergeMessages(fresh) {
        const here = find("messages");
        const known = new Map([...here.children].map(item => [item.dataset.key, item]));
        const items = [...fresh.children].filter(item => item.dataset.key !== "more");
        const first = items.findIndex(item => known.has(item.dataset.key) && !item.dataset.key.startsWith("day-"));
        if (first < 0) {
            here.replaceChildren(...fresh.childNodes);
            window.inboxDrafts.restoreNotes(chat().dataset.chat, here);
            watchOlder();
            return;
        }
        let last = null;
        const kept = new Set();
        for (const item of items.slice(first)) {
            let now = known.get(item.dataset.key);
            if (!now) { now = item; if (now.dataset.about) changed.add(now.dataset.about); }
            else if (plain(now) !== plain(item)) {
                if (now.querySelector("details:not([id])[open]")) item.querySelector("details")?.setAttribute("open", "");
                window.inboxWork.keep(now, item, null, false);
                now.replaceWith(item);
                now = item;
            }
            if (last && last.nextElementSibling !== now) last.after(now);
            kept.add(now);
            last = now;
        }
        for (let item = known.get(items[first].dataset.key) && here.lastElementChild; item && !kept.has(item);) {
            const before = item.previousElementSibling;
            item.remove();
            item = before;
        }
        readChanged().catch(failed);
    }

    /* Reads again what was changed of older pages: by a new message that edits, deletes or reacts to it, or its tick. Each
       page ends with the newest that is left, and has those before it, too. */
    const readChanged = () => reading ||= readPages().finally(() => { reading = null; });

    const lastChanged = () => chat() && [...find("messages").children].findLast(item => changed.has(item.dataset.key));

    async function readPages() {
        for (let last = lastChanged(); last; last = lastChanged()) {
            const open = chat(), id = last.dataset.key;
            const {page} = await readAgain(withQuery(open.dataset.older, {...narrowed(), tab: tab(), about: id}));
            if (chat() !== open) continue;
            // The first one of a page says by which number it came, which one of the page before it may say.
            const isWhole = !page.querySelector(".thread-more");
            const fresh = [...page.querySelectorAll("[id^=m-]")].filter((item, number) => number || isWhole || item.dataset.key === id);
            changed.delete(id);
            for (const item of fresh) if (item.dataset.key === id || changed.delete(item.dataset.key)) replaceBubble(item);
        }
        changed.clear();
    }

    function replaceBubble(fresh) {
        const here = find(fresh.id);
        if (!here || plain(here) === plain(fresh)) return;
        if (here.querySelector("details[open]")) fresh.querySelector("details")?.setAttribute("open", "");
        here.replaceWith(fresh);
        if (staysAtEnd) toEnd();
    }

    /* What the window shows of the chat, for the question what of it was changed. */
    const inView = () => chat() ? {oldest: find("messages").querySelector("[id^=m-]")?.dataset.key || "", read_at: chat().dataset.readAt} : {};

    /* `moved`: when messages of older pages were changed. */
    async function refreshMoved(moved) {
        for (const [id, at] of Object.entries(moved)) if (asOf.get(id) !== at) { asOf.set(id, at); changed.add(id); }
        await readChanged();
    }

    // --- older messages, and those that are quoted --------------------------------------------------------------------
    const watchOlder = () => watch(find("messages").querySelector(".thread-more"), thread(), "400px", loadOlder);

    async function loadOlder() {
        const open = chat(), item = find("messages").querySelector(".thread-more");
        if (!item) return false;
        const {page} = await read(withQuery(open.dataset.older, {...narrowed(), tab: tab(), before: item.querySelector("a").dataset.before}));
        if (chat() !== open || !item.isConnected) return false;
        const it = thread(), from = it.scrollHeight - it.scrollTop;
        const added = [...page.body.children];
        const days = new Set(added.map(one => one.dataset.key));
        const next = item.nextElementSibling;
        if (next?.classList.contains("thread-day") && days.has(next.dataset.key)) next.remove();
        item.replaceWith(...added);
        window.inboxDrafts.restoreNotes(open.dataset.chat, find("messages"));
        it.scrollTop = it.scrollHeight - from;
        watchOlder();
        return true;
    }

    async function jump(id) {
        for (let pages = 0; !find(`m-${id}`) && pages < 40; pages++) if (!await loadOlder()) break;
        const item = find(`m-${id}`);
        if (!item) { said.textContent = root.dataset.noMessage; return; }
        item.scrollIntoView({block: "center"});
        item.classList.add("is-found");
        item.focus({preventScroll: true});
        setTimeout(() => item.classList.remove("is-found"), 2500);
    }

    return {plain, thread, isAtEnd, toEnd, mergeMessages, watchOlder, loadOlder, jump, inView, refreshMoved};
})();
