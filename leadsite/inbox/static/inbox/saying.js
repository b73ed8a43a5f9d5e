/* What the page says beside the chat itself: its title, how long ago, and a line about a chat that is not in view. */
window.inboxSay = (() => {
    const {root, list, find, chat} = window.inboxPage;
    const {lastAnswer} = window.inboxAsk;

    /* Names of the chats that were left or asked for: by the time something is said of one, its row may have left the list. */
    const names = new Map();
    const nameOf = id => list.querySelector(`.inbox-row[data-chat="${id}"] .inbox-name`)?.textContent || names.get(id) || root.dataset.customer;

    /* Of a chat that is not in view: it stays until that is opened; of one that is gone, until another is. */
    function elsewhere(words, id) {
        const line = find("inbox-elsewhere"), who = document.createElement(words === root.dataset.gone ? "strong" : "a");
        if (who.matches("a")) { who.href = `${root.dataset.home}${id}/`; who.dataset.chat = id; }
        who.textContent = nameOf(id);
        line.replaceChildren(who, ` ${words}`);
        line.hidden = false;
    }

    const counted = (words, number) => words.replace("NUMBER", number);
    const inMinutes = minutes => counted(root.dataset.minutes, minutes);
    const inHours = hours => counted(root.dataset.hours, hours);

    function tick() {
        for (const time of root.querySelectorAll("[data-since]")) {
            const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 60000));
            const hours = Math.floor(minutes / 60);
            time.textContent = minutes < 60 ? inMinutes(minutes) : hours < 48 ? inHours(hours) : counted(root.dataset.days, Math.floor(hours / 24));
        }
        for (const time of root.querySelectorAll("[data-until]")) {
            const minutes = Math.max(0, Math.floor((Date.parse(time.dataset.until) - Date.now()) / 60000));
            time.textContent = minutes >= 60 ? `${inHours(Math.floor(minutes / 60))} ${inMinutes(minutes % 60)}` : inMinutes(minutes);
        }
    }

    function title() {
        if (!lastAnswer.told) return;
        const count = lastAnswer.told.counts.waiting, who = chat()?.querySelector("h2")?.textContent;
        document.title = `${count ? `(${count > 99 ? "99+" : count}) ` : ""}${who ? `${who} | ` : ""}${root.dataset.title} | ${root.dataset.site}`;
    }

    return {names, nameOf, elsewhere, tick, title};
})();
