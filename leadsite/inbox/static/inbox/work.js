/* Beside answering: keeps what is open and typed when a part of the page is replaced. For list.js, chat.js, thread.js and
   sending.js. What is offered in a text: names after an @, quick replies after a /. */
(() => {
    const fields = form => [...form.elements].filter(one => one.name && one.name !== "csrfmiddlewaretoken");

    /* Opens in a fresh part what is open in the one that it replaces, with what was typed. `sent` is the form whose
       answer the part is: what it sent is done unless `refused`. The version that a person has seen stays that of the
       form, so that a change by somebody else is not overwritten; after a refusal it is the new one. Of boxes and choices only those
       that the person has changed: others may have been ticked by somebody else. */
    function keep(here, fresh, sent, refused) {
        for (const open of here.querySelectorAll("details[id][open]")) {
            const target = fresh.querySelector(`#${CSS.escape(open.id)}`);
            const isSent = sent && open.contains(sent);
            if (!target || (isSent && !refused)) continue;
            target.open = true;
            const forms = [...target.querySelectorAll("form")];
            [...open.querySelectorAll("form")].forEach((form, number) => {
                const other = forms[number];
                if (!other) return;
                for (const field of fields(form)) {
                    if (["checkbox", "radio"].includes(field.type)) {
                        const same = other.querySelector(`[name="${field.name}"][value="${CSS.escape(field.value)}"]`);
                        if (same && field.checked !== field.defaultChecked) same.checked = field.checked;
                        continue;
                    }
                    const copy = other.elements.namedItem(field.name);
                    if (!copy || copy instanceof RadioNodeList || field.type === "submit") continue;
                    if (field.type === "hidden" && (isSent || field.name !== "version")) continue;
                    copy.value = field.value;
                }
            });
        }
    }

    /* What a form has sent is done: it is empty and closed, also where the part is the same as before. Not where somebody
       has typed in it since; then it returns false. */
    function sent(form, body) {
        const typed = fields(form).filter(one => one.matches("textarea, input:not([type]), [type=text], [type=datetime-local], select"));
        if (typed.some(one => body.has(one.name) && !body.getAll(one.name).includes(one.value))) return false;
        form.closest("details")?.removeAttribute("open");
        form.reset();
        return true;
    }

    /* The form in view that stands for one that was sent: its part may have been replaced before the answer came. */
    function inView(form) {
        const box = form.isConnected ? null : form.closest("details[id]");
        const number = box ? [...box.querySelectorAll("form")].indexOf(form) : -1;
        return box && document.getElementById(box.id)?.querySelectorAll("form")[number] || form;
    }

    // --- @ in a note --------------------------------------------------------------------------------------------------
    const root = document.getElementById("inbox");
    let offered = null;

    function offer(field, items, use) {
        close();
        if (!items.length) return;
        const list = document.createElement("ul");
        list.className = "inbox-offer";
        list.setAttribute("role", "listbox");
        items.forEach((item, number) => {
            const line = document.createElement("li");
            line.setAttribute("role", "option");
            line.id = `offer-${number}`;
            line.append(item.label);
            if (item.hint) { const hint = document.createElement("span"); hint.className = "inbox-faint"; hint.textContent = item.hint; line.append(" ", hint); }
            line.addEventListener("mousedown", event => { event.preventDefault(); close(); use(item); });
            list.append(line);
        });
        field.after(list);
        offered = {field, list, items, use, at: 0};
        mark();
    }

    function mark() {
        [...offered.list.children].forEach((line, number) => line.setAttribute("aria-selected", String(number === offered.at)));
        offered.field.setAttribute("aria-activedescendant", `offer-${offered.at}`);
        offered.list.children[offered.at].scrollIntoView({block: "nearest"});
    }

    function close() {
        offered?.list.remove();
        offered?.field.removeAttribute("aria-activedescendant");
        offered = null;
    }

    /* Before the keys of the page: while something is offered, they choose. */
    function choose(event) {
        if (!offered || event.target !== offered.field) return;
        const {items, use, at} = offered;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            offered.at = (at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
            mark();
        } else if (event.key === "Enter" || event.key === "Tab") { close(); use(items[at]); }
        else if (event.key === "Escape") close();
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    function replace(field, from, text) {
        const end = field.selectionStart;
        field.setRangeText(text, from, end, "end");
        field.dispatchEvent(new Event("input", {bubbles: true}));
    }

    function mention(field) {
        const before = field.value.slice(0, field.selectionStart);
        const found = /(?:^|\s)@([^\s@]*)$/.exec(before);
        if (!found) { close(); return; }
        const people = (document.getElementById("customer")?.dataset.people || "").split("\n").filter(Boolean);
        const names = people.filter(name => name.toLowerCase().startsWith(found[1].toLowerCase())).slice(0, 8);
        offer(field, names.map(name => ({label: name})), item => { replace(field, before.length - found[1].length - 1, `@${item.label} `); close(); });
    }

    // --- / in the box: quick replies -------------------------------------------------------------------------------------
    let known = {id: "", at: 0, replies: []};

    async function quick(field) {
        const before = field.value.slice(0, field.selectionStart);
        const found = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u.exec(before);
        if (!found) { if (offered?.field === field) close(); return; }
        const chat = document.getElementById("chat");
        if (known.id !== chat.dataset.chat || Date.now() - known.at > 60000) {
            const response = await fetch(chat.dataset.quick, {cache: "no-store"});
            if (!response.ok || response.redirected) return;
            known = {id: chat.dataset.chat, at: Date.now(), replies: (await response.json()).replies};
            if (field.value.slice(0, field.selectionStart) !== before) return quick(field);
        }
        const word = found[1].toLowerCase();
        const fitting = known.replies.filter(one => one.shortcut.toLowerCase().startsWith(word)).slice(0, 8);
        offer(field, fitting.map(one => ({label: `/${one.shortcut}`, hint: one.text, text: one.text})),
            item => { replace(field, before.length - found[1].length - 1, item.text); close(); });
    }

    root?.addEventListener("keydown", choose, true);
    root?.addEventListener("focusout", event => { if (offered && event.target === offered.field) close(); });
    root?.addEventListener("input", event => { if ("mentions" in event.target.dataset) mention(event.target); else if (event.target.id === "reply-text") quick(event.target).catch(() => {}); });

    // --- the box of a note -----------------------------------------------------------------------------------------------
    /* Who opens it types in it. Not what keep() opens again: the focus is somewhere else then. */
    root?.addEventListener("click", event => {
        const box = event.target.closest("summary")?.parentElement;
        if (box?.id === "note-box" && !box.open) requestAnimationFrame(() => box.querySelector("textarea").focus());
    });
    root?.addEventListener("keydown", event => {
        const field = event.target;
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || !field.matches("textarea[data-mentions]")) return;
        event.preventDefault();
        field.form.requestSubmit();
    });

    window.inboxWork = {keep, sent, inView, offer, close, replace};
})();
