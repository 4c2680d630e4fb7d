// The page of the made-up Teams: chats with the bot and its cards, the tab inside, and the telephones that ring.

/** Between two looks at what changed, and at what a bot answers. Milliseconds. */
const LOOK = 400;
/** How long a note stands. Milliseconds. */
const NOTE = 7_000;

const by = (id) => document.getElementById(id);
const make = (name, { text, classes, ...rest } = {}, ...children) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (classes) made.className = classes;
  for (const [key, value] of Object.entries(rest)) made.setAttribute(key, value);
  made.append(...children.filter(Boolean));
  return made;
};
const button = (text, act, classes = '') => {
  const made = make('button', { text, type: 'button', classes });
  made.addEventListener('click', act);
  return made;
};
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function ask(what, body) {
  const answer = await fetch(`/teams/${what}`, body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (answer.status === 204) return null;
  if (!answer.ok && answer.status !== 403) throw new Error(`${what}: ${answer.status}`);
  return answer.json();
}

let noted;
function note(text) {
  clearTimeout(noted);
  by('note').textContent = text;
  by('note').hidden = false;
  noted = setTimeout(() => { by('note').hidden = true; }, NOTE);
}

// ---- what is drawn ----

let world = null;
/** The open conversation; null is the first. */
let open = null;
/** Cards that came in the place of others, by message. */
const replaced = new Map();
/** What is drawn of a part already: it is drawn anew when it changed, so that nobody's focus is lost. */
const drawn = new Map();

function draw(part, shown, how) {
  const now = JSON.stringify(shown);
  if (drawn.get(part) === now) return;
  drawn.set(part, now);
  const focused = document.activeElement?.dataset?.key;
  by(part).replaceChildren(...how());
  if (focused) by(part).querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function drawAll() {
  const chat = world.chats.find((c) => c.id === open) ?? world.chats[0];
  if (!chat) return;
  by('me').textContent = world.me.name;
  by('title').textContent = `${chat.title} (${chat.kind === 'personal' ? 'you and the bot' : `${chat.people} people`})`;
  draw('chats', world.chats.map((c) => [c.id, c.title, c.kind, c.people, c.id === chat.id]), () => world.chats.map((c) => {
    const what = { personal: 'you and the bot', groupChat: 'chat', channel: 'channel' }[c.kind];
    const one = button('', () => choose(c.id));
    one.append(c.title, make('small', { text: what }));
    one.dataset.key = c.id;
    if (c.id === chat.id) one.setAttribute('aria-current', 'true');
    return make('li', {}, one);
  }));
  if (chat.messages) {
    const atEnd = by('messages').scrollHeight - by('messages').scrollTop - by('messages').clientHeight < 40;
    const before = drawn.get('messages');
    draw('messages', [chat.id, chat.messages, [...replaced]], () => chat.messages.map((m) => message(chat, m)));
    if (atEnd && before !== drawn.get('messages')) by('messages').scrollTop = by('messages').scrollHeight;
  }
  drawPhones();
  if (by('calls').dataset.chat !== chat.id) {
    by('calls').dataset.chat = chat.id;
    by('calls').replaceChildren(inside(chat, world.tab, 'content', 'The tab Calls'));
  }
}

function drawPhones() {
  const own = world.phones.find((p) => p.mine) ?? { called: world.phone, mine: true, whose: world.me.name, state: 'idle' };
  const all = [own, ...world.phones.filter((p) => !p.mine)];
  draw('phones', all, () => all.map((p) => {
    const what = p.mine ? 'Your desk phone' : `${p.whose ?? 'Somebody'}, ${p.called}`;
    const says = { idle: 'Nothing happens here yet.', rings: p.mine ? 'It rings: pick it up.' : 'It rings there.', talks: 'In a call.' }[p.state];
    const does = (text, what, classes) => {
      const made = button(text, () => void ask('phone', { called: p.called, does: what }).catch((e) => note(e.message)), classes);
      made.dataset.key = `${p.called} ${what}`;
      return made;
    };
    const state = make('p', { classes: 'state' }, p.state === 'rings' && make('span', { classes: 'bell' }), says);
    return make(
      'li',
      { classes: p.state, 'data-phone': p.mine ? 'mine' : 'other', 'data-state': p.state },
      make('p', { text: what, classes: 'what' }),
      state,
      make('div', { classes: 'buttons' },
        p.mine && p.state === 'rings' && does('Pick up', 'answer', 'main'),
        p.state !== 'idle' && does(p.state === 'rings' ? 'Do not take it' : 'Hang up', 'hang-up')),
    );
  }));
}

function choose(id) {
  open = id;
  void look();
}

/** Bold by two stars, as the bot's texts have it; everything else is text. */
function words(text) {
  return text.split('\n').map((line) => make('p', {}, ...line.split('**').map((part, n) => (n % 2 ? make('b', { text: part }) : part))));
}

function message(chat, m) {
  const card = replaced.get(m.id) ?? m.card;
  const body = m.to ? [make('p', {}, make('span', { text: m.to, classes: 'to' }), ` ${m.text}`)] : words(m.text);
  return make('li', { classes: m.mine ? 'mine' : '', 'data-by': m.bot ? 'bot' : 'person' }, make('div', { text: m.by, classes: 'by' }), ...(m.text ? body : []), card && drawCard(chat, m, card));
}

// ---- cards ----

function drawCard(chat, m, card) {
  const actions = (list) => make('div', { classes: 'actions' }, ...list.map((a) => button(a.title ?? '', () => void press(chat, m, a), a.style === 'positive' ? 'main' : '')));
  const element = (e) => {
    const classes = [e.weight === 'Bolder' && 'bolder', e.isSubtle && 'subtle', e.separator && 'line'].filter(Boolean).join(' ');
    if (e.type === 'TextBlock') return make('p', { text: e.text, classes });
    if (e.type === 'RichTextBlock') {
      const runs = e.inlines.map((r) => make('span', { text: r.text, classes: [r.weight === 'Bolder' && 'bolder', r.isSubtle && 'subtle'].filter(Boolean).join(' ') }));
      return make('p', { classes }, ...runs);
    }
    if (e.type === 'ColumnSet') {
      const columns = e.columns.map((c) => make('div', { classes: c.width === 'stretch' ? 'stretch' : '' }, ...(c.items ?? []).map(element)));
      return make('div', { classes: `columns ${classes}` }, ...columns);
    }
    return e.type === 'ActionSet' ? actions(e.actions) : null;
  };
  return make('div', { classes: 'card' }, ...(card.body ?? []).map(element), (card.actions ?? []).length > 0 && actions(card.actions));
}

async function press(chat, m, action) {
  if (action.type === 'Action.OpenUrl') return openAddress(action.url);
  try {
    const { post } = await ask('press', { chat: chat.id, action });
    for (let n = 0; n < 40; n += 1) {
      await pause(LOOK / 2);
      const answer = await ask(`answer?post=${post}`);
      if (answer) return took(chat, m, answer);
    }
    note('The bot does not answer.');
  } catch (e) {
    note(String(e.message));
  }
  return undefined;
}

function took(chat, m, { status, body }) {
  const task = body?.task;
  if (task?.type === 'continue' && task.value?.url) return openDialog(chat, task.value.title ?? '', task.value.url);
  if (task?.type === 'message') return note(task.value);
  if (body?.type === 'application/vnd.microsoft.card.adaptive') {
    replaced.set(m.id, body.value);
    return drawAll();
  }
  if (body?.type === 'application/vnd.microsoft.activity.message') return note(body.value);
  if (status !== 200) note(`The bot answered ${status ?? 'nothing'}.`);
  return undefined;
}

function openAddress(address) {
  if (/^https?:\/\//.test(address)) window.open(address, '_blank', 'noopener');
}

function openDialog(chat, title, address) {
  by('dialog-title').textContent = title;
  by('dialog').querySelector('iframe')?.remove();
  by('dialog').append(inside(chat, address, 'task', title));
  by('dialog').showModal();
}
by('close').addEventListener('click', () => by('dialog').close());
by('dialog').addEventListener('close', () => by('dialog').querySelector('iframe')?.remove());

// ---- pages inside: the host's side of TeamsJS, and nested app authentication ----

/** What stands inside, by its window: in which conversation, and as what. */
const pages = new Map();

function inside(chat, address, frameContext, title) {
  for (const [frame] of pages) if (!frame.isConnected) pages.delete(frame);
  const frame = make('iframe', { src: address, title });
  pages.set(frame, { chat, frameContext, origin: new URL(address).origin });
  return frame;
}

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const contrast = window.matchMedia('(forced-colors: active)');
const theme = () => (contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'default');
for (const media of [dark, contrast]) {
  media.addEventListener('change', () => {
    for (const [frame, { origin }] of pages) frame.contentWindow?.postMessage({ func: 'themeChange', args: [theme()] }, origin);
  });
}

const RUNTIME = JSON.stringify({ apiVersion: 4, isNAAChannelRecommended: true, supports: { call: {}, nestedAppAuth: { deeplyNestedAuth: {} } }, hostVersionsInfo: {} });

function contextOf({ chat, frameContext }) {
  const place = chat.kind === 'groupChat' ? { chatId: chat.id } : chat.kind === 'channel' ? { groupId: chat.team, channelId: chat.id, teamId: chat.id } : {};
  return {
    locale: navigator.language, theme: theme(), entityId: 'calls', frameContext, sessionId: '1', appSessionId: '1', hostClientType: 'web', hostName: 'Teams',
    tid: world.tenant, userObjectId: world.me.id, loginHint: world.me.user, ...place,
  };
}

async function signIn(request) {
  const answer = { messageType: 'NestedAppAuthResponse', requestId: request.requestId, success: true };
  const account = { homeAccountId: `${world.me.id}.${world.tenant}`, environment: window.location.host, tenantId: world.tenant, username: world.me.user, localAccountId: world.me.id, name: world.me.name };
  if (request.method === 'GetInitContext') {
    return { ...answer, initContext: { sdkName: 'host', sdkVersion: '1', capabilities: {}, accountContext: account } };
  }
  const { scope, claims } = request.tokenParams;
  const token = await ask('token', { scope, claims }).catch((e) => ({ error: String(e.message) }));
  if (token.error) {
    const status = request.method === 'GetToken' ? 'USER_INTERACTION_REQUIRED' : 'USER_CANCEL';
    return { ...answer, success: false, error: { status, code: token.error, description: token.error } };
  }
  return { ...answer, token, account };
}

window.addEventListener('message', ({ data, source, origin }) => {
  const [frame, page] = [...pages].find(([f]) => f.contentWindow === source) ?? [];
  if (!frame || origin !== page.origin || !data?.func) return;
  const say = (message) => source.postMessage(message, origin);
  const answer = (...args) => say({ id: data.id, uuidAsString: data.uuidAsString, args });
  const address = String(data.args?.[0] ?? '');
  if (data.func === 'nestedAppAuth.execute') {
    void signIn(JSON.parse(data.data)).then((said) => say({ args: ['x', JSON.stringify(said)] }));
  } else if (data.func === 'initialize') answer(page.frameContext, 'web', '2.0.1', RUNTIME);
  else if (data.func === 'getContext') answer(contextOf(page));
  else if (data.func === 'call.startCall') {
    note(`Teams itself would call ${data.args?.[0]?.targets?.join(', ') ?? 'them'} now.`);
    answer(true);
  } else if (['app.openLink', 'openLink', 'executeDeepLink'].includes(data.func)) {
    openAddress(address);
    answer(true);
  }
});

// ---- what moves it ----

async function look() {
  const chat = open ?? world?.chats[0]?.id ?? '';
  world = await ask(`state?chat=${encodeURIComponent(chat)}`);
  drawAll();
}

for (const [tab, panel] of [['show-calls', 'calls'], ['show-talk', 'talk']]) {
  by(tab).addEventListener('click', () => {
    for (const [t, p] of [['show-calls', 'calls'], ['show-talk', 'talk']]) {
      by(t).setAttribute('aria-selected', String(t === tab));
      by(p).hidden = p !== panel;
    }
    by('messages').scrollTop = by('messages').scrollHeight;
  });
}

by('write').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = by('text').value.trim();
  if (!text || !world) return;
  by('text').value = '';
  ask('say', { chat: open ?? world.chats[0].id, text }).then(look, (e) => note(e.message));
});

for (;;) {
  await look().catch(() => note('The made-up Teams does not answer.'));
  await pause(LOOK);
}
