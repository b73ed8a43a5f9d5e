/* Gives back what somebody typed when the session ended before it was saved.

   Each form's fields are kept in this tab's sessionStorage while they are typed. They are put back only on the same
   page, by the same user in the same business, and only after the login page or an error page came in between. */
(() => {
    const PREFIX = "typed:";
    const [user, business] = (document.currentScript.src.split("#")[1] || "").split(".");
    const stored = () => Object.keys(sessionStorage).filter(key => key.startsWith(PREFIX));
    const read = key => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
    const write = (key, draft) => { try { sessionStorage.setItem(key, JSON.stringify(draft)); } catch { /* full */ } };
    const keyOf = form => `${PREFIX}${location.pathname}#${form.id}@${business}`;

    const isKept = field => field.name && !field.disabled && field.name !== "csrfmiddlewaretoken"
        && !["password", "file", "hidden", "submit", "button", "reset", "image"].includes(field.type);

    // By name and, where several fields have the same, by their order.
    const fieldsOf = form => {
        const seen = {};
        return [...form.elements].filter(isKept).map(field => {
            seen[field.name] = (seen[field.name] || 0) + 1;
            return [`${field.name} ${seen[field.name]}`, field];
        });
    };
    const valueOf = field => {
        if (field.type === "checkbox" || field.type === "radio") return field.checked;
        if (field.tagName !== "SELECT") return field.value;
        return [...field.selectedOptions].map(option => [option.value, option.text]);
    };
    const setValue = (field, value) => {
        if (field.type === "checkbox" || field.type === "radio") {
            field.checked = value;
        } else if (field.tagName !== "SELECT") {
            field.value = value;
        } else {
            // The choices of a search field are loaded when it is opened.
            for (const [chosen, text] of value)
                if (![...field.options].some(option => option.value === chosen)) field.add(new Option(text, chosen));
            for (const option of field.options) option.selected = value.some(([chosen]) => chosen === option.value);
        }
        field.dispatchEvent(new Event("change", {bubbles: true}));
    };
    const forms = () => [...document.querySelectorAll("form[method=post]")].filter(form =>
        form.id && !("noKeep" in form.dataset) && !form.querySelector("input[type=password]") && !["logout-form", "changelist-form"].includes(form.id));

    const notice = form => {
        const words = document.getElementById("typed-words");
        const box = document.createElement("div");
        box.className = "typed-notice";
        box.setAttribute("role", "status");
        const text = document.createElement("span");
        text.textContent = words.dataset.isBack;
        const discard = document.createElement("button");
        discard.type = "button";
        discard.textContent = words.dataset.discard;
        discard.addEventListener("click", () => { sessionStorage.removeItem(keyOf(form)); location.reload(); });
        box.append(text, discard);
        form.before(box);
    };

    document.addEventListener("DOMContentLoaded", () => {
        if (document.querySelector("#login-form, [data-keep-typed]")) {
            for (const key of stored()) { const draft = read(key); if (draft) write(key, {...draft, interrupted: true}); }
            return;
        }
        if (!user) return;
        const refused = document.querySelector(".errornote, .errorlist, [aria-invalid=true]");
        for (const key of stored()) {
            const draft = read(key);
            // Saved, as far as can be told; or of somebody else.
            if (!draft || draft.user !== user || (draft.sent && !draft.interrupted && !refused)) sessionStorage.removeItem(key);
        }
        for (const form of forms()) {
            const draft = read(keyOf(form));
            const initial = Object.fromEntries(fieldsOf(form).map(([name, field]) => [name, JSON.stringify(valueOf(field))]));
            const changed = () => Object.fromEntries(fieldsOf(form).map(([name, field]) => [name, valueOf(field)])
                .filter(([name, value]) => JSON.stringify(value) !== initial[name]));
            // A form that was refused shows what was typed, which is not saved.
            const before = draft ? draft.fields : {};
            const keep = sent => {
                const fields = {...before, ...changed()};
                if (Object.keys(fields).length) write(keyOf(form), {user, fields, sent, interrupted: false});
                else sessionStorage.removeItem(keyOf(form));
            };
            form.addEventListener("input", () => keep(false));
            form.addEventListener("change", () => keep(false));
            form.addEventListener("submit", () => keep(true));
            if (draft && draft.interrupted) {
                const fields = Object.fromEntries(fieldsOf(form));
                const back = Object.entries(draft.fields).filter(([name, value]) =>
                    fields[name] && JSON.stringify(valueOf(fields[name])) !== JSON.stringify(value));
                for (const [name, value] of back) setValue(fields[name], value);
                if (back.length) notice(form);
            }
        }
        // Who logs out leaves nothing behind.
        for (const form of document.querySelectorAll("#logout-form"))
            form.addEventListener("submit", () => stored().forEach(key => sessionStorage.removeItem(key)));
    });
})();
