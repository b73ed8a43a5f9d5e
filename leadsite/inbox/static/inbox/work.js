/* Beside answering: keeps what is open and typed when a part of the page is replaced. For inbox.js. */
(() => {
    const fields = form => [...form.elements].filter(one => one.name && one.name !== "csrfmiddlewaretoken");

    /* Opens in a fresh part what is open in the one that it replaces, with what was typed. `sent` is the form whose
       answer the part is: what it sent is done unless `refused`. The version that a person has seen stays that of the
       form, so that a change by somebody else is not overwritten; after a refusal it is the new one. */
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
                    const copy = other.elements.namedItem(field.name);
                    if (!copy || copy instanceof RadioNodeList || field.type === "submit" || (isSent && field.name === "version")) continue;
                    if (field.type === "checkbox") copy.checked = field.checked; else copy.value = field.value;
                }
            });
        }
    }

    window.inboxWork = {keep};
})();
