// Does with the widget's HTML what the CloudWatch dashboard does: takes out what may not be there, and binds each action to
// the element just before it.
"use strict";
const at = id => document.getElementById(id);

async function call(endpoint, payload) {
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const response = await fetch("/call", { method: "POST", body: JSON.stringify({ endpoint, payload, theme }) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function show(target, answer) {
  if (typeof answer !== "string") {
    target.replaceChildren(Object.assign(document.createElement("pre"), { textContent: JSON.stringify(answer, null, 2) }));
    return;
  }
  target.innerHTML = answer;
  for (const element of target.querySelectorAll("script, iframe, use")) element.remove();
  for (const action of target.querySelectorAll("cwdb-action")) bind(action);
}

function bind(action) {
  const text = action.textContent;
  action.hidden = true;
  action.previousElementSibling?.addEventListener(action.getAttribute("event") || "click", () => report(async () => {
    const question = action.getAttribute("confirmation");
    if (question && !await asked(question)) return;
    const answer = await call(action.getAttribute("endpoint"), JSON.parse(text || "{}"));
    if (action.getAttribute("display") === "widget") return show(at("widget"), answer);
    show(at("answer"), answer);
    at("popup").showModal();
  }));
}

function asked(question) {
  at("asked").textContent = question;
  at("question").returnValue = "";
  at("question").showModal();
  return new Promise(done => at("question").addEventListener("close", () => done(at("question").returnValue === "yes"), { once: true }));
}

async function report(work) {
  try {
    at("problem").textContent = "";
    await work();
  } catch (problem) {
    at("problem").textContent = problem.message;
  }
}

const draw = () => report(async () => show(at("widget"), await call("", {})));
at("yes").addEventListener("click", () => at("question").close("yes"));
at("no").addEventListener("click", () => at("question").close("no"));
at("close").addEventListener("click", () => at("popup").close());
at("refresh").addEventListener("click", draw);
at("popup").addEventListener("close", draw);
setInterval(() => at("popup").open || at("question").open || draw(), 10000);
draw();
