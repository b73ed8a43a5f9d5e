/* Tells the server who looks at the chat in view, and who types in it, for the colleagues. */
window.inboxPresence = (() => {
    const LOOKING = 20000;  // how often the server hears that somebody looks at a chat
    const TYPING = 3000;
    const {chat, wanted, token} = window.inboxPage;
    const {names} = window.inboxSay;

    let reported = 0, typed = 0;

    function report(state) {
        const open = chat();
        if (!wanted() || (document.hidden && state !== "left")) return;
        reported = Date.now();
        const body = new URLSearchParams({state, csrfmiddlewaretoken: token()});
        fetch(open.dataset.presence, {method: "POST", body, keepalive: true, headers: {"X-Inbox": "1"}}).catch(() => {});
    }

    function leave() {
        const open = chat();
        if (!open) return;
        names.set(open.dataset.chat, open.querySelector("h2").textContent);
        report("left");
        typed = 0;
    }

    function reportTyping() {
        if (Date.now() - typed > TYPING) { typed = Date.now(); report("typing"); }
    }

    /* That somebody still looks, and that typing has ended. */
    function reportAgain() {
        if (Date.now() - typed > 6000 && typed) { typed = 0; report("looking"); }
        if (Date.now() - reported > LOOKING) report("looking");
    }

    /* What was typed is being sent, which tells the server that typing has ended. */
    const endTyping = () => { typed = 0; };

    return {report, leave, endTyping, reportTyping, reportAgain};
})();
