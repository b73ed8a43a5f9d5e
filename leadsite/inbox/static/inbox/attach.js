/* The file of an answer: chosen, dropped on the chat or pasted into the box; shown before it is sent. It stays chosen while
   another chat is in view. A page cannot keep it through a reload: then its name says what must be chosen again. */
window.inboxFile = (() => {
    const MIB = 1024 * 1024;
    const input = () => document.getElementById("reply-file");
    const part = () => input()?.closest("[data-attach]");
    const chat = () => document.getElementById("chat")?.dataset.chat;
    const drafts = window.inboxDrafts;

    /* The files that are chosen and not sent, by their chats. */
    const kept = new Map();

    function keep(id, file) {
        if (file) kept.set(id, file); else kept.delete(id);
        drafts.writeFile(id, file?.name);
    }

    const missing = () => input() && !kept.has(chat()) && drafts.readFile(chat());

    function say(words) {
        const line = document.createElement("p");
        line.className = "inbox-problem";
        line.setAttribute("role", "alert");
        line.textContent = words;
        document.querySelector("#reply [data-part=problem]")?.replaceChildren(line);
    }

    function show() {
        const shown = part()?.querySelector("[data-attached]");
        if (!shown) return;
        const file = input().files[0], picture = shown.querySelector("img"), lost = missing();
        shown.hidden = !file && !lost;
        picture.hidden = true;
        picture.removeAttribute("src");
        if (lost) {
            shown.querySelector("bdi").textContent = lost;
            shown.querySelector("span").textContent = document.getElementById("inbox").dataset.chooseAgain;
        }
        if (!file) return;
        shown.querySelector("bdi").textContent = file.name;
        shown.querySelector("span").textContent = file.size < MIB ? `${Math.max(1, Math.round(file.size / 1024))} KB` : `${(file.size / MIB).toFixed(1)} MB`;
        if (/^image\/(jpeg|png|gif|webp)$/.test(file.type)) {
            const reader = new FileReader();
            reader.onload = () => { picture.src = reader.result; picture.hidden = false; };
            reader.readAsDataURL(file);
        }
    }

    function clear() {
        if (!input()) return;
        input().value = "";
        keep(chat(), null);
        show();
    }

    function put(file) {
        const one = new DataTransfer();
        one.items.add(file);
        input().files = one.files;
    }

    function restore() {
        if (!input()) return;
        if (kept.has(chat())) put(kept.get(chat()));
        else if (input().files.length) keep(chat(), input().files[0]);  // by a browser that fills in forms again
        show();
    }

    /* Another one that was chosen meanwhile stays. */
    function sent(id, file) {
        if (!file || kept.get(id) !== file) return;
        if (chat() === id) clear(); else keep(id, null);
    }

    function take(files) {
        if (!files.length || !input()) return false;
        if (files.length > 1) say(document.getElementById("inbox").dataset.oneFile);
        put(files[0]);
        check();
        return true;
    }

    function check() {
        const texts = document.getElementById("inbox").dataset, file = input().files[0], most = Number(texts.most);
        if (file && file.size > most) {
            clear();
            say(texts.tooLarge.replace("NUMBER", most / MIB).replace("NAME", () => file.name));
            return;
        }
        keep(chat(), file);
        show();
        document.getElementById("reply-text")?.focus({preventScroll: true});
    }

    /* Before unfold, which expects a text box beside each field for files. */
    document.addEventListener("change", event => {
        if (event.target !== input()) return;
        event.stopPropagation();
        check();
    }, true);
    document.addEventListener("click", event => { if (event.target.closest("[data-detach]")) { clear(); input()?.focus(); } });
    document.addEventListener("paste", event => {
        if (event.target.id === "reply-text" && event.clipboardData?.files.length && take(event.clipboardData.files)) event.preventDefault();
    });
    for (const name of ["dragover", "drop"]) document.addEventListener(name, event => {
        if (!event.target.closest?.("#chat") || !input() || ![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        if (name === "drop") take(event.dataTransfer.files);
    });

    return {missing, chosen: () => input() && kept.get(chat()), restore, sent};
})();
