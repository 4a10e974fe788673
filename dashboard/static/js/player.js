// Live pictures on tap. Markup:
//   [data-player data-playlist data-connecting data-live data-stalled data-paused data-ended
//    data-unsupported] holding video[data-player-video], button[data-player-start],
//   [data-player-status]; optional [data-player-still], [data-player-idle], [data-player-captured].
// The page loads hls.js (global Hls) before this module.

const STALLED_AFTER_MS = 5000;
const LOOK_EVERY_MS = 1000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;
const FORBIDDEN = 403; // the link is over, or the kitchen has closed
const TONES = { connecting: "accent", live: "ok", stalled: "warn", paused: "unknown", ended: "unknown", unsupported: "unknown" };
const HLS_OPTIONS = {
  enableWorker: false, // the content security policy allows no blob: workers
  liveSyncDurationCount: 2,
  backBufferLength: 10,
};

class Player {
  constructor(element) {
    this.element = element;
    this.address = element.dataset.playlist;
    this.video = element.querySelector("[data-player-video]");
    this.button = element.querySelector("[data-player-start]");
    this.status = element.querySelector("[data-player-status]");
    this.hls = null;
    this.native = false;
    this.ended = false;
    this.retry = null;
    this.wait = FIRST_WAIT_MS;
    this.lastTime = 0;
    this.movedAt = 0;
    this.button.addEventListener("click", () => this.start());
    this.video.addEventListener("error", () => this.native && this.failedNatively());
    window.addEventListener("pagehide", () => this.button.hidden && this.stop()); // a kept page may come back
  }

  start() {
    const Hls = window.Hls;
    const useHls = Boolean(Hls && Hls.isSupported());
    this.native = !useHls && this.video.canPlayType("application/vnd.apple.mpegurl") !== "";
    this.status.hidden = false;
    if (!useHls && !this.native) {
      this.show("unsupported");
      this.button.hidden = true;
      return;
    }
    this.ended = false;
    this.button.hidden = true;
    this.video.hidden = false;
    this.video.muted = true;
    for (const name of ["idle", "captured"]) {
      const part = this.element.querySelector(`[data-player-${name}]`);
      if (part) part.hidden = true;
    }
    this.show("connecting");
    this.movedAt = performance.now();
    this.connect();
    this.look = setInterval(() => this.watch(), LOOK_EVERY_MS);
  }

  connect() {
    clearTimeout(this.retry);
    this.retry = null;
    this.hls?.destroy();
    this.hls = null;
    this.lastTime = 0;
    if (this.native) {
      this.video.src = this.address;
    } else {
      const Hls = window.Hls;
      const hls = new Hls(HLS_OPTIONS);
      hls.on(Hls.Events.ERROR, (_event, error) => this.failed(error));
      hls.loadSource(this.address);
      hls.attachMedia(this.video);
      this.hls = hls;
    }
    this.video.play().catch(() => {}); // refused or superseded; the video's own controls remain
  }

  failed(error) {
    if (error.response?.code === FORBIDDEN) {
      this.end();
    } else if (error.fatal && error.type === window.Hls.ErrorTypes.MEDIA_ERROR && this.wait === FIRST_WAIT_MS) {
      this.wait *= 2;
      this.hls.recoverMediaError();
    } else if (error.fatal) {
      this.again();
    }
  }

  async failedNatively() {
    const answer = await fetch(this.address, { cache: "no-store" }).catch(() => null);
    if (answer?.status === FORBIDDEN) this.end();
    else this.again();
  }

  again() {
    if (this.retry !== null || this.ended) return;
    this.show("stalled");
    this.retry = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  watch() {
    const now = performance.now();
    if (this.video.currentTime !== this.lastTime) {
      this.lastTime = this.video.currentTime;
      this.movedAt = now;
      if (!this.video.paused && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        this.wait = FIRST_WAIT_MS;
        this.show("live");
      }
    } else if (this.video.paused && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      this.movedAt = now;
      this.show("paused");
    } else if (now - this.movedAt > STALLED_AFTER_MS) {
      this.movedAt = now;
      this.again();
    }
  }

  stop() {
    clearInterval(this.look);
    clearTimeout(this.retry);
    this.retry = null;
    this.hls?.destroy();
    this.hls = null;
    this.video.hidden = true;
    this.button.hidden = this.ended;
  }

  end() {
    this.ended = true;
    this.stop();
    const captured = this.element.querySelector("[data-player-captured]");
    if (captured) captured.hidden = false; // the still is in sight again, and old
    this.show("ended");
  }

  show(state) {
    const text = this.element.dataset[state] ?? state;
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.className = `chip ${TONES[state]}`;
    this.element.dataset.state = state;
  }
}

for (const element of document.querySelectorAll("[data-player]")) new Player(element);
