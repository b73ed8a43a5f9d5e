/* Asks every few seconds what is new, has that read again, and tells who has written: by sound and notification, too. */
window.inboxLive = (() => {
    const EVERY = 2600;  // ms between two questions
    const {root, said, find, wanted, tab, withQuery, token} = window.inboxPage;
    const {ask, refusal, failed, answered, patience, lastAnswer} = window.inboxAsk;
    const {nameOf, title} = window.inboxSay;
    const {reportAgain} = window.inboxPresence;
    const {term, narrowed, rowsInView, refreshList} = window.inboxList;
    const {openChat, refreshChat} = window.inboxChat;
    const {inView, refreshMoved} = window.inboxThread;
    const TOLD = 4 * EVERY;  // for so long a hidden window that was told something asks nothing itself
    let timer = null;

    // --- the windows of one browser: a lock is of all of them, and what one is answered it tells the others -------------
    const mine = name => `inbox ${root.dataset.business} ${name}`;
    const others = new BroadcastChannel(mine("answers"));
    let toldAt = -Infinity;

    const tell = () => others.postMessage(lastAnswer.told);

    others.onmessage = ({data}) => {
        toldAt = data ? performance.now() : -Infinity;
        if (!data || !document.hidden) return;
        lastAnswer.told = data;
        title();
        hear(data.arrived, {told: true});
    };

    /* Of several hidden windows one asks, and none while another is in view. */
    function mayAsk(work) {
        if (!document.hidden) return work();
        if (!navigator.locks || performance.now() - toldAt < TOLD) return null;
        return navigator.locks.request(mine("question"), {ifAvailable: true}, lock => lock ? work() : null);
    }

    /* Done by the first window that comes to it; the others come within the minute. */
    function once(name, work) {
        if (!navigator.locks) { work(); return; }
        navigator.locks.request(mine(name), {ifAvailable: true}, lock => {
            if (!lock) return null;
            work();
            return new Promise(done => setTimeout(done, 60000));
        });
    }

    async function poll() {
        clearTimeout(timer);
        try {
            await mayAsk(question);
            answered();
        } catch (error) { failed(error); }
        clearTimeout(timer);
        timer = setTimeout(poll, EVERY * patience());
        reportAgain();
    }

    async function question() {
        const query = {...narrowed(), tab: tab() || root.dataset.tab, chat: wanted(), business: root.dataset.business, rows: rowsInView(), ...inView()};
        const response = await ask(withQuery(root.dataset.live, query), {headers: lastAnswer.etag ? {"If-None-Match": lastAnswer.etag} : {}});
        if (response.status === 304) { tell(); return; }
        if (!response.ok) throw refusal(response);
        lastAnswer.etag = response.headers.get("ETag") || "";
        const now = await response.json(), before = lastAnswer.version;
        lastAnswer.version = {...now, tab: query.tab, id: query.chat};
        lastAnswer.told = {counts: now.counts, arrived: now.arrived};
        tell();
        title();
        const newCounts = !before || JSON.stringify(before.counts) !== JSON.stringify(now.counts);
        try {
            if (!before || before.tab !== query.tab || before.rows !== now.rows || newCounts) if (!term()) await refreshList();
            if (query.chat && (!before || before.id !== query.chat || before.chat !== now.chat)) await refreshChat();
            if (query.chat && query.chat === wanted()) await refreshMoved(now.moved);
        } finally { hear(now.arrived); }  // at the end: the list has the name of a new customer
    }

    /* When the last customer wrote of whom this page has heard: null before the first answer. */
    let heard = null;

    /* `told`: by another window, which says so itself; only a sound may have to come from here, where somebody has clicked. */
    function hear(arrived, {told = false} = {}) {
        const at = arrived?.[0] || "", isNew = heard !== null && at > heard;
        if (heard === null || isNew) heard = at;
        if (!isNew) return;
        if (isOn("sound") && mayRing()) once(`sound ${at}`, ring);
        if (!told) announce(...arrived);
    }

    // --- a customer has written ---------------------------------------------------------------------------------------
    const isOn = name => root.dataset[name] === "on";
    let audio = null;

    function announce(at, id) {
        const name = nameOf(id), words = root.dataset.hasWritten.replace("NAME", () => name);
        said.textContent = words;
        if (isOn("notifications") && (document.hidden || !document.hasFocus()) && window.Notification?.permission === "granted") once(`notification ${at}`, () => {
            const notification = new Notification(name, {body: words, tag: id});
            notification.onclick = () => { window.focus(); notification.close(); openChat(`${root.dataset.home}${id}/?tab=${tab()}`).catch(failed); };
        });
    }

    /* Without a click or key before, the browser would refuse, and say so in its console. */
    const mayRing = () => !navigator.userActivation || navigator.userActivation.hasBeenActive;

    function ring() {
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
        if (name === "notifications") {
            const isBlocked = on && window.Notification && await Notification.requestPermission() !== "granted";
            find("inbox-blocked").hidden = !isBlocked;
            if (isBlocked) return;
        }
        root.dataset[name] = on ? "on" : "off";
        button.setAttribute("aria-pressed", String(on));
        button.value = on ? "off" : "on";
        if (name === "sound" && on && mayRing()) ring();
        const response = await ask(root.dataset.preferences, {method: "POST", body: new URLSearchParams({[name]: on ? "on" : "off", csrfmiddlewaretoken: token()})});
        if (!response.ok) throw refusal(response);
    }

    const start = () => { timer = setTimeout(poll, EVERY); };
    // Another window asks at once.
    window.addEventListener("pagehide", () => others.postMessage(null));

    return {start, poll, prefer};
})();
