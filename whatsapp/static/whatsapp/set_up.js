/* Reads the steps of a number's set-up again every two seconds, and shows what has changed. */
(() => {
    const root = document.getElementById("set-up");
    if (!root) return;
    let etag = "";

    async function look() {
        try {
            if (!document.hidden) {
                const response = await fetch(root.dataset.steps, {cache: "no-store", headers: etag ? {"If-None-Match": etag} : {}});
                if (response.ok && !response.redirected) {
                    etag = response.headers.get("ETag") || "";
                    const page = new DOMParser().parseFromString(await response.text(), "text/html");
                    document.getElementById("set-up-steps").replaceChildren(...page.body.childNodes);
                }
            }
        } catch { /* the next look */ }
        setTimeout(look, 2000);
    }
    setTimeout(look, 2000);
})();
