/** Drawing may take so much of a frame, in milliseconds; the rest waits for the next one. */
const budget = 10;
const waiting = new Map<object, () => void>();
let asked = false;

/** Draws in one of the next frames; asked again before that, only the newer one is drawn. */
export function drawSoon(key: object, draw: () => void): void {
  waiting.set(key, draw);
  if (asked) return;
  asked = true;
  requestAnimationFrame(work);
}

export function drawNever(key: object): void {
  waiting.delete(key);
}

function work(): void {
  const start = performance.now();
  asked = false;
  for (const [key, draw] of waiting) {
    waiting.delete(key);
    draw();
    if (performance.now() - start > budget) break;
  }
  if (waiting.size === 0) return;
  asked = true;
  requestAnimationFrame(work);
}
