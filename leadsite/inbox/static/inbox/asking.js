/* Requests of the inbox. A session that has ended leads to the login, and what the site refuses has its status. */
window.inboxAsk = (() => {
    const root = document.getElementById("inbox");
    const atLogin = response => response.redirected && new URL(response.url).pathname.startsWith(root.dataset.login);

    async function ask(url, options = {}) {
        const response = await fetch(url, {cache: "no-store", ...options, headers: {"X-Inbox": "1", ...options.headers}});
        if (atLogin(response)) {
            location.assign(`${root.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`);
            return new Promise(() => {});
        }
        return response;
    }

    const refusal = response => Object.assign(new Error(response.status), {status: response.status});

    async function read(url, options) {
        const response = await ask(url, options);
        if (!response.ok) throw refusal(response);
        return {status: Number(response.headers.get("X-Inbox-Status") || 200), page: new DOMParser().parseFromString(await response.text(), "text/html")};
    }

    /* What to say of an error; `words`: where the site gave no answer, or is busy. */
    const reason = (error, words) => ({403: root.dataset.denied, 404: root.dataset.gone, 409: root.dataset.switched})[error.status] || words;

    return {ask, read, refusal, reason};
})();
