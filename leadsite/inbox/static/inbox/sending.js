/* What somebody sends from the chat in view: answers from the box, and changes by its other forms. */
window.inboxSending = (() => {
    const {root, panes, said, chat, isGone, box} = window.inboxPage;
    const {reason, failed} = window.inboxAsk;
    const {elsewhere} = window.inboxSay;
    const {endTyping, reportTyping} = window.inboxPresence;
    const {refreshList} = window.inboxList;
    const {merge, refreshChat, post, problem, grow, isSettled} = window.inboxChat;
    const drafts = window.inboxDrafts;

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

    async function sendNow(form, submitter) {
        if (window.inboxFile.missing()) { problem(root.dataset.chooseAgain); return; }
        if (!(box().value.trim() || window.inboxFile.chosen())) return;
        const text = box().value, file = window.inboxFile.chosen(), id = chat().dataset.chat;
        // Its button may have been replaced meanwhile.
        const body = new FormData(form);
        if (submitter?.name) body.append(submitter.name, submitter.value);
        form.classList.add("is-sending");
        endTyping();
        try {
            const {status, page} = await post(form, body);
            if (status === 200) { sentFile = file; window.inboxFile.sent(id, file); }
            if (chat()?.dataset.chat !== id) {
                if (status !== 200) elsewhere(root.dataset.notSent, id);
                else if (drafts.read(id) === text) drafts.write(id, "");
                return;
            }
            if (status === 200) {
                if (box().value === text) { box().value = ""; grow(box()); }
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
        try { await changeNow(form, submitter, chat()?.dataset.chat); } finally { changing.delete(form); }
    }

    /* A choice that is the change: one after the other, each with what is chosen by then. Who goes through the names of
       a list by the keyboard chooses the last one. */
    const PASSING = 700;  // ms
    const passing = new WeakMap();
    let choosing = Promise.resolve();
    function choose(form, field) {
        const id = chat()?.dataset.chat;
        const now = () => { choosing = choosing.then(() => changeNow(window.inboxWork.inView(form), null, id)); };
        clearTimeout(passing.get(form));
        if (field.matches("select:focus-visible")) passing.set(form, setTimeout(now, PASSING)); else now();
    }

    /* What was chosen, in the words of the form. */
    function chosen(form) {
        const names = [...form.querySelectorAll("option:checked, label:has(:checked)")].map(one => one.textContent.trim());
        return `${form.querySelector("[data-says]").textContent} ${names.join(", ")}`.trim();
    }

    async function changeNow(form, submitter, id) {
        const body = new FormData(form, submitter), atOnce = "atOnce" in form.dataset;
        const note = form.querySelector(drafts.NOTES), text = note?.value;
        try {
            const {status, page} = await post(form, body);
            if (note && status === 200 && drafts.read(id, note.id) === text) drafts.write(id, "", note.id);
            if (chat()?.dataset.chat === id) {
                const shown = window.inboxWork.inView(form), refused = status !== 200;
                const isDone = !refused && !atOnce && window.inboxWork.sent(shown, body);
                if (atOnce && refused) shown.reset(); else if (atOnce) said.textContent = chosen(shown);
                merge(page, {own: true, sent: isDone || refused ? shown : null, refused});
            } else if (status !== 200) elsewhere(root.dataset.notChanged, id);
            refreshList().catch(failed);
        } catch (error) {
            if (atOnce) window.inboxWork.inView(form).reset();
            await notDone(error, id, root.dataset.notChanged);
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

    /* The box has another text. */
    function typed() {
        const seen = panes.querySelector("[name=seen]");
        const wasEmpty = !drafts.read(chat().dataset.chat);
        if (wasEmpty && isSettled()) seen.value = chat().dataset.newest;
        drafts.write(chat().dataset.chat, box().value);
        grow(box());
        reportTyping();
    }

    return {send, change, choose, notDone, typed};
})();
