// Browsers start no workers from files. There the search runs in a hidden frame instead, so that it
// works in pages that are opened without a server.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      window.searchAnswered = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      frame.srcdoc =
        "<script>window.postMessage = (data) => parent.searchAnswered(data);</script>" +
        `<script src="${script}"></script>`;
      this.ready = new Promise((loaded) => (frame.onload = () => loaded(frame.contentWindow)));
      const put = () => document.body.append(frame);
      document.body ? put() : addEventListener("DOMContentLoaded", put);
    }
    postMessage(data) {
      this.ready.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {}
  };
}
