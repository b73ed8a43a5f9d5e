/* What somebody types to a customer, or in a private note, is kept in this browser until it is sent: through a reload, an
   error, the end of the session. The key has the person and the chat, and of a note its field, because several may be
   open in a chat. Of a chosen file only its name can be kept, for the window in which it was chosen. Another person's are deleted, and one's own when one logs out. */
window.inboxDrafts = (() => {
    const PREFIX = "inbox-draft ";
    const person = document.getElementById("inbox")?.dataset.person || "";
    const keyOf = (chat, note) => `${PREFIX}${person} ${chat}${note && ` ${note}`}`;
    const attempt = work => { try { return work(); } catch { return null; } /* no storage, or full */ };
    const forgetIn = (storage, unwanted) => Object.keys(storage)
        .filter(key => key.startsWith(PREFIX) && unwanted(key)).forEach(key => storage.removeItem(key));
    const forget = unwanted => attempt(() => { forgetIn(localStorage, unwanted); forgetIn(sessionStorage, unwanted); });

    forget(key => !key.startsWith(`${PREFIX}${person} `));
    for (const form of document.querySelectorAll("#logout-form")) form.addEventListener("submit", () => forget(() => true));

    const read = (chat, note = "") => attempt(() => localStorage.getItem(keyOf(chat, note))) || "";
    const write = (chat, text, note = "") => attempt(() => text.trim() ? localStorage.setItem(keyOf(chat, note), text) : localStorage.removeItem(keyOf(chat, note)));

    /* The fields of private notes: the new one, and one's own that can be edited. */
    const NOTES = "textarea[data-mentions]";
    const writeNote = (chat, field) => write(chat, field.value === field.defaultValue ? "" : field.value, field.id);

    /* Opens the notes that were being written, each with its draft. */
    function restoreNotes(chat, place) {
        for (const field of place.querySelectorAll(NOTES)) {
            const kept = read(chat, field.id);
            if (!kept || field.value !== field.defaultValue || kept === field.value) continue;
            field.value = kept;
            field.closest("details").open = true;
        }
    }

    const readFile = chat => attempt(() => sessionStorage.getItem(keyOf(chat, "file"))) || "";
    const writeFile = (chat, name) => attempt(() => name ? sessionStorage.setItem(keyOf(chat, "file"), name) : sessionStorage.removeItem(keyOf(chat, "file")));

    return {NOTES, readFile, writeFile, read, write, writeNote, restoreNotes};
})();
