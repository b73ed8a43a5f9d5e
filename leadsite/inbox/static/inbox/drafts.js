/* What somebody types to a customer is kept in this browser until it is sent: through a reload, an error, the end of the
   session. The key has the person and the chat. Another person's are deleted, and one's own when one logs out. */
window.inboxDrafts = (() => {
    const PREFIX = "inbox-draft ";
    const person = document.getElementById("inbox")?.dataset.person || "";
    const keyOf = chat => `${PREFIX}${person} ${chat}`;
    const attempt = work => { try { return work(); } catch { return null; } /* no storage, or full */ };
    const forget = unwanted => attempt(() => Object.keys(localStorage)
        .filter(key => key.startsWith(PREFIX) && unwanted(key)).forEach(key => localStorage.removeItem(key)));

    forget(key => !key.startsWith(`${PREFIX}${person} `));
    for (const form of document.querySelectorAll("#logout-form")) form.addEventListener("submit", () => forget(() => true));

    return {
        read: chat => attempt(() => localStorage.getItem(keyOf(chat))) || "",
        write: (chat, text) => attempt(() => text.trim() ? localStorage.setItem(keyOf(chat), text) : localStorage.removeItem(keyOf(chat))),
    };
})();
