// Updates the numbers on the page of an import or a bulk change every second, and reloads it when that is over.
"use strict";

(() => {
    const INTERVAL_MS = 1000;
    const format = new Intl.NumberFormat(document.documentElement.lang || "en");
    let first = null;

    const pace = (numbers, {paceWords, seconds: inSeconds, minutes: inMinutes}) => {
        const now = performance.now() / 1000;
        if (first === null || numbers.read < first.read) {
            first = {time: now, read: numbers.read, progress: numbers.progress};
        }
        const seconds = now - first.time;
        const gained = numbers.progress - first.progress;
        if (seconds < 0.5 || gained <= 0) return "";
        const rows = Math.round((numbers.read - first.read) / seconds);
        const left = Math.ceil((1 - numbers.progress) * seconds / gained);
        const time = left < 100 ? inSeconds.replace("NUMBER", left) : inMinutes.replace("NUMBER", Math.ceil(left / 60));
        return paceWords.replace("NUMBER", format.format(rows)).replace("TIME", time);
    };

    const show = (section, numbers) => {
        const percent = Math.round(numbers.progress * 100);
        section.querySelector("[data-bar]").style.width = `${percent}%`;
        section.querySelector("[role=progressbar]").setAttribute("aria-valuenow", percent);
        for (const element of section.querySelectorAll("[data-number]")) {
            element.textContent = format.format(numbers[element.dataset.number]);
        }
        section.querySelector("[data-pace]").textContent = pace(numbers, section.dataset);
        section.querySelector("[data-words]").textContent = numbers.words;
    };

    const ask = async (section) => {
        try {
            const response = await fetch(section.dataset.importProgress, {headers: {Accept: "application/json"}});
            if (response.redirected || response.status === 403 || response.status === 404) {
                window.location.reload();
                return;
            }
            if (response.ok) {
                const numbers = await response.json();
                show(section, numbers);
                if (numbers.over) {
                    window.location.reload();
                    return;
                }
            }
        } catch {
            section.querySelector("[data-words]").textContent = section.dataset.waitWords;
        }
        window.setTimeout(ask, INTERVAL_MS, section);
    };

    document.addEventListener("DOMContentLoaded", () => {
        const section = document.querySelector("[data-import-progress]");
        if (section) ask(section);
    });
})();
