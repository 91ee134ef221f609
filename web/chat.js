// The chat page: one socket, one turn at a time, plain text. The frames are those of docs/protocol.md.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const STEADY_LINK_MS = 5_000;
const END_REACHED_PX = 24;
const SEPARATOR = "\u00a0· ";

const [light, banner, log, announcement, composer, message, thoughts, stop, send] = [
  "light", "banner", "log", "announcement", "composer", "message", "thoughts", "stop", "send",
].map((id) => document.getElementById(id));

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function addArticle(className, name, body) {
  const article = log.appendChild(element("article", className));
  article.ariaLabel = name;
  article.append(body);
  return article;
}

function addNote(sentence, className) {
  log.append(element("p", className, sentence));
  keepUp();
}

/** The streamed text that each text node gets in the next animation frame. */
const unwritten = new Map();

function write(node, text) {
  if (unwritten.size === 0) requestAnimationFrame(flush);
  unwritten.set(node, (unwritten.get(node) ?? "") + text);
}

function flush() {
  for (const [node, text] of unwritten) node.appendData(text);
  unwritten.clear();
  keepUp();
}

const root = document.documentElement;
let following = true;
let lastScrollY = scrollY;

const distanceToEnd = () => root.scrollHeight - innerHeight - scrollY;

function keepUp() {
  if (following) scrollTo({ top: root.scrollHeight, behavior: "instant" });
}

addEventListener("resize", keepUp);
addEventListener("scroll", () => {
  // A page that became shorter scrolls up by itself, but then it is at its end.
  if (scrollY < lastScrollY) following = distanceToEnd() < 2;
  else if (distanceToEnd() < END_REACHED_PX) following = true;
  lastScrollY = scrollY;
});

/** The running turn: its id, its article, and where its text goes. */
let turn = null;
let hasAsked = false;

function ask() {
  const question = message.value;
  if (turn || !question.trim() || link.readyState !== WebSocket.OPEN) return;
  // Not `randomUUID`: a page that came over plain http from another machine has none.
  const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const frame = { type: "chat", id, message: question };
  if (thoughts.checked) frame.thinking = "medium";
  link.send(JSON.stringify(frame));

  hasAsked = true;
  addArticle("question", "You", element("div", "text", question));
  const body = element("div", "text");
  const text = body.appendChild(new Text());
  turn = { id, article: addArticle("answer", "Answer", body), text, thoughts: null };
  turn.article.ariaBusy = "true";
  message.value = "";
  announcement.textContent = "";
  following = true;
  showControls();
  keepUp();
}

function cancel() {
  if (!turn || stop.disabled) return;
  message.focus(); // a button that goes away would take the focus with it
  stop.disabled = true;
  link.send(JSON.stringify({ type: "cancel", id: turn.id }));
}

function think(text) {
  if (!turn.thoughts) {
    const details = element("details", "thoughts");
    const body = element("div", "text");
    turn.thoughts = body.appendChild(new Text());
    details.append(element("summary", "", "Thoughts"), body);
    details.addEventListener("toggle", () => { following = distanceToEnd() < END_REACHED_PX; });
    turn.article.prepend(details);
  }
  write(turn.thoughts, text);
}

/** End the running turn: what went wrong, if something did, and what was spent, if that is known. */
function finish(problem, spent) {
  flush();
  const { article, text } = turn;
  turn = null;
  article.ariaBusy = "false";
  if (!text.data) text.parentElement.remove();
  const reason = (spent?.finish_reason ?? "stop").replaceAll("_", " ");
  if (problem) article.append(element("p", "problem", problem));
  else if (!text.data) article.append(element("p", "note", "No text came."));
  if (spent) article.append(factsAbout(spent, reason));
  announcement.textContent = problem ?? (reason === "stop" ? "The answer is complete." : `The answer ended: ${reason}.`);
  if (document.activeElement === stop) message.focus();
  showControls();
  keepUp();
}

function factsAbout(spent, reason) {
  const count = (tokens) => tokens?.toLocaleString("en") ?? "unknown";
  const facts = [spent.model];
  if (spent.measured === "unknown") facts.push("tokens unknown");
  else facts.push(`${count(spent.input_tokens)} tokens in`, `${count(spent.output_tokens)} out`);
  if (spent.thought_tokens) facts.push(`${count(spent.thought_tokens)} for thoughts`);
  if (spent.first_delta_ms !== null) facts.push(`first token after ${(spent.first_delta_ms / 1000).toFixed(2)} s`);
  const line = element("p", "facts", facts.join(SEPARATOR));
  if (reason !== "stop") line.prepend(element("strong", "", reason), SEPARATOR);
  return line;
}

function take(frame) {
  if (frame.type === "error" && frame.id === null) {
    // A cancel that crossed the end of its turn finds none: nothing went wrong.
    if (frame.code !== "unknown_turn") addNote(frame.message, "problem");
  } else if (frame.id === turn?.id) {
    if (frame.type === "delta") write(turn.text, frame.text);
    else if (frame.type === "thought") think(frame.text);
    else if (frame.type === "usage") finish(null, frame);
    else if (frame.type === "error") finish(frame.message, frame.usage);
  }
}

const address = new URL("/ws", location);
address.protocol = address.protocol.replace("http", "ws");
let link;
let failures = 0;

function connect() {
  let openedAt = Infinity;
  link = new WebSocket(address, "deltawire.v1");
  link.addEventListener("open", () => {
    openedAt = performance.now();
    light.dataset.state = light.textContent = "connected";
    showControls();
    if (hasAsked) addNote("The link is back, but the server has forgotten the conversation so far.", "note");
    hasAsked = false;
    warnWhenOffline();
  });
  link.addEventListener("message", ({ data }) => take(JSON.parse(data)));
  link.addEventListener("close", () => {
    flush();
    const arrived = turn?.text.data;
    if (turn) finish(arrived ? "The link broke here: the answer is incomplete." : "The link broke before an answer came.");
    light.dataset.state = light.textContent = "reconnecting";
    showControls();
    // A server that accepts and then closes at once is no reason to hurry.
    if (performance.now() - openedAt > STEADY_LINK_MS) failures = 0;
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
    setTimeout(connect, longest * (0.5 + Math.random() / 2));
  });
}

/** Asked once for each link, because the server may come back with a key. */
async function warnWhenOffline() {
  const response = await fetch("/models", { cache: "no-store" }).catch(() => null);
  if (response?.ok) banner.hidden = (await response.json()).default !== "offline";
  keepUp();
}

function showControls() {
  stop.hidden = !turn;
  stop.disabled = false;
  send.hidden = Boolean(turn);
  send.disabled = link.readyState !== WebSocket.OPEN;
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
  message.focus();
});
stop.addEventListener("click", cancel);
message.addEventListener("input", keepUp);
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) cancel();
});

connect();
