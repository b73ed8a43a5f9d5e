/* The board: moves leads by dragging and by keys, only where they may go, and loads more of a column. */
(() => {
    const root = document.getElementById("board");
    if (!root) return;
    const columns = document.getElementById("board-columns");
    const dialog = document.getElementById("board-lost");
    const reason = document.getElementById("board-reason");
    const said = document.getElementById("board-said");
    const token = () => root.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
    const steps = card => card.dataset.steps.split(" ").filter(Boolean);
    /* Nothing of another business comes into the page, after another window has switched to it: the site refuses it. */
    const known = {"X-Inbox": "1", "X-Shown-For": root.dataset.business};
    const refusals = {403: root.dataset.denied, 409: root.dataset.switched};
    let dragged = null;

    function askReason() {
        reason.value = "";
        dialog.returnValue = "";
        dialog.showModal();
        return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue && reason.value.trim()), {once: true}));
    }

    async function move(card, status, why) {
        if (!steps(card).includes(status)) { said.textContent = root.dataset.notThere; return; }
        if (status === "lost" && !why) { why = await askReason(); if (!why) { card.focus(); return; } }
        const body = new URLSearchParams({status, version: card.dataset.version, csrfmiddlewaretoken: token()});
        if (why) body.set("lost_reason", why);
        await send(card.dataset.move, body, card.id);
    }

    /* The cards that wait for an answer: a second press would be refused because of the first. */
    const moving = new Set();

    /* Above the columns, where the site says why it refuses a move. */
    function problem(words) {
        const line = document.createElement("p");
        line.className = "inbox-problem";
        line.setAttribute("role", "alert");
        line.textContent = words;
        columns.querySelector(":scope > .inbox-problem")?.remove();
        columns.prepend(line);
    }

    async function send(url, body, id) {
        if (moving.has(id)) return;
        moving.add(id);
        try {
            const response = await fetch(url, {method: "POST", body, headers: known});
            if (refusals[response.status]) { problem(refusals[response.status]); return; }
            if (!response.ok || response.redirected) throw new Error(response.status);
            columns.innerHTML = await response.text();
            const card = document.getElementById(id);
            card?.focus();
            said.textContent = columns.querySelector("[role=alert]")?.textContent || (card ? root.dataset.movedTo.replace("NAME", () => card.closest("section").querySelector("h2").firstChild.textContent.trim()) : root.dataset.moved);
        } catch {
            problem(root.dataset.busy);
        } finally {
            moving.delete(id);
        }
    }

    columns.addEventListener("dragstart", event => {
        dragged = event.target.closest?.(".board-card[draggable]");
        if (!dragged) return;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.id);
        const allowed = steps(dragged);
        for (const one of columns.querySelectorAll(".board-column")) one.classList.toggle("may-take", allowed.includes(one.dataset.status));
    });
    columns.addEventListener("dragend", () => {
        dragged = null;
        for (const one of columns.querySelectorAll(".may-take")) one.classList.remove("may-take");
    });
    columns.addEventListener("dragover", event => { if (dragged && event.target.closest(".may-take")) event.preventDefault(); });
    columns.addEventListener("drop", event => {
        const column = event.target.closest(".may-take");
        if (!dragged || !column) return;
        event.preventDefault();
        move(dragged, column.dataset.status);
    });
    columns.addEventListener("keydown", event => {
        const card = event.target;
        if (!card.classList.contains("board-card") || !card.draggable) return;
        if (!["ArrowRight", "ArrowLeft"].includes(event.key)) return;
        const order = [...columns.querySelectorAll(".board-column")].map(one => one.dataset.status);
        const at = order.indexOf(card.closest("section").dataset.status);
        const allowed = steps(card);
        /* Where the columns go from right to left, so do the keys. */
        const onward = columns.matches(":dir(rtl)") ? "ArrowLeft" : "ArrowRight";
        const next = (event.key === onward ? order.slice(at + 1) : order.slice(0, at).reverse()).find(one => allowed.includes(one));
        event.preventDefault();
        if (next) move(card, next); else said.textContent = root.dataset.noColumn;
    });
    columns.addEventListener("submit", event => {
        const card = event.target.closest(".board-card");
        if (!card) return;
        event.preventDefault();
        move(card, event.submitter.value, event.target.elements.lost_reason?.value.trim());
    });
    columns.addEventListener("click", async event => {
        const link = event.target.closest("[data-after]");
        if (!link || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const status = link.closest("section").dataset.status;
        const response = await fetch(`${root.dataset.column}?${new URLSearchParams({status, after: link.dataset.after})}`, {headers: known});
        if (refusals[response.status]) { problem(refusals[response.status]); return; }
        if (!response.ok || response.redirected) return;
        const item = link.closest("li"), page = document.createElement("template");
        page.innerHTML = await response.text();
        for (const one of page.content.children) one.dataset.added = "";
        item.replaceWith(page.content);
    });

    // --- what others move: asked for as by the inbox, in live.js --------------------------------------------------------
    const EVERY = 2600;  // ms between two questions
    let etag = "";

    /* A drag, a move that waits for its answer or its reason, and a form that is open are not disturbed: it is asked again. */
    const isBusy = () => dragged || moving.size || dialog.open || columns.querySelector("details[open]");

    async function poll() {
        try { if (!document.hidden && !isBusy()) await question(); } catch { etag = ""; }
        setTimeout(poll, EVERY);
    }

    async function question() {
        const query = new URLSearchParams({board: "", business: root.dataset.business});
        const response = await fetch(`${root.dataset.live}?${query}`, {cache: "no-store", headers: etag ? {...known, "If-None-Match": etag} : known});
        if (response.status === 304 || !response.ok || response.redirected) return;
        const now = response.headers.get("ETag") || "", before = etag;
        if (before === now) return;
        const answer = await fetch(root.dataset.columns, {cache: "no-store", headers: known});
        if (!answer.ok || answer.redirected) return;
        const fresh = document.createElement("template");
        fresh.innerHTML = await answer.text();
        if (isBusy()) return;
        etag = now;
        for (const column of columns.querySelectorAll(".board-column")) renew(column, fresh.content);
    }

    /* The cards that "More" has added stay, unless they are elsewhere now; so do the focus and the place that is read. */
    function renew(column, fresh) {
        const next = fresh.querySelector(`.board-column[data-status="${column.dataset.status}"]`);
        const cards = column.querySelector(".board-cards"), its = next.querySelector(".board-cards"), top = cards.scrollTop;
        const added = [...cards.querySelectorAll("[data-added]")].filter(one => !one.id || !fresh.getElementById(one.id));
        if (added.length) { its.querySelector(".board-more")?.remove(); its.append(...added); }
        const focus = columns.contains(document.activeElement) ? document.activeElement.closest(".board-card")?.id : null;
        column.setAttribute("aria-label", next.getAttribute("aria-label"));
        column.querySelector("h2").replaceWith(next.querySelector("h2"));
        cards.replaceChildren(...its.childNodes);
        cards.scrollTop = top;
        if (focus) document.getElementById(focus)?.focus({preventScroll: true});
    }

    setTimeout(poll, EVERY);
})();
