/* Buttons that copy the text before them: adminkit/copy.html. */
(() => {
    async function copy(code) {
        getSelection().selectAllChildren(code);
        // Browsers have no clipboard on a page without TLS.
        if (navigator.clipboard) await navigator.clipboard.writeText(code.textContent);
        else if (!document.execCommand("copy")) throw new Error("not copied");
    }

    document.addEventListener("click", async event => {
        const button = event.target.closest?.("[data-copy]");
        if (!button) return;
        const words = button.dataset.words ??= button.textContent;
        try {
            await copy(button.previousElementSibling);
        } catch { return; /* the text is selected */ }
        button.textContent = button.dataset.copied;
        setTimeout(() => button.textContent = words, 2000);
    });
})();
