/* Requests of the inbox. A session that has ended leads to the login, and what the site refuses has its status. What all
   files of the page must know of them: what was answered last, and whether the site answers at all. */
window.inboxAsk = (() => {
    const root = document.getElementById("inbox");
    const atLogin = response => response.redirected && new URL(response.url).pathname.startsWith(root.dataset.login);

    /* Nothing of another business comes into the page, after another window has switched to it: the site refuses it. */
    const known = {"X-Inbox": "1", "X-Shown-For": root.dataset.business};

    async function ask(url, options = {}) {
        const response = await fetch(url, {cache: "no-store", ...options, headers: {...known, ...options.headers}});
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

    /* What live.js knows from its last question. Without `etag` the next one is answered in full. `told`: counts,
       and who wrote last, also where another window has asked. */
    const lastAnswer = {etag: "", version: null, told: null};

    /* Reads what is new of the list or the chat. Where that fails the next question is answered in full, and both are read. */
    async function readAgain(url) {
        try { return await read(url); } catch (error) { lastAnswer.etag = ""; lastAnswer.version = null; throw error; }
    }

    const offline = document.getElementById("inbox-offline"), noConnection = offline.textContent;
    let failures = 0;

    /* Not where the site has answered that something is not there. What it refuses is said at once, and why. */
    function failed(error) {
        if (error.status === 404) return;
        failures += 1;
        const refused = reason(error, "");
        if (!refused && failures < 2) return;
        offline.textContent = refused || noConnection;
        offline.hidden = false;
    }

    function answered() {
        failures = 0;
        offline.hidden = true;
    }

    /* How many times longer than usual the next question waits. */
    const patience = () => Math.min(4, 1 + failures);

    return {ask, read, readAgain, refusal, reason, lastAnswer, failed, answered, patience};
})();
