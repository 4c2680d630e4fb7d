// Put into every page before its own script: what comes in over the page's connections can be judged by tones, and the
// microphone is not improved, because what improves speech takes tones for noise.

const LONGEST = 20_000;
const analysers = [];

const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener('track', ({ track }) => {
      const heard = new MediaStream([track]);
      // Without an element that plays it, the analyser is given silence.
      const player = Object.assign(new Audio(), { srcObject: heard, autoplay: true });
      const context = new AudioContext();
      const analyser = Object.assign(context.createAnalyser(), { fftSize: 8192, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(heard).connect(analyser);
      // The last connection is the one that counts: after a repair there is another.
      analysers.unshift({ analyser, player });
    });
  }
};

const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) {
  navigator.mediaDevices.getUserMedia = (wanted) =>
    ask({ ...wanted, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
}

// Decibels at a frequency: the strongest bin within 6 Hz of it.
function level(hz) {
  const analyser = analysers[0]?.analyser;
  if (!analyser) return -Infinity;
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const step = analyser.context.sampleRate / analyser.fftSize;
  return Math.max(...bins.slice(Math.floor((hz - 6) / step), Math.ceil((hz + 6) / step) + 1));
}

// Waits until just these frequencies are heard, and none of the others.
window.hearsJust = async (wanted, all) => {
  const end = performance.now() + LONGEST;
  for (;;) {
    const levels = all.map((hz) => [hz, level(hz)]);
    const least = Math.min(...levels.filter(([hz]) => wanted.includes(hz)).map(([, db]) => db), 0);
    const fits = levels.every(([hz, db]) => (wanted.includes(hz) ? db > -60 : wanted.length === 0 ? db < -75 : db < least - 20));
    if (fits) return true;
    if (performance.now() > end) {
      throw new Error(`just ${wanted} Hz: never heard; levels are ${levels.map(([hz, db]) => `${hz}: ${db.toFixed(0)} dB`)}`);
    }
    await new Promise((next) => setTimeout(next, 50));
  }
};
