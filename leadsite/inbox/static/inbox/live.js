/* Asks every few seconds what is new, has that read again, and tells who has written: by sound and notification, too. */
window.inboxLive = (() => {
    const EVERY = 2600;  // ms between two questions; of the one hidden window that asks:
    const EVERY_HIDDEN = 5000;
    const {root, said, find, wanted, tab, withQuery, token} = window.inboxPage;
    const {ask, refusal, failed, answered, patience, lastAnswer} = window.inboxAsk;
    const {nameOf, title} = window.inboxSay;
    const {reportAgain} = window.inboxPresence;
    const {term, narrowed, refreshList} = window.inboxList;
    const {openChat, refreshChat} = window.inboxChat;
    let timer = null;

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
            answered();
        } catch (error) { failed(error); }
        const pause = document.hidden ? EVERY_HIDDEN : EVERY;
        clearTimeout(timer);
        timer = setTimeout(poll, pause * patience());
        reportAgain();
    }

    async function question() {
        const query = {...narrowed(), tab: tab() || root.dataset.tab, chat: wanted(), business: root.dataset.business};
        const response = await ask(withQuery(root.dataset.live, query), {headers: lastAnswer.etag ? {"If-None-Match": lastAnswer.etag} : {}});
        if (response.status === 304) return;
        if (!response.ok) throw refusal(response);
        lastAnswer.etag = response.headers.get("ETag") || "";
        const now = await response.json(), before = lastAnswer.version;
        lastAnswer.version = {...now, tab: query.tab, id: query.chat};
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
        if (name === "notifications") {
            const isBlocked = on && window.Notification && await Notification.requestPermission() !== "granted";
            find("inbox-blocked").hidden = !isBlocked;
            if (isBlocked) return;
        }
        root.dataset[name] = on ? "on" : "off";
        button.setAttribute("aria-pressed", String(on));
        button.value = on ? "off" : "on";
        if (name === "sound" && on) ring();
        const response = await ask(root.dataset.preferences, {method: "POST", body: new URLSearchParams({[name]: on ? "on" : "off", csrfmiddlewaretoken: token()})});
        if (!response.ok) throw refusal(response);
    }

    const start = () => { timer = setTimeout(poll, EVERY); };

    return {start, poll, prefer};
})();
