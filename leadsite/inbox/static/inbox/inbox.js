/* The inbox while it is open: asks every few seconds what has changed and replaces that, opens chats without loading the
   page, sends, keeps drafts, loads more on scrolling. Without this script the page works by its links and forms. */
(() => {
    const root = document.getElementById("inbox");
    if (!root) return;
    const EVERY = 2600;  // ms between two questions; of the one hidden window that asks:
    const EVERY_HIDDEN = 5000;
    const LOOKING = 20000;  // how often the server hears that somebody looks at a chat
    const TYPING = 3000;
    const SETTLED = 60000;  // an answer that has been in view for so long has been seen
    const drafts = window.inboxDrafts;
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
    const term = () => search.value.trim();
    root.dataset.tab = tab() || "waiting";
    root.classList.add("is-live");

    // --- requests ---------------------------------------------------------------------------------------------------
    const {ask, read, refusal, reason} = window.inboxAsk;

    /* Reads what is new of the list or the chat. Where that fails the next question is answered in full, and both are read. */
    async function readAgain(url) {
        try { return await read(url); } catch (error) { etag = ""; version = null; throw error; }
    }

    const withQuery = (url, query) => `${url}?${new URLSearchParams(query)}`;
    const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

    // --- the list ---------------------------------------------------------------------------------------------------
    /* What the list is filtered by: filters.html. */
    const narrowed = () => Object.fromEntries(new URLSearchParams(list.querySelector("[data-filters]")?.dataset.filters || ""));
    const rowsOf = () => [...list.querySelectorAll(".inbox-row")];

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
        const here = !own && active?.matches("input, select") && active.closest(".inbox-filters"), twin = fresh.querySelector(".inbox-filters");
        if (here && twin) {
            const parts = [...fresh.childNodes], at = parts.indexOf(twin);
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

    /* Loads an item's successor before it scrolls into view. */
    function watch(item, root, margin, load) {
        if (!item) return;
        const observer = new IntersectionObserver(entries => {
            if (entries.some(entry => entry.isIntersecting)) { observer.disconnect(); load(item).catch(failed); }
        }, {root, rootMargin: margin});
        observer.observe(item);
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

    // --- a chat -----------------------------------------------------------------------------------------------------
    const csrf = / name="csrfmiddlewaretoken" value="[^"]*"/g;
    const plain = element => element.outerHTML.replace(csrf, "");
    const thread = () => find("thread");
    const isAtEnd = () => { const it = thread(); return it.scrollHeight - it.scrollTop - it.clientHeight < 80; };
    let staysAtEnd = true;
    const toEnd = () => { thread().scrollTop = thread().scrollHeight; find("newer").hidden = true; staysAtEnd = true; };
    /* Photos and players that load make the chat longer: who reads its end stays there. */
    panes.addEventListener("scroll", event => { if (event.target === thread()) staysAtEnd = isAtEnd(); }, true);
    for (const name of ["load", "loadedmetadata"]) panes.addEventListener(name, event => {
        if (staysAtEnd && thread()?.contains(event.target)) toEnd();
    }, true);
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
            ({page} = await read(withQuery(`${url.pathname}chat/`, {tab: name})));
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
        etag = "";
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
        watchOlder();
        offerAssign();
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
        offerAssign();
        tick();
        /* The head may have another height now; what somebody reads stays where it is. */
        thread().scrollTop += thread().getBoundingClientRect().top - top;
        if (end) toEnd();
        else if (fresh.dataset.newest !== newest) find("newer").hidden = false;
    }

    function mergeMessages(fresh) {
        const here = find("messages");
        const known = new Map([...here.children].map(item => [item.dataset.key, item]));
        const items = [...fresh.children].filter(item => item.dataset.key !== "more");
        const first = items.findIndex(item => known.has(item.dataset.key) && !item.dataset.key.startsWith("day-"));
        if (first < 0) { here.replaceChildren(...fresh.childNodes); watchOlder(); return; }
        let last = null;
        const kept = new Set();
        for (const item of items.slice(first)) {
            let now = known.get(item.dataset.key);
            if (!now) now = item;
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
    }

    async function refreshChat() {
        const open = chat();
        if (!wanted()) return;
        const query = {tab: tab() || root.dataset.tab};
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
        if (before !== changes) { etag = ""; return; }
        merge(page);
        const offered = page.getElementById("template-box"), place = find("template-box");
        if (offered && place && !place.childElementCount) place.replaceChildren(...offered.childNodes);
    }

    /* Whether the 24 hours of free text have ended in view: as in a chat that is opened then, the copy of it has templates. */
    function windowIsOver() {
        const until = panes.querySelector("[data-until]")?.dataset.until;
        return Boolean(until) && Date.parse(until) <= Date.now();
    }

    // --- older messages, and those that are quoted --------------------------------------------------------------------
    const watchOlder = () => watch(find("messages").querySelector(".thread-more"), thread(), "400px", loadOlder);

    async function loadOlder() {
        const open = chat(), item = find("messages").querySelector(".thread-more");
        if (!item) return false;
        const {page} = await read(withQuery(open.dataset.older, {tab: tab(), before: item.querySelector("a").dataset.before}));
        if (chat() !== open || !item.isConnected) return false;
        const it = thread(), from = it.scrollHeight - it.scrollTop;
        const added = [...page.body.children];
        const days = new Set(added.map(one => one.dataset.key));
        const next = item.nextElementSibling;
        if (next?.classList.contains("thread-day") && days.has(next.dataset.key)) next.remove();
        item.replaceWith(...added);
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

    // --- sending and other changes ------------------------------------------------------------------------------------
    let sending = Promise.resolve();

    /* One after the other: what is sent twice by a second Enter finds an empty box. */
    function send(form, submitter) {
        const id = chat().dataset.chat, text = box().value, file = window.inboxFile.chosen();
        sending = sending.then(() => form.isConnected ? sendNow(form, submitter) : tooLate(id, text, file));
    }

    /* The chat was left before this one's turn came: what was not sent with the one before is said. */
    let sentFile = null;
    function tooLate(id, text, file) {
        if (!(text.trim() && drafts.read(id) === text) && (!file || file === sentFile)) return;
        if (chat()?.dataset.chat === id) problem(root.dataset.notSent); else elsewhere(root.dataset.notSent, id);
    }

    async function post(form, body) {
        changes++;
        try { return await read(form.action, {method: "POST", body}); } finally { changes++; }
    }

    async function sendNow(form, submitter) {
        if (!(box().value.trim() || window.inboxFile.has())) return;
        const text = box().value, file = window.inboxFile.chosen(), id = chat().dataset.chat;
        // Its button may have been replaced meanwhile.
        const body = new FormData(form);
        if (submitter?.name) body.append(submitter.name, submitter.value);
        form.classList.add("is-sending");
        try {
            const {status, page} = await post(form, body);
            if (status === 200) sentFile = file;
            if (chat()?.dataset.chat !== id) {
                if (status !== 200) elsewhere(root.dataset.notSent, id);
                else if (drafts.read(id) === text) drafts.write(id, "");
                return;
            }
            if (status === 200) {
                if (box().value === text) { box().value = ""; grow(box()); }
                if (window.inboxFile.chosen() === file) window.inboxFile.clear();
                drafts.write(id, box().value);
                panes.querySelector("[name=seen]").value = page.querySelector("[name=seen]").value;
            }
            merge(page, {own: true});
            box().focus({preventScroll: true});
        } catch (error) {
            await notDone(error, id, root.dataset.notSent);
        } finally {
            form.classList.remove("is-sending");
        }
    }

    /* The forms that wait for an answer: a second press would be refused because of the first. */
    const changing = new WeakSet();

    async function change(form, submitter) {
        if (changing.has(form)) return;
        changing.add(form);
        const id = chat()?.dataset.chat, body = new FormData(form, submitter);
        try {
            const {status, page} = await post(form, body);
            if (chat()?.dataset.chat === id) {
                const shown = window.inboxWork.inView(form), refused = status !== 200;
                const isDone = !refused && window.inboxWork.sent(shown, body);
                merge(page, {own: true, sent: isDone || refused ? shown : null, refused});
            } else if (status !== 200) elsewhere(root.dataset.notChanged, id);
            refreshList().catch(failed);
        } catch (error) {
            await notDone(error, id, root.dataset.notChanged);
        } finally {
            changing.delete(form);
        }
    }

    /* Says why something of a chat was not done; `words` as for `reason`. What is not there may be one message of it:
       whether the chat in view is gone, the next copy of it says. */
    async function notDone(error, id, words) {
        const isOpen = () => chat()?.dataset.chat === id;
        if (!isOpen()) { elsewhere(reason(error, words), id); return; }
        if (error.status === 404) await refreshChat().catch(failed);
        if (isOpen() && !isGone()) problem(error.status === 404 ? words : reason(error, words));
    }
    document.addEventListener("inbox:not-done", event => notDone(event.detail.error, event.detail.chat, event.detail.words));

    const nameOf = id => list.querySelector(`.inbox-row[data-chat="${id}"] .inbox-name`)?.textContent || names.get(id) || root.dataset.customer;

    /* Of a chat that is not in view: it stays until that is opened; of one that is gone, until another is. */
    function elsewhere(words, id) {
        const line = find("inbox-elsewhere"), who = document.createElement(words === root.dataset.gone ? "strong" : "a");
        if (who.matches("a")) { who.href = `${root.dataset.home}${id}/`; who.dataset.chat = id; }
        who.textContent = nameOf(id);
        line.replaceChildren(who, ` ${words}`);
        line.hidden = false;
    }
    document.addEventListener("inbox:elsewhere", event => elsewhere(event.detail.words, event.detail.chat));

    function problem(words) {
        const line = document.createElement("p");
        line.className = "inbox-problem";
        line.setAttribute("role", "alert");
        line.textContent = words;
        panes.querySelector("[data-part=problem]")?.replaceChildren(line);
        isRefused = true;
    }

    function offerAssign() {
        for (const button of panes.querySelectorAll("[data-on-change]")) {
            const field = button.form.querySelector("select");
            button.hidden = [...field.options].every(option => option.selected === option.defaultSelected) || field.value === (field.querySelector("[selected]")?.value ?? "");
        }
    }

    function grow(text) {
        text.style.height = "auto";
        text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight / 3)}px`;
    }

    // --- who looks at this chat -----------------------------------------------------------------------------------------
    let reported = 0, typed = 0;

    function report(state) {
        const open = chat();
        if (!wanted() || (document.hidden && state !== "left")) return;
        reported = Date.now();
        const body = new URLSearchParams({state, csrfmiddlewaretoken: token()});
        fetch(open.dataset.presence, {method: "POST", body, keepalive: true, headers: {"X-Inbox": "1"}}).catch(() => {});
    }

    /* Names of the chats that were left or asked for: by the time something is said of one, its row may have left the list. */
    const names = new Map();

    function leave() {
        const open = chat();
        if (!open) return;
        names.set(open.dataset.chat, open.querySelector("h2").textContent);
        report("left");
        typed = 0;
    }

    // --- times ------------------------------------------------------------------------------------------------------
    function tick() {
        for (const time of root.querySelectorAll("[data-since]")) {
            const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 60000));
            const hours = Math.floor(minutes / 60);
            time.textContent = minutes < 60 ? `${minutes} min` : hours < 48 ? `${hours} h` : root.dataset.days.replace("NUMBER", Math.floor(hours / 24));
        }
        for (const time of root.querySelectorAll("[data-until]")) {
            const minutes = Math.max(0, Math.floor((Date.parse(time.dataset.until) - Date.now()) / 60000));
            time.textContent = minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
        }
    }

    // --- what is new ------------------------------------------------------------------------------------------------
    let etag = "", version = null, failures = 0, timer = null;

    /* Of several hidden windows one asks, and none while another is in view: the lock is of all windows of this browser. */
    function mayAsk(work) {
        if (!navigator.locks) return document.hidden ? null : work();
        const options = document.hidden ? {ifAvailable: true} : {mode: "shared"};
        return navigator.locks.request("inbox", options, lock => lock ? work() : null);
    }

    async function poll() {
        clearTimeout(timer);
        try {
            await mayAsk(question);
            failures = 0;
            find("inbox-offline").hidden = true;
        } catch (error) { failed(error); }
        const pause = document.hidden ? EVERY_HIDDEN : EVERY;
        clearTimeout(timer);
        timer = setTimeout(poll, pause * Math.min(4, 1 + failures));
        if (Date.now() - typed > 6000 && typed) { typed = 0; report("looking"); }
        if (Date.now() - reported > LOOKING) report("looking");
    }

    async function question() {
        const query = {...narrowed(), tab: tab() || root.dataset.tab, chat: wanted(), business: root.dataset.business};
        const response = await ask(withQuery(root.dataset.live, query), {headers: etag ? {"If-None-Match": etag} : {}});
        if (response.status === 304) return;
        if (!response.ok) throw refusal(response);
        etag = response.headers.get("ETag") || "";
        const now = await response.json(), before = version;
        version = {...now, tab: query.tab, id: query.chat};
        title();
        const newCounts = !before || JSON.stringify(before.counts) !== JSON.stringify(now.counts);
        try {
            if (!before || before.tab !== query.tab || before.rows !== now.rows || newCounts) if (!term()) await refreshList();
            if (query.chat && (!before || before.id !== query.chat || before.chat !== now.chat)) await refreshChat();
        } finally { hear(now.arrived); }  // at the end: the list has the name of a new customer
    }

    /* When the last customer wrote of whom this page has heard: null before the first answer. */
    let heard = null;

    function hear(arrived) {
        const at = arrived?.[0] || "", isNew = heard !== null && at > heard;
        if (heard === null || isNew) heard = at;
        if (isNew) announce(arrived[1]);
    }

    /* Not where the site has answered that something is not there. */
    function failed(error) {
        if (error.status === 404) return;
        failures += 1;
        if (failures > 1) find("inbox-offline").hidden = false;
    }

    function title() {
        if (!version) return;
        const count = version.counts.waiting, who = chat()?.querySelector("h2")?.textContent;
        document.title = `${count ? `(${count > 99 ? "99+" : count}) ` : ""}${who ? `${who} | ` : ""}${root.dataset.title} | ${root.dataset.site}`;
    }

    // --- a customer has written ---------------------------------------------------------------------------------------
    const isOn = name => root.dataset[name] === "on";
    let audio = null;

    function announce(id) {
        const name = nameOf(id);
        said.textContent = root.dataset.hasWritten.replace("NAME", () => name);
        if (isOn("sound")) ring();
        if (isOn("notifications") && (document.hidden || !document.hasFocus()) && window.Notification?.permission === "granted") {
            const notification = new Notification(name, {body: said.textContent, tag: id});
            notification.onclick = () => { window.focus(); notification.close(); openChat(`${root.dataset.home}${id}/?tab=${tab()}`).catch(failed); };
        }
    }

    function ring() {
        // Without a click or key before, the browser would refuse, and say so in its console.
        if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
        audio ||= new AudioContext();
        [880, 1174].forEach((frequency, number) => {
            const tone = audio.createOscillator(), volume = audio.createGain();
            const at = audio.currentTime + number * 0.12;
            tone.frequency.value = frequency;
            volume.gain.setValueAtTime(0.08, at);
            volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
            tone.connect(volume).connect(audio.destination);
            tone.start(at);
            tone.stop(at + 0.3);
        });
    }

    async function prefer(button) {
        const name = button.dataset.preference, on = !isOn(name);
        if (name === "notifications" && on && window.Notification && await Notification.requestPermission() !== "granted") {
            said.textContent = root.dataset.notAllowed;
            return;
        }
        root.dataset[name] = on ? "on" : "off";
        button.setAttribute("aria-pressed", String(on));
        button.value = on ? "off" : "on";
        if (name === "sound" && on) ring();
        await ask(root.dataset.preferences, {method: "POST", body: new URLSearchParams({[name]: on ? "on" : "off", csrfmiddlewaretoken: token()})});
    }

    // --- events -----------------------------------------------------------------------------------------------------
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

    /* Shows another list: a tab with filters, as in an address. */
    function narrow(name, query) {
        list.querySelector("[data-filters]").dataset.filters = query;
        list.querySelector("#filters")?.removeAttribute("open");
        return chooseTab(list.querySelector(`.inbox-tabs [data-tab="${name}"]`));
    }

    async function keepView(form, submitter) {
        await ask(form.action, {method: "POST", body: new FormData(form, submitter)});
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
        etag = "";
        return refreshList({own: true});
    }

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
        if (event.target === search) { searchSoon(); return; }
        if (event.target !== box()) return;
        const seen = panes.querySelector("[name=seen]");
        const wasEmpty = !drafts.read(chat().dataset.chat);
        if (wasEmpty && Date.now() - shownAt > SETTLED) seen.value = chat().dataset.newest;
        drafts.write(chat().dataset.chat, box().value);
        grow(box());
        if (Date.now() - typed > TYPING) { typed = Date.now(); report("typing"); }
    });

    root.addEventListener("change", offerAssign);

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

    // Another form has changed the chat: writing.js.
    document.addEventListener("inbox:panes", event => { merge(event.detail, {own: true}); refreshList().catch(failed); });
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
        etag = "";
        poll();
    });
    window.addEventListener("pagehide", leave);
    panes.addEventListener("scroll", () => { if (thread() && isAtEnd()) find("newer").hidden = true; }, true);
    setInterval(() => { tick(); if (windowIsOver()) refreshChat().catch(failed); }, 20000);

    if (location.hash === "#search") { search.focus(); history.replaceState({}, "", location.pathname + location.search); }
    watchMore();
    begin(location.hash);
    timer = setTimeout(poll, EVERY);
})();
