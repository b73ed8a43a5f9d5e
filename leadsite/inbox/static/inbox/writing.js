/* The forms that choose a template: what is typed changes list and preview, what is chosen changes the form; a chat's is
   sent without loading the page. Without this script they work by their buttons. */
(() => {
    const root = document.getElementById("inbox");
    if (!root) return;
    const SETTLED = 250;  // ms after the last key
    const box = () => document.getElementById("template-box");
    const chat = () => document.getElementById("chat")?.dataset.chat;
    const formOf = element => element.closest?.("form[data-writing]");
    let timer = null, asked = 0;

    const post = (url, body) => window.inboxAsk.read(url, {method: "POST", body});

    function problem(form, words) {
        const line = document.createElement("p");
        line.className = "inbox-problem";
        line.setAttribute("role", "alert");
        line.textContent = words;
        form.querySelector(":scope > .inbox-problem")?.remove();
        form.prepend(line);
    }

    const fileOf = form => form.querySelector("[data-header-file]");

    /* What is typed and chosen, without the file: only what is sent has it. */
    function typed(form, submitter) {
        const body = new FormData(form, submitter), file = fileOf(form);
        if (file) body.delete(file.name);
        return body;
    }

    /* A form that comes back with a problem has the file that was chosen. */
    function keepFile(form, fresh) {
        const before = form && fileOf(form), after = fresh && fileOf(fresh);
        if (before?.files.length && after && before.name === after.name) after.files = before.files;
    }

    /* Before unfold, which expects a text box beside each field for files. */
    document.addEventListener("change", event => {
        const input = event.target;
        if (!("headerFile" in (input.dataset || {}))) return;
        event.stopPropagation();
        const file = input.files[0], most = Number(root.dataset.most), form = formOf(input);
        if (!file || file.size <= most) return;
        input.value = "";
        problem(form, root.dataset.tooLarge.replace("NUMBER", most / 1024 / 1024).replace("NAME", () => file.name));
    }, true);

    const busy = document.getElementById("inbox").dataset.busy;

    /* Only what follows from the fields, so that the one in which somebody types stays as it is. */
    async function freshen(form) {
        const number = ++asked;
        const {page} = await post(form.dataset.update || form.action, typed(form));
        if (number !== asked || !form.isConnected) return;
        for (const part of page.querySelectorAll("[data-fresh]"))
            form.querySelector(`[data-fresh="${part.dataset.fresh}"]`)?.replaceWith(part);
    }

    async function exchange(form, submitter) {
        asked++;
        const {page} = await post(form.dataset.update || form.action, typed(form, submitter));
        const fresh = page.getElementById(form.id);
        if (!fresh || !form.isConnected) return;
        keepFile(form, fresh);
        form.replaceWith(fresh);
        const first = fresh.querySelector("[name^='file:'], [name^='field:'], #template-find, [name=content_sid], [name=send]");
        first?.focus({preventScroll: true});
        fresh.scrollIntoView({block: "nearest"});
    }

    async function send(form, submitter) {
        if (form.classList.contains("is-sending")) return;  // pressed twice
        const opened = chat();
        form.classList.add("is-sending");
        try {
            const {page, status} = await post(form.action, new FormData(form, submitter));
            if (chat() !== opened) {  // a form of that chat has no place in this one
                if (status !== 200) document.dispatchEvent(new CustomEvent("inbox:elsewhere", {detail: {words: root.dataset.notSent, chat: opened}}));
                return;
            }
            const fresh = page.getElementById("template-box");
            keepFile(form, fresh);
            if (fresh && box()) box().replaceChildren(...fresh.childNodes);
            if (status === 200 && submitter.name === "send") document.getElementById("reply-text")?.focus({preventScroll: true});
            else box()?.querySelector("[aria-invalid]")?.focus();
            document.dispatchEvent(new CustomEvent("inbox:panes", {detail: page}));
        } finally {
            form.classList.remove("is-sending");
        }
    }

    /* Says why something was not done. Of a chat that was left, or is gone, sending.js does. */
    function notDone(form, opened, error, words) {
        if (opened && (error.status === 404 || chat() !== opened))
            document.dispatchEvent(new CustomEvent("inbox:not-done", {detail: {error, words, chat: opened}}));
        else problem(form, window.inboxAsk.reason(error, busy));
    }

    async function refresh(form, button) {
        await post(button.formAction, typed(form));
        // A worker reads them.
        for (const wait of [1500, 3000, 6000]) {
            await new Promise(done => setTimeout(done, wait));
            if (form.isConnected) await freshen(form);
        }
    }

    async function open(link) {
        const opened = chat();
        const {page} = await window.inboxAsk.read(link.href);
        if (chat() !== opened) return;
        box().replaceChildren(...page.body.childNodes);
        box().querySelector("#template-find, [name=content_sid]")?.focus({preventScroll: true});
    }

    function close() {
        box().replaceChildren();
        document.getElementById("reply-text")?.focus({preventScroll: true});
    }

    root.addEventListener("submit", event => {
        const form = event.target, button = event.submitter;
        if (!form.matches("form[data-writing]")) return;
        const isSending = button && (button.name === "send" || button.name === "anyway");
        if (isSending && "plain" in form.dataset) return;  // loads the page that it leads to
        event.preventDefault();
        const run = button && "writingRefresh" in button.dataset ? refresh : isSending ? send : exchange;
        const opened = chat();
        run(form, button).catch(error => notDone(form, opened, error, isSending ? root.dataset.notSent : busy));
    });

    function soon(event) {
        const form = formOf(event.target), opened = chat();
        if (!form || !("live" in event.target.dataset)) return;
        clearTimeout(timer);
        timer = setTimeout(() => { if (form.isConnected) freshen(form).catch(error => notDone(form, opened, error, busy)); }, SETTLED);
    }
    root.addEventListener("input", soon);
    root.addEventListener("change", soon);

    root.addEventListener("click", event => {
        const link = event.target.closest("a");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
        if ("writingOpen" in link.dataset && box()) {
            event.preventDefault();
            const opened = chat();
            open(link).catch(error => document.dispatchEvent(new CustomEvent("inbox:not-done", {detail: {error, words: busy, chat: opened}})));
        }
        else if ("writingClose" in link.dataset && box()) { event.preventDefault(); close(); }
    });

    // Before the inbox, where Escape leads back to the list.
    document.addEventListener("keydown", event => {
        if (event.key !== "Escape" || !box()?.contains(event.target)) return;
        event.preventDefault();
        event.stopPropagation();
        close();
    }, true);
})();
