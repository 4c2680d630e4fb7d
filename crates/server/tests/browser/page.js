// The page that the tests open on the server's own origin: a softphone without a face. Everything that is waited for here
// is a condition with an end to it, never a length of time.

const LONGEST = 45_000;

async function until(what, done) {
  const end = performance.now() + LONGEST;
  for (;;) {
    const found = await done();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: never happened`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

const phone = {
  notices: [],

  async api(method, path, body) {
    const answer = await fetch(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  },

  // The live page's WebSocket, from which the agent's own notices are kept.
  async watch(token, agent) {
    this.token = token;
    this.agent = agent;
    this.socket = new WebSocket(`ws://${location.host}/api/v1/live?token=${encodeURIComponent(token)}`);
    this.socket.onmessage = ({ data }) => {
      const { notice } = JSON.parse(data);
      if (notice?.agent === agent) this.notices.push(notice);
      this.watching = true;
    };
    await until('the live page', () => this.watching);
  },

  async open() {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.pc = new RTCPeerConnection();
    this.sender = this.pc.addTrack(stream.getAudioTracks()[0], stream);
    this.pc.ontrack = ({ track }) => {
      const heard = new MediaStream([track]);
      // Without an element that plays it, the analyser is given silence.
      this.player = Object.assign(new Audio(), { srcObject: heard, autoplay: true });
      const context = new AudioContext();
      this.analyser = Object.assign(context.createAnalyser(), { fftSize: 8192, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(heard).connect(this.analyser);
    };
  },

  // Registers this page as the agent's phone; gives the registration's name.
  async register() {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    const offer = this.pc.localDescription.sdp;
    const { status, body } = await this.api('POST', '/softphone', { agent: this.agent, offer });
    if (status !== 201) throw new Error(`${status}: ${JSON.stringify(body)}`);
    await this.pc.setRemoteDescription({ type: 'answer', sdp: body.answer });
    this.id = body.id;
    await this.connected();
    return body.id;
  },

  async connected() {
    await until('the connection', () => this.pc.connectionState === 'connected');
    await until('the server knows', async () => {
      const { body } = await this.api('GET', `/softphone?agent=${this.agent}`);
      return body.id === this.id && body.connected;
    });
  },

  // A change of network: the same connection with new ICE credentials.
  async restart() {
    const user = () => /a=ice-ufrag:(\S+)/.exec(this.pc.remoteDescription.sdp)[1];
    const before = user();
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
    const offer = this.pc.localDescription.sdp;
    const { status, body } = await this.api('PATCH', '/softphone', { agent: this.agent, id: this.id, offer });
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    await this.pc.setRemoteDescription({ type: 'answer', sdp: body.answer });
    await this.connected();
    return user() !== before;
  },

  async does(what, more) {
    const method = what === 'hold' ? 'PUT' : 'POST';
    return (await this.api(method, `/softphone/${what}`, { agent: this.agent, ...more })).status;
  },

  // The next notice of that kind.
  async notice(what) {
    return await until(`the notice ${what}`, () => {
      const at = this.notices.findIndex((n) => n.what === what);
      return at >= 0 && this.notices.splice(at, 1)[0];
    });
  },

  // Decibels at a frequency: the strongest bin within 6 Hz of it.
  level(hz) {
    const bins = new Float32Array(this.analyser.frequencyBinCount);
    this.analyser.getFloatFrequencyData(bins);
    const step = this.analyser.context.sampleRate / this.analyser.fftSize;
    const near = [...bins].slice(Math.floor((hz - 6) / step), Math.ceil((hz + 6) / step) + 1);
    return Math.max(...near);
  },

  // Waits until it hears this frequency and none of the others that tests use.
  async hears(hz) {
    const others = [440, 523, 700, 1000].filter((other) => other !== hz);
    await until(`${hz} Hz`, () => {
      const level = this.analyser ? this.level(hz) : -Infinity;
      return level > -60 && others.every((other) => this.level(other) < level - 20);
    });
    return true;
  },

  // Waits until nothing is heard.
  async silence() {
    await until('silence', () => [440, 523, 700, 1000].every((hz) => this.level(hz) < -75));
    return true;
  },

  press(keys) {
    this.sender.dtmf.insertDTMF(keys, 100, 70);
    return true;
  },

  // Which codec is sent.
  async codec() {
    const stats = [...(await this.pc.getStats()).values()];
    const sent = stats.find((s) => s.type === 'outbound-rtp');
    return stats.find((s) => s.id === sent?.codecId)?.mimeType;
  },

  async lost() {
    const stats = [...(await this.pc.getStats()).values()];
    const got = stats.find((s) => s.type === 'inbound-rtp');
    return [got.packetsReceived, got.packetsLost];
  },
};

window.phone = phone;
