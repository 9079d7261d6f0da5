// Looks for a QR code in the picture of the camera: by the browser where it can, else by `qr`.

const WIDTH = 720;
const EVERY_MS = 150;

async function reader() {
  if ("BarcodeDetector" in window) {
    const formats = await BarcodeDetector.getSupportedFormats();
    if (formats.includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
    }
  }
  const { decodeQR } = await import("./qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    canvas.width = Math.min(WIDTH, video.videoWidth);
    canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // no code in this picture
    }
  };
}

// Calls `found(text)` for each new code until the answered function is called.
export async function watch(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
  });
  video.srcObject = stream;
  await video.play();
  const read = await reader();
  let running = true;
  let last = { text: null, at: 0 };
  const look = async () => {
    if (!running) return;
    if (video.videoWidth) {
      const text = await read(video);
      // The same code held still before the camera is one scan.
      if (text && (text !== last.text || Date.now() - last.at > 4000)) await found(text);
      if (text) last = { text, at: Date.now() };
    }
    setTimeout(look, EVERY_MS);
  };
  look();
  return () => {
    running = false;
    for (const track of stream.getTracks()) track.stop();
  };
}
