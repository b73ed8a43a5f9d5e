/* Before htmx starts: no style of its own, which the Content-Security-Policy refuses, and no texts run as scripts. */
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
