// The peer connection of the phone: microphone out, the far end in, keys, level, quality. Knows nothing of calls.

export type Quality = 'good' | 'fair' | 'poor';

export interface LinkEvents {
  up: () => void;
  broke: () => void;
}

/** Candidates that come later than this are not waited for, in milliseconds. */
const GATHERING = 1_500;
/** A connection that says "disconnected" often comes back by itself within this time, in milliseconds. */
const PATIENCE = 2_500;

const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export async function openMicrophone(device: string): Promise<MediaStream> {
  const wanted = { ...PROCESSING, ...(device ? { deviceId: { exact: device } } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: wanted });
  } catch (e) {
    // The headset of yesterday is not plugged in: any other will do.
    if (device && e instanceof DOMException && ['OverconstrainedError', 'NotFoundError'].includes(e.name)) {
      return navigator.mediaDevices.getUserMedia({ audio: PROCESSING });
    }
    throw e;
  }
}

export class PeerLink {
  readonly #peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  readonly #audio = new Audio();
  #stream: MediaStream;
  #sender: RTCRtpSender;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #context: AudioContext | null = null;
  #analyser: AnalyserNode | null = null;
  #before: { lost: number; received: number } | null = null;

  constructor(
    stream: MediaStream,
    private readonly exchange: (sdp: string, anew: boolean) => Promise<string>,
    private readonly events: LinkEvents,
  ) {
    this.#stream = stream;
    const track = stream.getAudioTracks()[0];
    if (!track) throw new Error('a microphone has a track');
    this.#sender = this.#peer.addTrack(track, stream);
    this.#audio.autoplay = true;
    this.#peer.ontrack = (event) => {
      this.#audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      void this.#audio.play().catch(() => undefined);
    };
    this.#peer.onconnectionstatechange = () => this.#changed();
  }

  #changed(): void {
    const state = this.#peer.connectionState;
    if (this.#closed) return;
    clearTimeout(this.#timer);
    if (state === 'connected') this.events.up();
    else if (state === 'disconnected') this.#timer = setTimeout(() => this.events.broke(), PATIENCE);
    else if (state === 'failed') this.events.broke();
  }

  /** Makes the connection, or finds new ways through the network for the one there is. */
  async connect(anew: boolean): Promise<void> {
    const offer = await this.#peer.createOffer(anew ? { iceRestart: true } : {});
    await this.#peer.setLocalDescription(offer);
    await this.#gathered();
    const answer = await this.exchange(this.#peer.localDescription?.sdp ?? '', anew);
    if (this.#closed) return;
    await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  #gathered(): Promise<void> {
    if (this.#peer.iceGatheringState === 'complete') return Promise.resolve();
    return new Promise((done) => {
      const timer = setTimeout(done, GATHERING);
      this.#peer.onicegatheringstatechange = () => {
        if (this.#peer.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        done();
      };
    });
  }

  /** Whether the microphone is heard. Silence is sent while it is not. */
  hear(on: boolean): void {
    for (const track of this.#stream.getAudioTracks()) track.enabled = on;
  }

  async useMicrophone(device: string): Promise<void> {
    const stream = await openMicrophone(device);
    const track = stream.getAudioTracks()[0];
    if (!track || this.#closed) return;
    track.enabled = this.#stream.getAudioTracks()[0]?.enabled ?? false;
    await this.#sender.replaceTrack(track);
    for (const old of this.#stream.getTracks()) old.stop();
    this.#stream = stream;
    this.#analyser = null;
  }

  /** Sends by a codec of those that were agreed, where the browser lets a page choose. */
  async send(codec: string): Promise<void> {
    const parameters = this.#sender.getParameters();
    const [encoding] = parameters.encodings;
    const found = parameters.codecs.find((c) => c.mimeType.toLowerCase() === `audio/${codec.toLowerCase()}`);
    if (!encoding || !found) return;
    Object.assign(encoding, { codec: found });
    await this.#sender.setParameters(parameters);
  }

  async useSpeaker(device: string): Promise<void> {
    // Not every browser lets a page choose.
    if ('setSinkId' in this.#audio) await this.#audio.setSinkId(device).catch(() => undefined);
  }

  /** Keys of a telephone, one after the other. */
  press(keys: string): boolean {
    const dtmf = this.#sender.dtmf;
    if (!dtmf?.canInsertDTMF) return false;
    dtmf.insertDTMF(dtmf.toneBuffer + keys, 120, 70);
    return true;
  }

  /** How loud the microphone is, from 0 to 1. */
  level(): number {
    this.#context ??= new AudioContext();
    if (!this.#analyser) {
      this.#analyser = this.#context.createAnalyser();
      this.#analyser.fftSize = 512;
      this.#context.createMediaStreamSource(this.#stream).connect(this.#analyser);
    }
    return loudness(this.#analyser);
  }

  /** How well audio has come in since the last time this was asked. Null before anything came. */
  async quality(): Promise<Quality | null> {
    const reports = await this.#peer.getStats();
    let [lost, received, jitter, trip] = [0, 0, 0, 0];
    reports.forEach((report: Record<string, unknown>) => {
      const number = (name: string) => (typeof report[name] === 'number' ? report[name] : 0);
      if (report.type === 'inbound-rtp') {
        [lost, received, jitter] = [number('packetsLost'), number('packetsReceived'), number('jitter')];
      } else if (report.type === 'candidate-pair' && report.nominated === true) trip = number('currentRoundTripTime');
    });
    const before = this.#before;
    this.#before = { lost, received };
    if (!before || received === before.received) return null;
    const missing = Math.max(0, lost - before.lost);
    const share = missing / (missing + received - before.received);
    return grade(share, jitter, trip);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#peer.close();
    for (const track of this.#stream.getTracks()) track.stop();
    this.#audio.srcObject = null;
    void this.#context?.close();
  }
}

/** Loss as a share, jitter and round trip in seconds: what people notice and what they complain of. */
export function grade(loss: number, jitter: number, trip: number): Quality {
  if (loss > 0.05 || jitter > 0.06 || trip > 0.5) return 'poor';
  if (loss > 0.01 || jitter > 0.03 || trip > 0.25) return 'fair';
  return 'good';
}

/** The loudness that an analyser sees, from 0 to 1 over the 60 dB that matter for speech. */
export function loudness(analyser: AnalyserNode): number {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
  return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-10) + 60) / 60));
}
